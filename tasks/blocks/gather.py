"""Fetching many slices of many token files into one file, in order.

Slices of one file are fetched in runs: neighbours closer than a gap are fetched together, since a request
costs more than the bytes between. What is in memory at a time is a few runs; the block itself is a file.
A document is fetched whole, also where only a slice of it is wanted, and held to the checksum that was taken when it
was encoded: ranges of a file can't be held to the file's own.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import xxhash

from smelt.disk import reserve
from smelt.lake import Lake, Manifest, held

GAP_BYTES = 256 * 1024
RUN_BYTES = 16 * 1024 * 1024
"""A run ends when it has become this long, a single longer slice apart."""
_BATCH = 1 << 22
"""Tokens of whole documents at a time, a single longer document apart."""


def gather(
    lake: Lake, tokens: Manifest, slices: np.ndarray, dtype: np.dtype, target: Path, *, padding: int = 0
) -> None:
    """Write slices of token files to ``target``.

    Args:
        tokens: manifest of the artifact whose ``.bin`` objects they are.
        slices: ``SLICE`` records.
        dtype: of the tokens.
        padding: the token that stretches of padding are filled with.

    Raises:
        DiskFullError: when ``target`` has no room.
        DamageError: when a document's tokens are not those that were encoded.
    """
    out = mapped(target, slices, dtype)
    real = slices["length"] > 0
    for start, count in slices[~real][["start", "tokens"]].tolist():
        out[start : start + count] = padding
    slices = slices[real]
    in_place = slices[np.lexsort((slices["document"], slices["part"]))]
    keys = [tokens.key(part, ".bin") for part in tokens.parts]

    def fetch(run: np.ndarray) -> None:
        first, last = int(run["document"][0]), int((run["document"] + run["length"]).max())
        size, key = dtype.itemsize, keys[run["part"][0]]
        content = lake.get_range(key, first * size, (last - first) * size)
        view, ids = memoryview(content), np.frombuffer(content, dtype)
        for piece in run:
            begin, length = int(piece["document"]) - first, int(piece["length"])
            if xxhash.xxh3_64_intdigest(view[begin * size : (begin + length) * size]) != piece["checksum"]:
                what = f"is not what was written: the tokens of document {piece['id']:016x} are others"
                raise held.damaged(lake, tokens.artifact, key, what)
            start, offset = int(piece["start"]), int(piece["offset"]) - first
            out[start : start + piece["tokens"]] = ids[offset : offset + piece["tokens"]]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fetch, runs(in_place, dtype.itemsize)))
    out.flush()


def mapped(target: Path, slices: np.ndarray, dtype: np.dtype) -> np.memmap:
    """A file of as many tokens as the slices have, mapped to be written.

    Raises:
        DiskFullError: when there is no room for it.
    """
    num_tokens = int(slices["tokens"].sum())
    reserve(target, num_tokens * dtype.itemsize)
    return np.memmap(target, dtype, "r+", shape=num_tokens)


def whole_documents(
    lake: Lake, tokens: Manifest, slices: np.ndarray, dtype: np.dtype, target: Path
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Whole documents, a bounded number of tokens at a time.

    Args:
        slices: ``SLICE`` records of which the document's fields are set: the others are set here.
        target: a file that is written for each batch, and deleted.

    Yields:
        The rows of a batch in ``slices``, their tokens end to end, and where each document ends.
    """
    slices["offset"], slices["tokens"] = slices["document"], slices["length"]
    breaks = np.flatnonzero(np.diff(np.cumsum(slices["length"]) // _BATCH)) + 1
    for rows in np.split(np.arange(len(slices)), breaks):
        if not len(rows):
            continue
        own = slices[rows]
        ends = np.cumsum(own["length"])
        own["start"] = ends - own["length"]
        gather(lake, tokens, own, dtype, target)
        yield rows, np.fromfile(target, dtype), ends
        target.unlink()


def runs(slices: np.ndarray, itemsize: int) -> list[np.ndarray]:
    """Slices sorted by their documents' place, split where a new request is due.

    Args:
        itemsize: bytes of a token.
    """
    ends = slices["document"] + slices["length"]
    breaks, run_start = [], 0
    for at in range(1, len(slices)):
        gap = (slices["document"][at] - ends[at - 1]) * itemsize
        long = (ends[at] - slices["document"][run_start]) * itemsize > RUN_BYTES
        if slices["part"][at] != slices["part"][at - 1] or gap > GAP_BYTES or long:
            breaks.append(at)
            run_start = at
    return np.split(slices, breaks)
