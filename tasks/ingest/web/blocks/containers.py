"""What a block stands in: headings, quotes, items and definitions, and the marks that these set before its lines."""

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import value_of
from tasks.ingest.web.tree.tags import BLOCKQUOTE, DD, DL, DT, LI, OL, key_of
from tasks.ingest.web.writing.pen import MAX_PREFIX, PREFIX, put

MAX_LEVELS = 12
"""Quotes and items in each other that are marked; deeper ones are marked like the last."""
_START = key_of(b"start")
_ENDS_HEADING = tags.of("body html li td th dd dt table ul ol dl tr article section main blockquote")


@inner
def heading_of(tree, element):
    """The heading that an element is or lies in; 0 where it is in none."""
    while element > 0 and not _ENDS_HEADING[tree.tag[element]]:
        if tags.H1 <= tree.tag[element] <= tags.H6:
            return element
        element = tree.parent[element]
    return 0


@inner
def containers_of(tree, element, path, marked):
    """Fill ``path`` with the quotes, items and definitions around an element, outermost first.

    An item that has had no text so far counts only when it is the innermost.

    Returns:
        How many there are, and the item or definition whose mark comes now; 0 where none does.
    """
    count, mark, item_seen = 0, 0, False
    while element > 0:
        kind = tree.tag[element]
        item = kind in (LI, DD)
        if kind == BLOCKQUOTE or (item and (marked[element] or not item_seen)):
            if count == MAX_LEVELS:
                path[:-1] = path[1:].copy()
                count -= 1
            path[count] = element
            count += 1
            if item and not item_seen and not marked[element]:
                mark = element
        item_seen = item_seen or item
        element = tree.parent[element]
    for i in range(count // 2):
        path[i], path[count - 1 - i] = path[count - 1 - i], path[i]
    return count, mark


@inner
def is_tight(tree, element, path, count, mark, last):
    """Whether a block begins on the line after the last: the next item of its list, a term's definition, …"""
    if mark:
        around = tree.parent[mark]
        while tree.tag[mark] == DD and around > 0 and tree.tag[around] != DL:
            around = tree.parent[around]
        outer = path[count - 2] if count > 1 and tree.tag[path[count - 2]] in (LI, DD) else 0
        return (around > 0 and last > around) or (outer > 0 and last >= outer)
    return _term_of(tree, element) > 0 and _term_of(tree, last) > 0


@inner
def _term_of(tree, element):
    """The ``<dt>`` around an element, below the nearest list."""
    while element > 0 and tree.tag[element] not in (DL, DD, LI, BLOCKQUOTE):
        if tree.tag[element] == DT:
            return element
        element = tree.parent[element]
    return 0


@inner
def ordinals_of(tree, notes):
    """The number of each item in its ordered list, of a note its own below 0; 0 for other nodes."""
    n = len(tree.tag)
    last, ordinals = np.zeros(n, np.int64), np.zeros(n, np.int64)
    for node in range(1, n):
        if tree.tag[node] == OL:
            last[node] = _start_of(tree, node) - 1
        elif tree.tag[node] == LI and tree.tag[tree.parent[node]] == OL:
            last[tree.parent[node]] += 1
            ordinals[node] = last[tree.parent[node]]
        if notes[node] > 0:
            ordinals[node] = -np.int64(notes[node])
    return ordinals


@inner
def _start_of(tree, node):
    begin, stop = value_of(tree.source, tree.start[node], tree.end[node], _START)
    number = np.int64(0)
    if begin < 0 or stop == begin or stop - begin > 6:
        return 1
    for at in range(begin, stop):
        if not 48 <= tree.source[at] <= 57:
            return 1
        number = number * 10 + np.int64(tree.source[at]) - 48
    return number


@inner
def write_prefix(pen, tree, path, count, mark, ordinals, markdown):
    """Write the marks before a block's first line, and set those of its other lines."""
    pen.state[PREFIX] = 0
    if not markdown:
        return
    for i in range(count):
        node = path[i]
        kind, number = tree.tag[node], ordinals[node]
        if pen.state[PREFIX] + 12 > MAX_PREFIX:
            break
        if kind == BLOCKQUOTE:
            _mark(pen, 62, True, True)
            _mark(pen, 32, True, True)
            continue
        if number < 0:
            _mark(pen, 91, node == mark, False)
            _mark(pen, 94, node == mark, False)
            _number(pen, -number, node == mark)
            _mark(pen, 93, node == mark, False)
            _mark(pen, 58, node == mark, False)
        elif kind == LI and tree.tag[tree.parent[node]] == OL:
            _number(pen, number, node == mark)
            _mark(pen, 46, node == mark, False)
        else:
            _mark(pen, 58 if kind == DD else 45, node == mark, False)
        _mark(pen, 32, node == mark, False)


@inner
def _number(pen, number, first):
    scale = 1
    while scale * 10 <= number:
        scale *= 10
    while scale > 0:
        _mark(pen, 48 + number // scale % 10, first, False)
        scale //= 10


@inner
def _mark(pen, byte, first, always):
    """A byte of a mark: on the first line as it is where it is new, else a blank; on others as it is, or a blank."""
    put(pen, byte if first else 32)
    pen.prefix[pen.state[PREFIX]] = byte if always else 32
    pen.state[PREFIX] += 1
