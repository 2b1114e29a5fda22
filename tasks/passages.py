"""Where paragraphs and sentences of a text end, for what cuts some of them: over UTF-8 bytes, compiled.

Fenced code, tables, quotations and lines that are set in stand apart: what stands together is not torn, so a paragraph
that holds some is left whole or goes whole.
"""

import numpy as np

from tasks.compiled import inner


@inner
def paragraph(data, at, close):
    """The paragraph that begins here: where its lines end, where the empty lines behind it do, and whether it is
    nothing but prose."""
    plain, fenced = True, False
    while at < close:
        end = line_end(data, at, close)
        if not fenced and _is_empty(data, at, end):
            break
        marked = _opens_fence(data, at, end)
        plain = plain and not (fenced or marked or _is_set_apart(data, at, end))
        fenced = fenced != marked
        at = end
    last = at
    while at < close and _is_empty(data, at, line_end(data, at, close)):
        at = line_end(data, at, close)
    return last, at, plain


@inner
def line_end(data, at, close):
    """Where the line ends, its line feed with it."""
    while at < close and data[at] != 10:
        at += 1
    return min(at + 1, close)


@inner
def is_blank(byte):
    """Whether a byte is white space."""
    return byte == 32 or 9 <= byte <= 13


@inner
def sentence_end(data, at, close):
    """Behind the next full stop, question or exclamation mark that a blank follows, or of Chinese, and the blanks."""
    while at < close:
        byte = data[at]
        at += 1
        ends = byte in (46, 33, 63) and at < close and is_blank(data[at])
        if at + 1 < close and byte in (0xE3, 0xEF):
            ideographic = np.uint32(data[at]) << 8 | data[at + 1]
            ends = ideographic == 0x8082 if byte == 0xE3 else ideographic in (0xBC81, 0xBC9F)
            at += 2 * ends
        if ends:
            while at < close and is_blank(data[at]):
                at += 1
            return at
    return close


@inner
def _is_empty(data, at, end):
    while at < end and is_blank(data[at]):
        at += 1
    return at == end


@inner
def _opens_fence(data, at, end):
    """Whether the line begins with three backticks or tildes, and so opens or closes a block of code."""
    while at < end and data[at] == 32:
        at += 1
    if at + 3 > end or (data[at] != 96 and data[at] != 126):
        return False
    return data[at] == data[at + 1] == data[at + 2]


@inner
def _is_set_apart(data, at, end):
    """Whether a line is set in by four blanks or a tab, of a table (|) or of a quotation (>)."""
    blanks = 0
    while at < end and (data[at] == 32 or data[at] == 9):
        blanks += 4 if data[at] == 9 else 1
        at += 1
    return blanks >= 4 or (at < end and (data[at] == 124 or data[at] == 62))
