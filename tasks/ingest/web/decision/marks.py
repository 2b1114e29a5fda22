"""What an element's start tag says of its content: families of words in its class, id, role and itemprop."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree.attributes import NAMED, name_at, value_at
from tasks.ingest.web.tree.tags import BODY, HTML, TEXT, key_of

_CLASS, _ID, _ROLE, _ITEM = (key_of(name) for name in b"class id role itemprop".split())


@inner
def _words(source, start, stop, letters, step, found, path):
    """The families found in a value, and the path's hash with its letters."""
    state = step[0, letters[32]]
    bits = found[0]
    small = False
    apart = True
    for place in range(start, stop):
        byte = source[place]
        capital = 65 <= byte <= 90
        if capital:
            byte |= 32
        if byte >= 128 or not 97 <= byte <= 122:
            small = False
            if not apart:
                state = step[state, letters[32]]
                bits |= found[state]
                apart = True
            continue
        if capital and small:
            state = step[state, letters[32]]
            bits |= found[state]
        small = not capital
        apart = False
        state = step[state, letters[byte]]
        bits |= found[state]
        path = (path ^ np.uint64(byte)) * np.uint64(1099511628211)
    state = step[state, letters[32]]
    return bits | found[state], path


@inner
def _start_tag(source, start, end, letters, step, found, path):
    """The families of words in a start tag, and the path's hash with them."""
    bits, none = found[0], np.zeros(8, np.bool_)
    at = start + 1
    while at < end and source[at] > 32 and source[at] != 47 and source[at] != 62:
        at += 1
    while at < end:
        name, key, at = name_at(source, at, end)
        if at >= end or name == at:
            break
        begin, stop, at, unclosed = value_at(source, at, end, none)
        if unclosed:
            break
        if key in (_CLASS, _ID, _ROLE, _ITEM):
            more, path = _words(source, begin, stop, letters, step, found, path)
            bits |= more
    return bits, path


@compiled
def element_marks(tree, letters, step, found):
    """Families of words at each element (uint64[n]), and a hash of its path of names and classes (uint64[n])."""
    count = tree.tag.size
    marks = np.zeros(count, np.uint64)
    paths = np.zeros(count, np.uint64)
    for node in range(1, count):
        kind = tree.tag[node]
        if kind == TEXT:
            continue
        path = (paths[tree.parent[node]] ^ np.uint64(kind + 256)) * np.uint64(1099511628211)
        if tree.flags[node] & NAMED:
            bits, path = _start_tag(tree.source, tree.start[node], tree.end[node], letters, step, found, path)
            if kind != BODY and kind != HTML:
                marks[node] = bits
        paths[node] = path
    return marks, paths
