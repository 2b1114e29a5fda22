"""Line numbers beside code: elements whose class says so and that hold numbers alone."""

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.tree.attributes import value_of
from tasks.ingest.web.tree.tags import INVISIBLE, TEXT, key_of
from tasks.ingest.web.tree.white import white_at

_CLASS = key_of(b"class")
_WORDS = tuple(
    np.frombuffer(word, np.uint8)
    for word in b"lineno line-num linenum line_num blob-num gutter ln-num hljs-ln-n".split()
)
_WHOLE = tuple(np.frombuffer(word, np.uint8) for word in b"ln lnt line-no".split())


@inner
def is_gutter(tree, node, within):
    """Whether an element with a class holds the numbers of lines beside it.

    Args:
        within: whether it stands in a ``<pre>``, where shorter names say so too.
    """
    source = tree.source
    at, stop = value_of(source, tree.start[node], tree.end[node], _CLASS)
    return at >= 0 and _says_gutter(source, at, stop, within) and _only_numbers(tree, node)


@inner
def _says_gutter(source, at, stop, within):
    begin = at if within else stop
    for word in _WORDS:
        if says(source, at, stop, word):
            return True
    while begin < stop:
        end = begin
        while end < stop and source[end] > 32:
            end += 1
        for word in _WHOLE:
            if end - begin == len(word) and _stands(source, begin, word):
                return True
        begin = end + 1
    return False


@inner
def says(source, at, stop, word):
    """Whether a word stands in a value, in lower case."""
    for place in range(at, stop - len(word) + 1):
        if source[place] == word[0] and _stands(source, place, word):
            return True
    return False


@inner
def _stands(source, at, word):
    for i in range(len(word)):
        if source[at + i] != word[i]:
            return False
    return True


@inner
def _only_numbers(tree, node):
    """Whether an element's text is digits and blanks; one without text may draw its numbers by style."""
    source = tree.source
    inside = node + 1
    while inside < tree.stop[node]:
        if tree.tag[inside] == TEXT:
            at, stop = tree.start[inside], tree.end[inside]
            while at < stop:
                blank = white_at(source, at)
                if blank == 0 and not 48 <= source[at] <= 57:
                    return False
                at += max(1, blank)
        inside = tree.stop[inside] if INVISIBLE[tree.tag[inside]] else inside + 1
    return True
