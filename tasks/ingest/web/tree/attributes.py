"""Attributes: what many ask of a start tag while it is read, and the value of any by its name."""

import html
from typing import TYPE_CHECKING

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree.tags import key_of, key_step

if TYPE_CHECKING:
    from tasks.ingest.web.tree.tree import Tree

HIDDEN, HREF, ALT, NAMED = 1, 2, 4, 8
"""Flags: no browser shows the element; it has ``href``; an ``alt`` that isn't empty; a class, id or role."""
_HREF, _HIDDEN, _ARIA, _STYLE, _ALT, _CLASS, _ID, _ROLE = (
    key_of(name) for name in b"href hidden aria-hidden style alt class id role".split()
)
_GREATER, _QUOTES = 1, 3


def attribute(tree: "Tree", node: int, name: str) -> str:
    """The value of an element's attribute, with entities decoded; empty where it has none."""
    at, stop = find(tree.source, tree.start[node], tree.end[node], key_of(name.encode()))
    return html.unescape(tree.source[at:stop].tobytes().decode("utf-8", "replace")) if stop > at else ""


@inner
def read_tag(source, at, size, missing):
    """Read a tag on from the end of its name.

    Args:
        missing: what the rest of the page is known not to have (see ``tree``).

    Returns:
        Past its ">" (-1 where the page has no more), the flags of its attributes, and whether it ends with "/>".
    """
    begin, seen = at, 0
    while True:
        name, key, at = name_at(source, at, size)
        if at >= size:
            break
        if name == at and source[at] == 62:
            return at + 1, np.uint8(seen), source[at - 1] == 47
        start, stop, at, unclosed = value_at(source, at, size, missing)
        if unclosed:
            break
        seen |= _flag(source, start, stop, key)
    while not missing[_GREATER] and begin < size:
        if source[begin] == 62:
            return begin + 1, np.uint8(seen), False
        begin += 1
    missing[_GREATER] = True
    return -1, np.uint8(0), False


@inner
def name_at(source, at, size):
    """Where the next attribute's name begins, its hash, and where it ends: at once where the tag does."""
    while at < size and (source[at] <= 32 or source[at] == 47):
        at += 1
    begin, key = at, np.int64(0)
    while at < size and source[at] > 32 and source[at] != 47 and source[at] != 62 and (source[at] != 61 or at == begin):
        key = key_step(key, source[at] | 32 if 65 <= source[at] <= 90 else source[at])
        at += 1
    return begin, key, at


@inner
def value_at(source, at, size, missing):
    """First byte of a value and past it, where to go on, and whether a quote has no second; empty without a value."""
    look = at
    while look < size and source[look] <= 32:
        look += 1
    if look >= size or source[look] != 61:
        return at, at, at, False
    look += 1
    while look < size and source[look] <= 32:
        look += 1
    quote = source[look]
    if quote != 34 and quote != 39:
        begin = look
        while look < size and source[look] > 32 and source[look] != 62:
            look += 1
        return begin, look, look, False
    thing, begin = _QUOTES + (quote == 39), look + 1
    look = begin
    while not missing[thing] and look < size:
        if source[look] == quote:
            return begin, look, look + 1, False
        look += 1
    missing[thing] = True
    return begin, begin, begin, True


@inner
def _flag(source, start, stop, key):
    if key == _HREF:
        return HREF
    if key in (_CLASS, _ID, _ROLE):
        return NAMED if stop > start else 0
    if key == _ALT:
        return ALT if stop > start else 0
    if key == _ARIA:
        return HIDDEN if stop - start == 4 and source[start] | 32 == 116 else 0
    if key == _HIDDEN:
        return 0 if source[start] | 32 in (102, 117) else HIDDEN  # "false" and "until-found" are shown
    if key == _STYLE and (_says(source, start, stop, _DISPLAY, _NONE) or _says(source, start, stop, _VISIBILITY, _HID)):
        return HIDDEN
    return 0


_DISPLAY, _NONE, _VISIBILITY, _HID = (
    np.frombuffer(word, np.uint8) for word in (b"display", b"none", b"visibility", b"hidden")
)


@inner
def _says(source, at, stop, name, value):
    """Whether a style gives a property this value."""
    while at + len(name) + len(value) < stop:
        if _is(source, at, name):
            look = at + len(name)
            while look < stop and (source[look] == 58 or source[look] <= 32):
                look += 1
            if look + len(value) <= stop and _is(source, look, value):
                return True
        at += 1
    return False


@inner
def _is(source, at, word):
    """Whether a word in lower case stands here, in any case."""
    for i in range(len(word)):
        if source[at + i] | 32 != word[i]:
            return False
    return True


@inner
def value_of(source, start, end, key):
    """First byte and past the last of the value of the attribute with this hash, in the tag ``start:end``; else -1."""
    at, none = start + 1, np.zeros(8, np.bool_)
    while at < end and source[at] > 32 and source[at] != 47 and source[at] != 62:
        at += 1
    while at < end:
        name, found, at = name_at(source, at, end)
        if at >= end or name == at:
            break
        begin, stop, at, unclosed = value_at(source, at, end, none)
        if unclosed:
            break
        if found == key:
            return begin, stop
    return -1, -1


@compiled
def find(source, start, end, key):
    """As ``value_of``, to be called from Python."""
    return value_of(source, start, end, key)
