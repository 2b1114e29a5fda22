"""Notes of a page: numbers in its text that lead to items of a list behind it."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree.attributes import HREF, NAMED, value_of
from tasks.ingest.web.tree.tags import LI, SUP, TEXT, A, key_of, key_step
from tasks.ingest.web.tree.tree import Tree

_HREF, _ID = key_of(b"href"), key_of(b"id")
_DIGITS = 3


def notes_of(tree: Tree) -> np.ndarray:
    """The number of each note: at the ``<sup>`` that leads to it and at its ``<li>`` (int16[n]); 0 for other nodes."""
    found: np.ndarray = _notes(tree)
    return found


@compiled
def _notes(tree):
    count = len(tree.tag)
    numbers = np.zeros(count, np.int16)
    targets = np.zeros(count, np.int64)  # the hash of the address's part behind "#"
    last = 0
    for node in range(1, count):
        if tree.tag[node] == SUP:
            numbers[node], targets[node] = _leads_to(tree, node)
            last = node if numbers[node] else last
    if last == 0:
        return numbers
    places = np.flatnonzero(numbers)
    places = places[np.argsort(targets[places])]
    keys = targets[places]
    led = np.zeros(len(places), np.bool_)
    for node in range(1, count):
        if tree.tag[node] != LI or not tree.flags[node] & NAMED:
            continue
        at, stop = value_of(tree.source, tree.start[node], tree.end[node], _ID)
        key = _key(tree.source, at, stop) if at >= 0 else np.int64(0)
        place = np.searchsorted(keys, key)
        if place < len(keys) and keys[place] == key and not led[place]:  # of elements with one id the first
            numbers[node] = numbers[places[place]]
            while place < len(keys) and keys[place] == key:
                led[place] = True
                place += 1
    numbers[places[~led]] = 0
    return numbers


@inner
def _leads_to(tree, node):
    """The number in a superscript that is a link into the page and nothing else, or lies in one; and the target."""
    link, text = node + 1, node + 2
    if tree.tag[tree.parent[node]] == A:
        link, text = tree.parent[node], node + 1
    if tree.stop[node] != text + 1 or tree.tag[link] != A or not tree.flags[link] & HREF or tree.tag[text] != TEXT:
        return 0, 0
    at, stop = tree.start[text], tree.end[text]
    number = 0
    if stop - at > _DIGITS:
        return 0, 0
    for place in range(at, stop):
        if not 48 <= tree.source[place] <= 57:
            return 0, 0
        number = 10 * number + tree.source[place] - 48
    at, stop = value_of(tree.source, tree.start[link], tree.end[link], _HREF)
    if stop - at < 2 or tree.source[at] != 35:
        return 0, 0
    return number, _key(tree.source, at + 1, stop)


@inner
def _key(source, at, stop):
    key = np.int64(0)
    for place in range(at, stop):
        key = key_step(key, source[place])
    return key
