"""Edits of form: widths, control characters, line ends, surplus whitespace and boilerplate lines.

One walk over a document's bytes writes the edited ones. A line is looked at again when it is complete,
and taken back when it is boilerplate, as if it had never been there.
"""

from tasks.clean.edits.phrases import ANYWHERE, NAVIGATION, OPENING, TELLING
from tasks.clean.kernels.blocks import first, load, not_letters, not_printable, store
from tasks.clean.kernels.utf8 import is_alnum, width_of
from tasks.compiled import inner

WIDTH, CONTROL, WHITESPACE, BOILERPLATE = 1, 2, 4, 8
COUNT_WIDTH, COUNT_CONTROL, COUNT_WHITESPACE, COUNT_BOILERPLATE, NUM_COUNTS = 0, 1, 2, 3, 4
_LONGEST_BOILERPLATE = 240  # bytes; about 80 Chinese characters
_FULL_WIDTH_KEPT = "！（），：；？．［］～＂＇"  # Chinese punctuation, as it is written
KEPT = tuple(ord(char) - 0xFEE0 for char in _FULL_WIDTH_KEPT)


@inner
def tidy(data, start, end, out, at, switches, beginnings, children, kinds, counts):
    """Write the edited bytes of ``data[start:end]`` to ``out`` from ``at`` on; returns where they end.

    Args:
        out: with room for eight bytes more than are written, since they are written eight at a time.
        switches: bits of the edits to do.
        counts: int array of NUM_COUNTS that is added to.
    """
    begin, line, num_empty, fence = at, at, 0, 0
    i = start
    while i <= end:
        while i + 8 <= end:
            block = load(data, i)
            if not_printable(block):
                break
            store(out, at, block)
            at += 8
            i += 8
        byte = data[i] if i < end else 10
        if 32 <= byte < 127:
            out[at] = byte
            at += 1
            i += 1
            continue
        step = width_of(byte) if i < end else 1
        glyph = _glyph(data, i, step, switches) if i < end else 10
        if glyph == 10:
            trimmed = at
            if switches & WHITESPACE:
                while trimmed > line and (out[trimmed - 1] == 32 or out[trimmed - 1] == 9):
                    trimmed -= 1
                counts[COUNT_WHITESPACE] += at - trimmed
            at = trimmed
            ticks = _ticks(out, line, at)
            structured = fence > 0 or ticks > 0 or _is_row(out, line, at)
            if ticks >= max(fence, 1):
                fence = 0 if fence > 0 else ticks
            if (
                switches & BOILERPLATE
                and at > line
                and not structured
                and is_boilerplate(out, line, at, beginnings, children, kinds)
            ):
                counts[COUNT_BOILERPLATE] += 1
                at = line
            else:
                num_empty = num_empty + 1 if at == line else 0
                if switches & WHITESPACE and at == line and (at == begin or num_empty > 2):
                    counts[COUNT_WHITESPACE] += 1 if i < end else 0
                elif i < end:
                    out[at] = 10
                    at += 1
            line = at
            i += 2 if byte == 13 and i + 1 < end and data[i + 1] == 10 else step
        elif glyph == 0:
            counts[COUNT_CONTROL] += 1
            i += step
        elif glyph > 0:
            counts[COUNT_WIDTH] += 1
            out[at] = glyph
            at += 1
            i += step
        else:
            for k in range(step):
                out[at + k] = data[i + k]
            at += step
            i += step
    if switches & WHITESPACE:
        while at > begin and out[at - 1] == 10:
            at -= 1
    return at


@inner
def _ticks(data, at, stop):
    """How many backticks a line that opens or closes a code fence begins with, behind blanks and ``>``; else 0."""
    while at < stop and (data[at] == 32 or data[at] == 62):
        at += 1
    begun = at
    while at < stop and data[at] == 96:
        at += 1
    return at - begun if at - begun >= 3 else 0


@inner
def _is_row(data, at, stop):
    """Whether a line is a table's row: cells between bars, the outer ones among them."""
    return stop - at > 3 and data[at] == 124 and data[at + 1] == 32 and data[stop - 1] == 124 and data[stop - 2] == 32


