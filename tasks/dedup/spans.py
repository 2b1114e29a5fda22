"""Spans of text that are repeated across documents and within them, and what of each document is cut.

A text is split at line ends in one compiled pass over its bytes. Fenced code, tables, quotations and lines that are set
in are no spans, and neither is a paragraph that holds some: what stands together is not torn. A span takes along the
blanks behind it, so what is left reads on.
"""

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import Spans
from tasks.compiled import compiled
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
        at, fenced = begin, False
        while at < close:
            # a paragraph: lines up to an empty one, then the empty ones
            first, whole = at, True
            while at < close:
                end = _line_end(data, at, close)
                if not fenced and _is_empty(data, at, end):
                    break
                marked = _opens_fence(data, at, end)
                whole = whole and not (fenced or marked or _is_set_apart(data, at, end))
                fenced = fenced != marked
                at = end
            last = at
            while at < close and _is_empty(data, at, _line_end(data, at, close)):
                at = _line_end(data, at, close)
            if not whole or last == first:
                continue
            start = first
            while start < last:
                stop = last
                if unit == 1:
                    stop = _line_end(data, start, last)
                elif unit == 2:
                    stop = _sentence_end(data, start, last)
                end = at if start == first and stop == last else stop
                size = stop
                while size > start and _is_blank(data[size - 1]):
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


@compiled
def _line_end(data, at, close):
    """Where the line ends, its line feed with it."""
    while at < close and data[at] != 10:
        at += 1
    return min(at + 1, close)


@compiled
def _is_blank(byte):
    return byte == 32 or 9 <= byte <= 13


@compiled
def _is_empty(data, at, end):
    while at < end and _is_blank(data[at]):
        at += 1
    return at == end


@compiled
def _opens_fence(data, at, end):
    """Whether the line begins with three backticks or tildes, and so opens or closes a block of code."""
    while at < end and data[at] == 32:
        at += 1
    if at + 3 > end or (data[at] != 96 and data[at] != 126):
        return False
    return data[at] == data[at + 1] == data[at + 2]


@compiled
def _is_set_apart(data, at, end):
    """Whether a line is set in by four blanks or a tab, of a table (|) or of a quotation (>)."""
    blanks = 0
    while at < end and (data[at] == 32 or data[at] == 9):
        blanks += 4 if data[at] == 9 else 1
        at += 1
    return blanks >= 4 or (at < end and (data[at] == 124 or data[at] == 62))


@compiled
def _sentence_end(data, at, close):
    """Behind the next full stop, question or exclamation mark that a blank follows, or of Chinese, and the blanks."""
    while at < close:
        byte = data[at]
        at += 1
        ends = byte in (46, 33, 63) and at < close and _is_blank(data[at])
        if at + 1 < close and byte in (0xE3, 0xEF):
            ideographic = np.uint32(data[at]) << 8 | data[at + 1]
            ends = ideographic == 0x8082 if byte == 0xE3 else ideographic in (0xBC81, 0xBC9F)
            at += 2 * ends
        if ends:
            while at < close and _is_blank(data[at]):
                at += 1
            return at
    return close
