"""The blocks of a page: what a reader sees as one paragraph, heading, item, cell or piece of code each."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.gutters import is_gutter
from tasks.ingest.web.tree.attributes import ALT, HIDDEN, HREF, NAMED
from tasks.ingest.web.tree.tags import BODY, BR, HTML, IMG, NOSCRIPT, TEXT, A
from tasks.ingest.web.tree.tree import Tree, tags
from tasks.ingest.web.tree.white import reference_at, white_at
from tasks.ingest.web.writing.replaced import NOTHING_REPLACED, Replaced

_REVEAL = 4
"""What is hidden is shown where it is so many times what isn't: such a page shows it by a script."""


class Blocks(NamedTuple):
    """Runs of inline content between block borders, in document order; b blocks."""

    first: np.ndarray  # int32[b]; first node
    stop: np.ndarray  # int32[b]; one past the last node
    element: np.ndarray  # int32[b]; nearest block-level ancestor (p, li, td, h2, pre, div …)
    characters: np.ndarray  # int32[b]; characters of visible text, white space run together
    link_characters: np.ndarray  # int32[b]; of these, inside <a href>
    revealed: bool  # whether hidden elements are among them


def blocks_of(tree: Tree, replaced: Replaced = NOTHING_REPLACED) -> Blocks:
    """The blocks of a page.

    A border is where a block-level element begins or ends, and at two line breaks without text between; a whole
    ``<pre>`` is one block. Text that no browser shows is in none, but for pages that hide nearly all they have. A
    block without characters is an image with an ``alt``, or a formula.

    Args:
        replaced: formulas; each is seen as an image is, whatever it is made of and however that is hidden.
    """
    n = len(tree.tag)
    written = np.zeros(n, np.int8)
    written[replaced.node] = [1 if text else -1 for text in replaced.text]
    columns = tuple(np.empty(n, np.int32) for _ in range(6))
    b, shown, hidden = _blocks(tree, written, False, columns)
    revealed = hidden > _REVEAL * shown
    if revealed:
        b, *_ = _blocks(tree, written, True, columns)
    first, stop, element, characters, links, _ = (column[:b] for column in columns)
    return Blocks(first, stop, element, characters, links, revealed)


@compiled
def _blocks(tree, written, reveal, columns):
    tag, stop = tree.tag, tree.stop
    around = columns[5]  # the nearest block-level ancestor of each node, or the node itself
    b, shown, hidden = 0, 0, 0
    first, element, characters, links, link_until, image, last_break = 1, 0, 0, 0, 0, False, -1
    around[0] = 0
    node, n = 1, len(tag)
    while node < n:
        kind = tag[node]
        block = tags.BLOCK[kind]
        around[node] = node if block else around[tree.parent[node]]
        breaks = kind == BR and last_break == characters
        if block or breaks or around[node] != element:
            if characters > 0 or image:
                _emit(columns, b, first, node, element, characters, links)
                b, shown = b + 1, shown + characters
            first = node + 1 if block or breaks else node
            element, characters, links, image, last_break = around[node], 0, 0, False, -1
        elif kind == BR:
            last_break = characters
        if kind == TEXT:
            count = _count(tree.source, tree.start[node], tree.end[node])
            if count > 0:
                gap = characters > 0
                characters += count + gap
                links += count + gap if node < link_until else 0
            node += 1
            continue
        if written[node]:
            first = min(first, node)
            image, last_break = image or written[node] > 0, -1
            node = stop[node]
            element = -1 if block else element
        elif not reveal and is_hidden(tree, node):
            hidden += _all_of(tree, node + 1, stop[node])
            first = first if first < node else stop[node]
            node = stop[node]
        elif tags.INVISIBLE[kind]:
            node = stop[node]
        elif tags.PREFORMATTED[kind]:
            characters = _all_of(tree, node + 1, stop[node])
            if characters > 0:
                _emit(columns, b, node + 1, stop[node], node, characters, 0)
                b, shown = b + 1, shown + characters
            characters = 0
            node = stop[node]
            element = -1
        elif block and tree.flags[node] & NAMED and is_gutter(tree, node, False):
            node = stop[node]
        else:
            if kind == A and tree.flags[node] & HREF:
                link_until = max(link_until, stop[node])
            image = image or (kind == IMG and tree.flags[node] & ALT > 0)
            node += 1
    if characters > 0 or image:
        _emit(columns, b, first, n, element, characters, links)
        b, shown = b + 1, shown + characters
    return b, shown, hidden


@inner
def is_hidden(tree, node):
    """Whether browsers don't show an element that others would."""
    kind = tree.tag[node]
    return (tree.flags[node] & HIDDEN > 0 and kind != BODY and kind != HTML) or kind == NOSCRIPT


@inner
def _emit(columns, b, first, stop, element, characters, links):
    firsts, stops, elements, counts, of_links, _ = columns
    firsts[b], stops[b], elements[b], counts[b], of_links[b] = first, stop, element, characters, links


@inner
def _all_of(tree, node, stop):
    """Characters of all text between two nodes that isn't invisible."""
    characters = 0
    while node < stop:
        kind = tree.tag[node]
        if kind == TEXT:
            characters += _count(tree.source, tree.start[node], tree.end[node])
        node = tree.stop[node] if tags.INVISIBLE[kind] or kind == tags.BUTTON else node + 1
    return characters


@inner
def _count(source, at, stop):
    """Characters of a text, with white space run together and none at its ends."""
    count, blank = 0, False
    while at < stop:
        byte = source[at]
        if byte == 38:
            width, white = reference_at(source, at, stop)
        else:
            width = white_at(source, at)
            white = width > 0
        if white:
            blank = count > 0
            at += width
            continue
        count += 1 + blank
        blank = False
        at += max(1, width)
        while source[at] & 0xC0 == 0x80:
            at += 1
    return count