@inner
def _glyph(data, i, step, switches):
    """What a character that isn't printable ASCII becomes: 10 a line end, 0 nothing, -1 itself, else an ASCII byte."""
    byte = data[i]
    if byte == 10:
        return 10
    if step == 1:
        if byte == 9 or not switches & CONTROL:
            return -1
        return 10 if byte == 13 or byte == 11 or byte == 12 else 0
    second = data[i + 1]
    if step == 2 and byte == 0xC2:
        if second == 0xA0 and switches & WIDTH:
            return 32
        if switches & CONTROL and (second < 0xA0 or second == 0xAD):
            return 10 if second == 0x85 else 0
        return -1
    if step != 3:
        return -1
    third = data[i + 2]
    if byte == 0xE2 and switches & CONTROL:
        if second == 0x80:
            if third == 0xA8 or third == 0xA9:
                return 10
            if third == 0x8B or third == 0x8E or third == 0x8F or 0xAA <= third <= 0xAE:
                return 0
        elif second == 0x81 and 0xA0 <= third <= 0xA4:
            return 0
    elif byte == 0xEF:
        if second == 0xBB and third == 0xBF and switches & CONTROL:
            return 0
        if switches & WIDTH and (second == 0xBC or second == 0xBD):
            code = (second - 0xBC) * 64 + third - 0x80 + 32  # U+FF01 stands for 0x21
            if 33 <= code <= 126:
                for kept in KEPT:
                    if code == kept:
                        return -1
                return code
    elif byte == 0xE3 and second == 0x80 and third == 0x80 and switches & WIDTH:
        return 32
    return -1


@inner
def is_boilerplate(data, start, end, beginnings, children, kinds):
    """Whether the line ``data[start:end]`` is navigation or gives itself away by a phrase."""
    if end - start > _LONGEST_BOILERPLATE:
        return False
    at = _skip_separators(data, start, end)
    if at == end:
        return False
    first_at, navigation, telling, num_words = True, True, False, 0
    i = at
    while i < end:
        possible = beginnings[int(data[i]) << 8 | data[i + 1]] if i + 1 < end else 0
        if possible & (ANYWHERE | OPENING):
            opening = _kinds_at(data, i, end, children, kinds)
            if opening & ANYWHERE or (first_at and opening & OPENING):
                return True
        if navigation and i == at:
            length, found = 0, 0
            if possible & NAVIGATION:
                length, found = _longest(data, i, end, children, kinds, NAVIGATION)
            if length == 0:
                navigation = False
            else:
                num_words += 1
                telling = telling or found & TELLING != 0
                at = _skip_separators(data, i + length, end)
                if at == end and (telling or num_words > 1):
                    return True
                if at == i + length and is_alnum(data[at]):
                    navigation = False
        first_at = False
        i += width_of(data[i]) if data[i] >= 0x80 else max(first(not_letters(load(data, i))), 1)  # on behind a word
    return False


@inner
def _skip_separators(data, at, end):
    while at < end:
        byte = data[at]
        if byte == 32 or byte == 9 or byte == 124 or byte == 62 or byte == 60 or byte == 45 or byte == 42:
            at += 1
        elif byte == 0xC2 and at + 1 < end and (data[at + 1] == 0xAB or data[at + 1] == 0xBB or data[at + 1] == 0xB7):
            at += 2
        elif byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80 and data[at + 2] == 0xA2:
            at += 3
        else:
            break
    return at


@inner
def _longest(data, at, end, children, kinds, wanted):
    """Length of the longest phrase of the wanted kind that begins at ``at`` (0 for none), and its kinds."""
    node, length, found = 0, 0, 0
    i = at
    while i < end:
        node = children[node, data[i]]
        if node == 0:
            break
        i += 1
        if kinds[node] & wanted and not (i < end and is_alnum(data[i - 1]) and is_alnum(data[i])):
            length, found = i - at, kinds[node]
    return length, found


@inner
def _kinds_at(data, at, end, children, kinds):
    """The kinds of all phrases that begin at ``at``, as bits."""
    node, found = 0, 0
    i = at
    while i < end:
        node = children[node, data[i]]
        if node == 0:
            break
        found |= kinds[node]
        i += 1
    return found
