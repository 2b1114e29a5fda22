"""Notes of a page: numbers in its text that lead to items of a list behind it, or to paragraphs of their own."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.blocks.gutters import says
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import HREF, NAMED, value_of
from tasks.ingest.web.tree.tags import LI, PREFORMATTED, SUP, TEXT, A, key_of, key_step
from tasks.ingest.web.tree.tree import Tree
from tasks.ingest.web.tree.white import white_at

_CLASS, _HREF, _ID, _NAME = (key_of(name) for name in b"class href id name".split())
_REFERENCE = np.frombuffer(b"reference", np.uint8)
_DIGITS = 3
_NEAR = 12
"""Elements and texts between a block's border, its anchor and its text, at most; levels up to its item."""
_NO_NOTE = tags.of("h1 h2 h3 h4 h5 h6 td th dt dd caption")


class Notes(NamedTuple):
    """Notes and what leads to them; n nodes, b blocks."""

    number: np.ndarray
    """int16[n]; a note's number at the ``<sup>`` that leads to it and at its ``<li>``; 0 for other nodes."""
    block: np.ndarray
    """int16[b]; the number of the note that a block outside a list begins, else 0."""
    begin: np.ndarray
    """int32[b]; where such a note's text begins, behind its own number; of other blocks their first node."""


def notes_of(tree: Tree, blocks: Blocks) -> Notes:
    """The notes of a page."""
    notes = no_notes(tree, blocks)
    _notes(tree, blocks, *notes)
    return notes


def no_notes(tree: Tree, blocks: Blocks) -> Notes:
    """What is said of a page without notes."""
    return Notes(np.zeros(len(tree.tag), np.int16), np.zeros(len(blocks.first), np.int16), blocks.first.copy())


@compiled
def _notes(tree, blocks, numbers, of_block, begin):
    count = len(tree.tag)
    targets = np.zeros(count, np.int64)  # the hash of the address's part behind "#"
    last = 0
    for node in range(1, count):
        if tree.tag[node] == SUP:
            numbers[node], targets[node] = _leads_to(tree, node)
            last = node if numbers[node] else last
    if last == 0:
        return
    places = np.flatnonzero(numbers)
    places = places[np.argsort(targets[places], kind="mergesort")]
    keys = targets[places]
    led = np.zeros(len(places), np.bool_)
    for node in range(1, count):
        if not (tree.flags[node] & NAMED or tree.tag[node] == A):
            continue
        key = _called(tree, node)
        place = np.searchsorted(keys, key)
        if place == len(keys) or keys[place] != key or led[place]:  # of elements with one id the first
            continue
        number = numbers[places[place]]
        if tree.tag[node] == LI:
            numbers[node] = number
        elif node < places[place] or not _begins(tree, blocks, node, number, numbers, of_block, begin):
            continue
        while place < len(keys) and keys[place] == key:
            led[place] = True
            place += 1
    numbers[places[~led]] = 0


@inner
def _leads_to(tree, node):
    """The number in a superscript that is a link into the page and nothing else, or lies in one; and the target.

    It may stand in brackets. The reference marks of a wiki, which are kept by choice as they are, are no such numbers.
    """
    link, text = node + 1, node + 2
    if tree.tag[tree.parent[node]] == A:
        link, text = tree.parent[node], node + 1
    if tree.stop[node] != text + 1 or tree.tag[link] != A or not tree.flags[link] & HREF or tree.tag[text] != TEXT:
        return 0, 0
    number = _number_at(tree, text)
    at, stop = value_of(tree.source, tree.start[link], tree.end[link], _HREF)
    if number == 0 or stop - at < 2 or tree.source[at] != 35:
        return 0, 0
    if tree.flags[node] & NAMED:
        begin, end = value_of(tree.source, tree.start[node], tree.end[node], _CLASS)
        if begin >= 0 and says(tree.source, begin, end, _REFERENCE):
            return 0, 0
    return number, _key(tree.source, at + 1, stop)


@inner
def _number_at(tree, text):
    """The number that a text is, in brackets or with a full stop or without; 0 where it is none."""
    source, at, stop = tree.source, tree.start[text], tree.end[text]
    while at < stop and source[at] <= 32:
        at += 1
    while stop > at and source[stop - 1] <= 32:
        stop -= 1
    if stop > at and source[stop - 1] == 46:
        stop -= 1
    if stop - at > 2 and source[at] in (40, 91) and source[stop - 1] in (41, 93):
        at, stop = at + 1, stop - 1
    number = 0
    if stop - at > _DIGITS:
        return 0
    for place in range(at, stop):
        if not 48 <= source[place] <= 57:
            return 0
        number = 10 * number + source[place] - 48
    return number


@inner
def _called(tree, node):
    """The hash of an element's id, or of an anchor's name; 0 where it has none."""
    at, stop = value_of(tree.source, tree.start[node], tree.end[node], _ID)
    if at < 0 and tree.tag[node] == A:
        at, stop = value_of(tree.source, tree.start[node], tree.end[node], _NAME)
    return _key(tree.source, at, stop) if at >= 0 else np.int64(0)


@inner
def _begins(tree, blocks, node, number, numbers, of_block, begin):
    """Whether a block begins where an element does, and is a paragraph or an item's first: then it is the note."""
    block = np.searchsorted(blocks.first, node, "right") - 1
    if block < 0 or node >= blocks.stop[block]:
        block += 1
        if block == len(blocks.first) or blocks.first[block] >= tree.stop[node]:
            return False
    first, stop = blocks.first[block], blocks.stop[block]
    if node - first > _NEAR or of_block[block]:
        return False
    for inside in range(first, node):
        if _has_text(tree, inside):
            return False
    element = blocks.element[block]
    if PREFORMATTED[tree.tag[element]]:
        return False
    for _ in range(_NEAR):
        if _NO_NOTE[tree.tag[element]]:
            return False
        if tree.tag[element] == LI:
            if block > 0 and blocks.first[block - 1] > element:
                return False
            numbers[element] = number
            return True
        element = tree.parent[element]
    text = _next_text(tree, first, stop)
    if text < stop and _number_at(tree, text) == number:  # its own
        behind = _next_text(tree, text + 1, stop)
        if behind == stop:
            return False
        if tree.source[tree.start[behind]] not in (41, 46, 58):
            begin[block] = text + 1
    of_block[block] = number
    return True


@inner
def _next_text(tree, node, stop):
    """The first text that isn't white space alone from here on."""
    while node < stop and not _has_text(tree, node):
        node += 1
    return node


@inner
def _has_text(tree, node):
    """Whether a node is a text that isn't white space alone."""
    if tree.tag[node] != TEXT:
        return False
    at, stop = tree.start[node], tree.end[node]
    while at < stop:
        blank = white_at(tree.source, at)
        if blank == 0:
            return True
        at += blank
    return False


@inner
def _key(source, at, stop):
    key = np.int64(0)
    for place in range(at, stop):
        key = key_step(key, source[place])
    return key
