"""Records that one round writes for many workers of the next: sorted by group, an offset table in front.

A worker that needs one group of every part reads the table's two entries and then the group's range, so
that what it fetches and holds is its own share, however many parts there are. One object a part, because
objects are what a store charges for.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from smelt.lake import Lake

_OFFSET = np.dtype("<i8")


def pack(records: np.ndarray, groups: np.ndarray, num_groups: int) -> bytes:
    """An object that holds ``records`` (structured, N) by group number (integer, N); their order in a group stays."""
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(np.bincount(groups, minlength=num_groups))
    offsets = np.concatenate(([0], ends)).astype(_OFFSET)
    return offsets.tobytes() + records[order].tobytes()


def unpack(lake: Lake, keys: Iterable[str], group: int, num_groups: int, dtype: np.dtype) -> list[np.ndarray]:
    """The records of one group, of each object."""

    def fetch(key: str) -> np.ndarray:
        first, last = np.frombuffer(lake.get_range(key, group * _OFFSET.itemsize, 2 * _OFFSET.itemsize), _OFFSET)
        if first == last:
            return np.empty(0, dtype)
        start = (num_groups + 1) * _OFFSET.itemsize + int(first) * dtype.itemsize
        return np.frombuffer(lake.get_range(key, start, int(last - first) * dtype.itemsize), dtype)

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(fetch, keys))
