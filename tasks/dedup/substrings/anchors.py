"""Anchors: places of a text that are chosen by what stands there, so that equal passages have equal anchors.

Of each window of ``n`` bytes the run of ``n // 4`` bytes with the smallest hash is an anchor (winnowing: Schleimer,
Wilkerson and Aiken 2003), which is about one in ``3 / 8 * n`` bytes of text. Which one it is depends on the window
alone. So wherever two texts share ``n`` bytes, they share an anchor inside them, at the same distance from their
beginning: no passage that is long enough is missed. A run that is one pattern of up to ``PERIOD`` bytes over and over
is no anchor, since a line of dashes would be all anchors: a passage that is nothing else has none.
"""

import numpy as np
import pyarrow as pa

from tasks.compiled import compiled, inner
from tasks.passages import paragraph
from tasks.units import mix, text_buffers

ANCHOR = np.dtype([("key", "<u8"), ("rank", "<u8"), ("id", "<u8"), ("row", "<u4"), ("part", "<u4"), ("start", "<u4")])
"""An anchor: hash of its bytes, its document (rank, id, place), and its first byte in the text."""
PERIOD = 32
"""Bytes of a pattern that is passed over where it is repeated."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_NONE = np.uint64(0xFFFFFFFFFFFFFFFF)


def anchor_bytes(min_bytes: int) -> int:
    """Bytes of an anchor."""
    return min_bytes // 4


def found_anchors(texts: pa.Array | pa.ChunkedArray, min_bytes: int) -> tuple[np.ndarray, np.ndarray]:
    """The anchors of texts, what stands apart in them (``tasks.passages``) left out.

    Returns:
        ANCHOR records with ``key`` and ``start``, and the number of the text of each.
    """
    data, offsets = text_buffers(texts)
    count, capacity = 0, max(1024, 4 * len(data) // min_bytes)
    while True:
        keys, owners, starts = (np.empty(capacity, kind) for kind in (np.uint64, np.int64, np.uint32))
        count = _anchors(data, offsets, min_bytes, anchor_bytes(min_bytes), keys, owners, starts)
        if count <= capacity:
            break
        capacity = count
    found = np.zeros(count, ANCHOR)
    found["key"], found["start"] = keys[:count], starts[:count]
    return found, owners[:count]


@inner
def prose_end(data, at, close):
    """Where the prose that begins here ends, be it at once, and where the next one begins."""
    while at < close:
        _, behind, plain = paragraph(data, at, close)
        if not plain:
            return at, behind
        at = behind
    return at, at


@compiled
def _anchors(data, offsets, min_bytes, size, keys, owners, starts):
    """Write the anchors of all texts, as far as there is room; returns how many there are."""
    count = 0
    hashes = np.empty(min_bytes - size + 1, np.uint64)  # of the runs of a window, the i-th at i modulo their number
    for text in range(len(offsets) - 1):
        begin, close = offsets[text], offsets[text + 1]
        at = begin
        while at < close:
            first = at
            last, at = prose_end(data, first, close)
            if last - first >= min_bytes:
                count = _winnow(data, first, last, begin, text, size, hashes, keys, owners, starts, count)
    return count


@compiled
def _winnow(data, first, last, begin, text, size, hashes, keys, owners, starts, count):
    """Write the anchors of ``data[first:last]``; returns how many there are by then."""
    top = np.uint64(1)
    for _ in range(size - 1):
        top = top * _BASE
    window = len(hashes)
    value = np.uint64(0)
    smallest, chosen, written = _NONE, np.int64(-1), np.int64(-1)
    for end in range(first, last):
        if end - first >= size:
            value -= np.uint64(data[end - size]) * top
        value = value * _BASE + np.uint64(data[end])
        run = end - size + 1
        if run < first:
            continue
        own = mix(value)
        hashes[run % window] = own
        if own <= smallest and own != _NONE:
            if _is_periodic(data, run, size):
                hashes[run % window] = _NONE
            else:
                smallest, chosen = own, run
        if chosen >= 0 and chosen <= run - window:
            smallest, chosen = _NONE, np.int64(-1)
            place = run - window + 1
            while place <= run:
                other = hashes[place % window]
                if other <= smallest and other != _NONE:
                    if _is_periodic(data, place, size):
                        hashes[place % window] = _NONE
                    else:
                        smallest, chosen = other, place
                place += 1
        if run - first >= window - 1 and chosen >= 0 and chosen != written:
            if count < len(keys):
                keys[count], owners[count], starts[count] = smallest, text, chosen - begin
            count += 1
            written = chosen
    return count


@inner
def _is_periodic(data, start, size):
    """Whether a run of bytes is one pattern of up to ``PERIOD`` of them over and over."""
    for period in range(1, min(PERIOD, size // 2) + 1):
        at = start + period
        while at < start + size and data[at] == data[at - period]:
            at += 1
        if at == start + size:
            return True
    return False
