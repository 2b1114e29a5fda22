"""Records that one round writes for many workers of the next: sorted by group, a table of the groups in front.

A worker that needs one group of every part reads the group's entry of the table and then its range, so that what it
fetches and holds is its own share, however many parts there are. One object a part, because objects are what a store
charges for. A group has a checksum, over its bytes and the object's key, so that a range is known to be the one that
was written though the object is never read whole.
"""

import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import xxhash

from smelt.lake import Artifact, Lake, held

_ENTRY = np.dtype([("start", "<i8"), ("checksum", "<u8")])
"""A group: the number of its first record, and its checksum; the table's last entry is the number of all."""


ENTRY_BYTES = _ENTRY.itemsize
"""Of an object's table for each group: two entries are read with a group."""


def pack(records: np.ndarray, groups: np.ndarray, num_groups: int, *, key: str) -> bytes:
    """An object that holds records by group; their order in a group stays.

    Args:
        records: structured, N.
        groups: the group's number of each, integer, N.
        key: the key under which the object is written.
    """
    counts = np.bincount(groups, minlength=num_groups)
    return pack_sorted(records[np.argsort(groups, kind="stable")], counts, key=key)


def pack_sorted(records: np.ndarray, counts: np.ndarray, *, key: str) -> bytes:
    """As ``pack``, of records that are in order: ``counts`` says how many each group has."""
    content = memoryview(records.tobytes())
    return _table(content, records.itemsize, counts, key).tobytes() + bytes(content)


def pack_into(target: Path, records: np.ndarray, counts: np.ndarray, *, key: str) -> None:
    """As ``pack_sorted``, into a file: ``records`` may be one that is mapped."""
    content = records.data.cast("B")
    with target.open("wb") as file:
        file.write(_table(content, records.itemsize, counts, key).tobytes())
        file.write(content)


def _table(content: memoryview, itemsize: int, counts: np.ndarray, key: str) -> np.ndarray:
    """The table of the groups (_ENTRY, groups + 1) whose records are end to end."""
    table = np.zeros(len(counts) + 1, _ENTRY)
    table["start"][1:] = np.cumsum(counts)
    ends = table["start"] * itemsize
    table["checksum"][:-1] = [_checksum(key, content[first:last]) for first, last in itertools.pairwise(ends)]
    return table


def unpack(
    lake: Lake,
    artifact: Artifact,
    keys: Iterable[str],
    group: int,
    num_groups: int,
    dtype: np.dtype,
    *,
    groups: int = 1,
) -> list[np.ndarray]:
    """The records of one group, or of several that follow one another, of each object.

    Args:
        group: the first of them.
        groups: how many they are.

    Raises:
        DamageError: when they are not those that were written.
    """

    def fetch(key: str) -> np.ndarray:
        table = np.frombuffer(lake.get_range(key, group * _ENTRY.itemsize, (groups + 1) * _ENTRY.itemsize), _ENTRY)
        first, last = int(table["start"][0]), int(table["start"][-1])
        if first < 0 or (np.diff(table["start"]) < 0).any():
            raise held.damaged(lake, artifact, key, "is not what was written: its table is no table")
        start = (num_groups + 1) * _ENTRY.itemsize + first * dtype.itemsize
        content = lake.get_range(key, start, (last - first) * dtype.itemsize) if last > first else b""
        ends = ((table["start"] - first) * dtype.itemsize).tolist()
        for number, (begin, end) in enumerate(itertools.pairwise(ends)):
            if _checksum(key, content[begin:end]) != table["checksum"][number]:
                line = f"is not what was written: the checksum of group {group + number} is another"
                raise held.damaged(lake, artifact, key, line)
        return np.frombuffer(content, dtype)

    with ThreadPoolExecutor(16) as threads:
        return list(threads.map(fetch, keys))


def _checksum(key: str, content: bytes | memoryview) -> int:
    return xxhash.xxh3_64_intdigest(content, seed=xxhash.xxh3_64_intdigest(key))
