"""Spans of text that are repeated across documents and within them, and what of each document is cut.

A text is split in one compiled pass over its bytes. What stands apart (``tasks.passages``) is no span. A span takes
along the blanks behind it, so what is left reads on.
"""

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import Spans
from tasks.compiled import compiled
from tasks.passages import is_blank, line_end, paragraph, sentence_end
from tasks.units import FOLDS, KINDS, hash_units, text_buffers

SPAN = np.dtype(
    [("key", "<u8"), ("rank", "<u8"), ("id", "<u8"), ("row", "<u4"), ("part", "<u4"), ("start", "<u4"), ("end", "<u4")]
)
"""A span: hash of what it says, its document (rank, id, place), and its first byte and end in the text."""
CUT = np.dtype([("row", "<u4"), ("start", "<u4"), ("end", "<u4")])
"""A span of a part's document that goes."""
_UNITS = {"paragraph": 0, "line": 1, "sentence": 2}
_STEPS = 64  # bytes of text for a span that are made room for; a text of shorter ones is done again


def found_spans(texts: pa.Array | pa.ChunkedArray, config: Spans) -> tuple[np.ndarray, np.ndarray]:
    """The spans of texts that are long enough.

    Returns:
        SPAN records with ``key``, ``start`` and ``end``, and the number of the text of each.
    """
    data, offsets = text_buffers(texts)
    room = np.empty(int(np.diff(offsets).max(initial=0)), np.uint64)
    capacity = max(1024, len(data) // _STEPS)
    while True:
        keys, owners = np.empty(capacity, np.uint64), np.empty(capacity, np.int64)
        starts, ends = np.empty(capacity, np.uint32), np.empty(capacity, np.uint32)
        count = _spans(
            data, offsets, KINDS, FOLDS, room, _UNITS[config.unit], config.min_bytes, keys, owners, starts, ends
        )
        if count <= capacity:
            break
        capacity = count
    found = np.zeros(count, SPAN)
    found["key"], found["start"], found["end"] = keys[:count], starts[:count], ends[:count]
    return found, owners[:count]


def repeated(records: np.ndarray, times: int) -> tuple[np.ndarray, np.ndarray]:
    """What is cut, of the spans of some range of keys: of each that occurs ``times`` or more, all but the first one of
    the best document.

    Returns:
        CUT records, and the part of each.
    """
    records = records[np.argsort(records["key"], kind="stable")]
    _, inverse, counts = np.unique(records["key"], return_inverse=True, return_counts=True)
    records = records[counts[inverse] >= times]
    order = (records["start"], records["row"], records["part"], records["id"], ~records["rank"], records["key"])
    records = records[np.lexsort(order)]
    first = np.ones(len(records), np.bool_)
    first[1:] = records["key"][1:] != records["key"][:-1]
    gone = records[~first]
    cuts = np.zeros(len(gone), CUT)
    for name in CUT.names or ():
        cuts[name] = gone[name]
    return cuts, gone["part"].astype(np.int64)


def joined(cuts: np.ndarray) -> dict[int, list[int]]:
    """Cuts by row: first byte and end of each, in order, those that touch as one."""
    found: dict[int, list[int]] = {}
    for row, start, end in cuts[np.lexsort((cuts["start"], cuts["row"]))].tolist():
        own = found.setdefault(row, [])
        if own and own[-1] == start:
            own[-1] = end
        else:
            own += [start, end]
    return found


@compiled
def _spans(data, offsets, kinds, folds, room, unit, min_bytes, keys, owners, starts, ends):
    """Write the spans of all texts, as far as there is room; returns how many there are."""
    count = 0
    for text in range(len(offsets) - 1):
        begin, close = offsets[text], offsets[text + 1]
        at = begin
        while at < close:
            first = at
            last, at, plain = paragraph(data, at, close)
            if not plain or last == first:
                continue
            start = first
            while start < last:
                stop = last
                if unit == 1:
                    stop = line_end(data, start, last)
                elif unit == 2:
                    stop = sentence_end(data, start, last)
                end = at if start == first and stop == last else stop
                size = stop
                while size > start and is_blank(data[size - 1]):
                    size -= 1
                if size - start >= min_bytes:
                    if count < len(keys):
                        _, _, keys[count] = hash_units(data, start, size, kinds, folds, room)
                        owners[count] = text
                        starts[count] = start - begin
                        ends[count] = end - begin
                    count += 1
                start = stop
    return count
