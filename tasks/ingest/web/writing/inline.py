"""The content of one block: text with its small elements, or code line for line."""

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.blocks.blocks import is_hidden
from tasks.ingest.web.blocks.gutters import is_gutter, says
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import ALT, HREF, NAMED, value_of
from tasks.ingest.web.tree.tags import BR, CODE, IMG, RP, RT, RTC, SUP, TEXT, A, key_of
from tasks.ingest.web.writing.pen import (
    AT,
    BLANK,
    CELL,
    FRESH,
    LINE,
    PREFIX,
    WIDTH,
    end_line,
    has_room,
    new_line,
    put,
    put_number,
    start_text,
    write_lines,
    write_text,
)

_ALT, _CLASS, _HREF = key_of(b"alt"), key_of(b"class"), key_of(b"href")
_EDIT, _REFERENCE = (np.frombuffer(word, np.uint8) for word in (b"editsection", b"reference"))


@inner
def write_inline(pen, page, node, stop, alt, references):
    """Write the visible content between two nodes of a block."""
    tree = page.tree
    reading, until = 0, 0  # past a reading of ruby, and past what is set in a parenthesis or after "^"
    closing = 0
    while node < stop:
        if node >= reading and reading > 0:
            _close(pen, 41)
            reading = 0
        if closing and node >= until:
            _end_superscript(pen, closing)
            closing = 0
        formula = replaced_at(page, node)
        if formula >= 0:
            _write_formula(pen, page, formula)
            node = tree.stop[node]
            continue
        kind = tree.tag[node]
        if kind == TEXT:
            start, end = tree.start[node], tree.end[node]
            if not has_room(pen, end - start):
                return
            write_text(pen, tree.source, start, end)
            node += 1
            continue
        if is_left_out(tree, node, page.revealed, references):
            node = tree.stop[node]
            continue
        if kind == BR:
            pen.state[BLANK] = 3
        elif kind in (RT, RTC) and reading == 0 and _has_text(tree, node):
            _close(pen, 40)
            reading = tree.stop[node]
        elif kind == SUP and page.notes.number[node] > 0 and not pen.state[FRESH]:
            _close(pen, 91)
            put(pen, 94)
            put_number(pen, page.notes.number[node])
            _close(pen, 93)
            node = tree.stop[node]
            continue
        elif kind == SUP and closing == 0:
            closing = _superscript(pen, page, node)
            until = tree.stop[node]
        elif kind == IMG and alt and tree.flags[node] & ALT:
            begin, end = value_of(tree.source, tree.start[node], tree.end[node], _ALT)
            if begin >= 0 and has_room(pen, end - begin):
                write_text(pen, tree.source, begin, end)
        node += 1
    if reading > 0:
        _close(pen, 41)
    _end_superscript(pen, closing)


@inner
def _end_superscript(pen, closing):
    if closing == 2:
        put(pen, 125)
    elif closing == 3:
        _close(pen, 93)


@inner
def _close(pen, byte):
    """A parenthesis or bracket, without a blank before it."""
    pen.state[BLANK] = 0
    start_text(pen, 0)
    put(pen, byte)
    if byte in (40, 91):
        pen.state[FRESH] = 1  # no blank after it
    else:
        pen.state[WIDTH] = 2


@inner
def replaced_at(page, node):
    """Which of the replaced subtrees this node begins; -1 where it begins none."""
    at, end = 0, len(page.replaced)
    while at < end:
        middle = (at + end) // 2
        if page.replaced[middle] < node:
            at = middle + 1
        else:
            end = middle
    return at if at < len(page.replaced) and page.replaced[at] == node else -1


