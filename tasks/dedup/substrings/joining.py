"""Matched passages as they are cut: joined over short gaps, and taken back to whole words."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.dedup.substrings.anchors import prose_end
from tasks.passages import is_blank


def cut_passages(data: np.ndarray, begin: int, close: int, matched: list[int], max_gap: int) -> list[int]:
    """First byte and end of what is cut of the text ``data[begin:close]``.

    Args:
        matched: first byte and end of each matched passage, in order.
        max_gap: bytes between two of them that go along, where what stands between is prose.
    """
    spans = np.array(matched, np.int64)
    return _cut(data, begin, close, spans[::2] + begin, spans[1::2] + begin, max_gap).tolist()


@compiled
def _cut(data, begin, close, starts, ends, max_gap):
    cuts = np.empty(2 * len(starts), np.int64)
    count, passage, at = 0, 0, begin
    while at < close and passage < len(starts):
        first = at
        last, at = prose_end(data, first, close)
        while passage < len(starts) and ends[passage] <= first:
            passage += 1
        while passage < len(starts) and starts[passage] < last:
            start, end = max(starts[passage], first), min(ends[passage], last)
            passage += 1
            while passage < len(starts) and starts[passage] < last and starts[passage] - end <= max_gap:
                end = min(ends[passage], last)
                passage += 1
            while start < end and not _is_border(data, start, first, last):
                start += 1
            while start < end and is_blank(data[start]):
                start += 1
            while end > start and not _is_border(data, end, first, last):
                end -= 1
            if start == end:
                continue
            at_line = start == first or data[start - 1] == 10
            if at_line or is_blank(data[start - 1]):
                while end < last and is_blank(data[end]) and (at_line or data[end] != 10):
                    end += 1
            cuts[count], cuts[count + 1] = start - begin, end - begin
            count += 2
    return cuts[:count]


@inner
def _is_border(data, at, first, last):
    """Whether a character begins here, and not inside a word of letters that words are made of."""
    if at <= first or at >= last:
        return True
    return data[at] & 0xC0 != 0x80 and not (_is_letter(data, at) and _is_letter(data, at - 1))


@inner
def _is_letter(data, at):
    """Whether the character that this byte belongs to is a digit or letter of ASCII, or one of two bytes."""
    while data[at] & 0xC0 == 0x80:
        at -= 1
    byte = data[at]
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95 or 0xC0 <= byte < 0xE0
