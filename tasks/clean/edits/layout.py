"""Edits of form: widths, control characters, line ends, surplus whitespace and boilerplate lines.

One walk over a document's bytes writes the edited ones. A line is looked at again when it is complete,
and taken back when it is boilerplate, as if it had never been there. Items of a list that stand together go together or
not at all: one among others that are content is one of them.
"""

from tasks.clean.edits.boilerplate import is_boilerplate
from tasks.clean.edits.terminal import BACKSPACE, ESCAPE, end_of_escape, struck_over
from tasks.clean.edits.widths import glyph_of_width
from tasks.clean.kernels.blocks import load, not_printable, store
from tasks.clean.kernels.markdown import HEADING, is_item, kind_of_line
from tasks.clean.kernels.utf8 import width_of
from tasks.compiled import inner

WIDTH, CONTROL, WHITESPACE, BOILERPLATE = 1, 2, 4, 8
COUNT_WIDTH, COUNT_CONTROL, COUNT_WHITESPACE, COUNT_BOILERPLATE, NUM_COUNTS = 0, 1, 2, 3, 4


@inner
def tidy(data, start, end, out, at, switches, beginnings, children, kinds, counts):
    """Write the edited bytes of ``data[start:end]`` to ``out`` from ``at`` on; returns where they end.

    Args:
        out: with room for eight bytes more than are written, since they are written eight at a time.
        switches: bits of the edits to do.
        counts: int array of NUM_COUNTS that is added to.
    """
    begin, line, num_empty, fence = at, at, 0, 0
    items, first_item, empty_before, kept_list = 0, at, 0, False
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
        glyph = _glyph(data, i, start, end, switches) if i < end else 10
        if glyph == 10:
            trimmed = at
            if switches & WHITESPACE:
                while trimmed > line and (out[trimmed - 1] == 32 or out[trimmed - 1] == 9):
                    trimmed -= 1
                counts[COUNT_WHITESPACE] += at - trimmed
            at = trimmed
            gone, item = False, False
            if switches & BOILERPLATE:
                kind, fence = kind_of_line(out, line, at, fence)
                gone = kind <= HEADING and is_boilerplate(out, line, at, beginnings, children, kinds)
                item = kind <= HEADING and is_item(out, line, at)
                if items > 0 and not (item and gone):
                    if not item:  # none of the list's items was anything else
                        counts[COUNT_BOILERPLATE] += items
                        for k in range(line, at):
                            out[first_item + k - line] = out[k]
                        at -= line - first_item
                        line, num_empty = first_item, empty_before
                    items, kept_list = 0, item
                elif not gone and at > line:
                    kept_list = item
                if item and gone and not kept_list:
                    first_item, empty_before = (first_item, empty_before) if items > 0 else (line, num_empty)
                    items += 1
            if gone and not item:
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
            if byte == ESCAPE or byte == 0xC2:
                i = max(i + step, end_of_escape(data, i, end))
            elif byte == BACKSPACE:
                at, i = struck_over(data, i, end, out, line, at)
            else:
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
    if items > 0:
        counts[COUNT_BOILERPLATE] += items
        at = first_item
    if switches & WHITESPACE:
        while at > begin and out[at - 1] == 10:
            at -= 1
    return at


@inner
def _glyph(data, i, start, end, switches):
    """What a character that isn't printable ASCII becomes: 10 a line end, 0 nothing, -1 itself, else an ASCII byte."""
    byte = data[i]
    if byte == 10:
        return 10
    if byte < 0x80:
        if byte == 9 or not switches & CONTROL:
            return -1
        return 10 if byte == 13 or byte == 11 or byte == 12 else 0
    if switches & CONTROL:
        glyph = _control(data, i)
        if glyph >= 0:
            return glyph
    return glyph_of_width(data, i, start, end) if switches & WIDTH else -1


@inner
def _control(data, i):
    """What a control or direction character beyond ASCII becomes: 10 a line end, 0 nothing; -1 where it is none."""
    byte, second = data[i], data[i + 1]
    if byte == 0xC2:
        if second < 0xA0 or second == 0xAD:
            return 10 if second == 0x85 else 0
    elif byte == 0xD8:
        return 0 if second == 0x9C else -1  # U+061C
    elif byte == 0xE2 and second == 0x80:
        third = data[i + 2]
        if third == 0xA8 or third == 0xA9:
            return 10
        if third == 0x8B or third == 0x8E or third == 0x8F or 0xAA <= third <= 0xAE:
            return 0
    elif byte == 0xE2 and second == 0x81:
        return 0 if 0xA0 <= data[i + 2] <= 0xAF else -1
    elif byte == 0xEF and second == 0xBB:
        return 0 if data[i + 2] == 0xBF else -1
    elif byte == 0xEF and second == 0xBF:
        return 0 if 0xB9 <= data[i + 2] <= 0xBB else -1  # of annotations between lines
    return -1