@inner
def _write_formula(pen, page, formula):
    """A replaced subtree's text; a displayed formula has lines of its own."""
    at, stop = page.formula_starts[formula], page.formula_starts[formula + 1]
    text, state = page.formulas, pen.state
    displayed = stop - at > 1 and text[at] == 36 and text[at + 1] == 36
    if not has_room(pen, (stop - at) * (1 + state[PREFIX] // 2)):
        return
    if displayed and not state[FRESH]:
        new_line(pen)
    while at < stop:
        if text[at] == 10:
            new_line(pen)
        elif text[at] == 32:
            state[BLANK] = max(state[BLANK], 1)
        else:
            start_text(pen, 0)
            if text[at] == 124 and state[CELL] == 1:
                put(pen, 92)
            put(pen, text[at])
        at += 1
    if displayed:
        state[BLANK] = 3


@inner
def is_left_out(tree, node, revealed, references):
    """Whether an element inside a block is not part of its text."""
    kind, flags = tree.tag[node], tree.flags[node]
    if (tags.INVISIBLE[kind] and kind != RP) or kind == RP or (not revealed and is_hidden(tree, node)):
        return True
    if kind == A and flags & HREF:
        return _is_sign(tree, node)
    if flags & NAMED and kind in (SUP, tags.SPAN, tags.DIV):
        begin, end = value_of(tree.source, tree.start[node], tree.end[node], _CLASS)
        if begin < 0:
            return False
        if kind == SUP:
            return not references and says(tree.source, begin, end, _REFERENCE)
        return says(tree.source, begin, end, _EDIT)
    return False


@inner
def _is_sign(tree, node):
    """Whether a link into the page itself is a sign alone: ¶, #, §, ↩, 🔗 beside a heading or a note."""
    inside, source = node + 1, tree.source
    if inside >= tree.stop[node] or tree.stop[node] - inside > 2:
        return False
    if tree.tag[inside] != TEXT:
        inside += 1
    if inside >= tree.stop[node] or tree.tag[inside] != TEXT:
        return False
    begin, _ = value_of(source, tree.start[node], tree.end[node], _HREF)
    if begin < 0 or source[begin] != 35:
        return False
    at, end = tree.start[inside], tree.end[inside]
    while at < end and source[at] <= 32:
        at += 1
    while end > at and source[end - 1] <= 32:
        end -= 1
    if end - at == 1:
        return source[at] == 35
    if end - at == 2:
        return source[at] == 0xC2 and source[at + 1] in (0xB6, 0xA7)
    if 3 <= end - at <= 6 and source[at] == 0xE2:
        return source[at + 1] == 0x86 and source[at + 2] in (0xA9, 0x91, 0xB5)
    return end - at == 4 and source[at] == 0xF0 and source[at + 1] == 0x9F and source[at + 2] == 0x94


@inner
def _has_text(tree, node):
    inside = node + 1
    while inside < tree.stop[node]:
        if tree.tag[inside] == TEXT:
            for at in range(tree.start[inside], tree.end[inside]):
                if tree.source[at] > 32:
                    return True
        inside += 1
    return False


@inner
def _superscript(pen, page, node):
    """Write what keeps it from what is before: 1 for "^", 2 for "^{", 3 for a note's "[", 0 for nothing, as in 1st."""
    tree, state, source = page.tree, pen.state, page.tree.source
    if not state[FRESH] and _is_note(tree, node):
        _close(pen, 91)
        return 3
    inside = node + 1
    if state[FRESH] or state[BLANK] or inside != tree.stop[node] - 1 or tree.tag[inside] != TEXT:
        return 0
    before, at, stop = pen.out[state[AT] - 1], tree.start[inside], tree.end[inside]
    base = 48 <= before <= 57 or 97 <= before | 32 <= 122 or before in (41, 93, 125)
    if not base or stop - at > 16 or stop == at:
        return 0
    digits, letters = 0, 0
    for place in range(at, stop):
        byte = source[place]
        digits += 48 <= byte <= 57
        letters += 97 <= byte | 32 <= 122 and byte < 128
        if byte <= 32 or byte == 44 or byte == 91:
            return 0
    signed = source[at] in (43, 45, 0xE2, 38) and digits + letters > 0
    if digits == 0 and not signed and not (stop - at == 1 and source[at] in (105, 106, 107, 109, 110, 120, 121)):
        return 0
    if digits == 0 and letters > 1:
        return 0
    put(pen, 94)
    if letters > 0 and stop - at > 1 and source[at] != 38:
        put(pen, 123)
        return 2
    return 1


@inner
def _is_note(tree, node):
    """Whether a superscript is a number that leads to a note on the page."""
    source, link = tree.source, node + 1
    if tree.stop[node] != node + 3 or tree.tag[link] != A or tree.tag[node + 2] != TEXT:
        return False
    begin, _ = value_of(source, tree.start[link], tree.end[link], _HREF)
    at, stop = tree.start[node + 2], tree.end[node + 2]
    if begin < 0 or source[begin] != 35 or stop - at > 3:
        return False
    for place in range(at, stop):
        if not 48 <= source[place] <= 57:
            return False
    return True


@inner
def write_code(pen, page, node, stop):
    """Write what a ``<pre>`` holds, line for line, without numbers of lines and buttons."""
    tree, state, above = page.tree, pen.state, node - 1
    line_stop = 0  # past the last element that was lines of its own
    while node < stop:
        kind = tree.tag[node]
        if line_stop and node >= line_stop:
            line_stop = 0
            _next_line(pen)
        if kind == TEXT:
            start, end = tree.start[node], tree.end[node]
            if not has_room(pen, (end - start) * (1 + state[PREFIX] // 2)):
                return
            write_lines(pen, tree.source, start, end)
            node += 1
            continue
        named = tree.flags[node] & NAMED
        if tags.INVISIBLE[kind] or kind == tags.BUTTON or (named and is_gutter(tree, node, True)):
            node = tree.stop[node]
            continue
        if kind == BR:
            end_line(pen)
        elif tags.BLOCK[kind] or (kind == CODE and tree.parent[node] == above):
            _next_line(pen)
            line_stop = tree.stop[node]
        node += 1


@inner
def _next_line(pen):
    """End the line of code where there is something on it."""
    state = pen.state
    if not state[FRESH] and state[BLANK] == 0 and state[AT] > state[LINE]:
        end_line(pen)
