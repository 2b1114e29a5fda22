"""Fetching many slices of many token files into one file, in order.

Slices of one file are fetched in runs: neighbours closer than a gap are fetched together, since a request
costs more than the bytes between. What is in memory at a time is a few runs; the block itself is a file.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from smelt.lake import Lake

GAP_BYTES = 256 * 1024
RUN_BYTES = 16 * 1024 * 1024
"""A run ends when it has become this long, a single longer slice apart."""


def gather(lake: Lake, keys: Sequence[str], slices: np.ndarray, dtype: np.dtype, target: Path) -> None:
    """Write slices of token files to ``target``.

    Args:
        keys: the ``.bin`` files by part number.
        slices: records with ``part``, ``offset``, ``start`` and ``tokens`` (all but the first in tokens).
        dtype: of the tokens.
    """
    out = np.memmap(target, dtype, "w+", shape=int(slices["tokens"].sum()))
    in_place = slices[np.lexsort((slices["offset"], slices["part"]))]

    def fetch(run: np.ndarray) -> None:
        first, last = int(run["offset"][0]), int((run["offset"] + run["tokens"]).max())
        size = dtype.itemsize
        content = np.frombuffer(lake.get_range(keys[run["part"][0]], first * size, (last - first) * size), dtype)
        for offset, start, tokens in zip(run["offset"], run["start"], run["tokens"], strict=True):
            out[start : start + tokens] = content[offset - first : offset - first + tokens]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fetch, _runs(in_place, dtype.itemsize)))
    out.flush()


def _runs(slices: np.ndarray, itemsize: int) -> list[np.ndarray]:
    """Slices sorted by place, split where a new request is due."""
    ends = slices["offset"] + slices["tokens"]
    breaks, run_start = [], 0
    for at in range(1, len(slices)):
        gap = (slices["offset"][at] - ends[at - 1]) * itemsize
        long = (ends[at] - slices["offset"][run_start]) * itemsize > RUN_BYTES
        if slices["part"][at] != slices["part"][at - 1] or gap > GAP_BYTES or long:
            breaks.append(at)
            run_start = at
    return np.split(slices, breaks)
