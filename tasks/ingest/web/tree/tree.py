"""A page's bytes to a tree in arrays, in one pass that takes whatever there is, as browsers do.

https://html.spec.whatwg.org/multipage/parsing.html as far as it matters for text: end tags that are left out, elements
closed in the wrong order, raw text, comments, and tags inside ``<svg>`` and ``<math>``. Not done: elements that
the standard makes up (``<tbody>``), text moved out of tables, and what no text depends on.
"""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import read_tag
from tasks.ingest.web.tree.nesting import MAX_DEPTH, close_all, end_tag, make_room, push
from tasks.ingest.web.tree.tags import BODY, BR, HEAD, HTML, OTHER, ROOT, TEXT, P, key_step, number_of

SPARE = 16
"""Bytes of zero behind a page, so that looking ahead needs no check."""


class Tree(NamedTuple):
    """A page as nodes in document order; node 0 is the root. n nodes.

    An element's children lie between it and its ``stop``; no node is deeper than 512, as in browsers. ``flags`` says
    of an element's start tag what many ask for: ``HIDDEN``, ``HREF``, ``ALT`` and ``NAMED`` of ``attributes``.
    """

    source: np.ndarray  # uint8, the page as UTF-8, and 16 bytes of zero
    tag: np.ndarray  # int16[n]; tags.TEXT for text
    parent: np.ndarray  # int32[n]
    stop: np.ndarray  # int32[n]; one past the node's last descendant
    start: np.ndarray  # int32[n]; bytes: a text's first byte, an element's "<"
    end: np.ndarray  # int32[n]; past the text, past the start tag's ">"
    flags: np.ndarray  # uint8[n]


def parse(page: bytes) -> Tree:
    """The tree of a page in UTF-8."""
    source = np.frombuffer(page + bytes(SPARE), np.uint8)
    room = min(2 * int(np.count_nonzero(source == 60)), len(page) // 2) + 8
    tag = np.empty(room, np.int16)
    parent, stop, start, end = (np.empty(room, np.int32) for _ in range(4))
    flags = np.empty(room, np.uint8)
    xml = page[:64].lstrip().startswith(b"<?xml")
    n = _parse(source, len(page), xml, (tag, parent, stop, start, end, flags))
    return Tree(source, tag[:n], parent[:n], stop[:n], start[:n], end[:n], flags[:n])


@compiled
def _parse(source, size, xml, nodes):
    tag, parent, stop, start, end, flags = nodes
    stack = np.zeros(MAX_DEPTH, np.int32)
    names = np.zeros(MAX_DEPTH, np.int64)
    opened = np.zeros(len(tags.NAMES), np.int32)
    missing = np.zeros(_THINGS, np.bool_)  # what the rest of the page has been searched for in vain
    tag[0], parent[0], stop[0], start[0], end[0], flags[0] = ROOT, 0, 0, 0, 0, 0
    opened[ROOT] = 1
    depth, n, at, has_body = 1, 1, 0, False
    while at < size:
        piece = at  # text up to the next piece of markup
        while True:
            while at < size and source[at] != 60:
                at += 1
            if at >= size or (_is_markup(source[at + 1]) and not missing[_GREATER]):
                break
            at += 1
        if at > piece:
            if tag[stack[depth - 1]] == HEAD and not _is_white(source, piece, at):
                depth = close_all(nodes, stack, opened, depth, depth - 1, n)
            n = _add(nodes, TEXT, stack[depth - 1], piece, at, 0, n)
        if at >= size:
            break
        after = source[at + 1]
        if after == 33 or after == 63:
            stopped = _comment(source, at, size, missing)
            if opened[tags.SVG] + opened[tags.MATH] > 0 and _is_cdata(source, at):
                stopped = _until(source, at + 9, size, 93, 62, missing, _CDATA)
                if stopped > at + 12:
                    n = _add(nodes, TEXT, stack[depth - 1], at + 9, stopped - 3, 0, n)
            at = stopped
            continue
        closing = after == 47
        if closing and not _is_letter(source[at + 2]):
            at = _past(source, at, size, missing)
            continue
        name, key = at + 1 + closing, np.int64(0)
        while name < size and source[name] > 32 and source[name] != 47 and source[name] != 62:
            key = key_step(key, source[name] | 32 if 65 <= source[name] <= 90 else source[name])
            name += 1
        past, seen, closed = read_tag(source, name, size, missing)
        if past < 0:  # no ">" in the rest of the page: all of it is text
            continue
        kind = number_of(key)
        if closing:
            if opened[kind] == 0 and kind in (P, BR):
                n = _add(nodes, kind, stack[depth - 1], at, past, 0, n)
            else:
                depth = end_tag(nodes, stack, names, opened, depth, n, kind, key)
            at = past
            continue
        if (kind == HTML and opened[HTML] > 0) or (kind == BODY and has_body) or (kind == HEAD and has_body):
            at = past
            continue
        depth = make_room(nodes, stack, names, opened, depth, n, kind)
        has_body = has_body or kind == BODY
        node = n
        n = _add(nodes, kind, stack[depth - 1], at, past, seen, n)
        at = past
        foreign = opened[tags.SVG] + opened[tags.MATH] > 0
        if tags.VOID[kind] or (closed and (foreign or xml or kind == OTHER or kind == tags.SVG or kind == tags.MATH)):
            continue
        if tags.RAW[kind]:
            stopped, at = _raw_end(source, at, size, key, kind, missing)
            if stopped > past:
                n = _add(nodes, TEXT, node, past, stopped, 0, n)
            stop[node] = n
            continue
        depth = push(nodes, stack, names, opened, depth, node, key)
    for level in range(1, depth):  # what hides its content is believed only where it ends
        node = stack[level]
        if tags.INVISIBLE[tag[node]] and tag[node] != HEAD:
            tag[node] = OTHER
    close_all(nodes, stack, opened, depth, 0, n)
    return n


@inner
def _add(nodes, kind, above, begin, stopped, seen, n):
    """One more node, without content so far; how many there are."""
    tag, parent, stop, start, end, flags = nodes
    tag[n], parent[n], stop[n], start[n], end[n], flags[n] = kind, above, n + 1, begin, stopped, seen
    return n + 1


@inner
def _is_letter(byte):
    return 97 <= byte | 32 <= 122


@inner
def _is_markup(after):
    """Whether a "<" before this byte begins something other than text."""
    return after == 47 or after == 33 or after == 63 or _is_letter(after)


@inner
def _is_white(source, at, stop):
    while at < stop and source[at] <= 32:
        at += 1
    return at == stop


_COMMENT, _GREATER, _CDATA, _QUOTES, _RAWS = 0, 1, 2, 3, 8
_THINGS = _RAWS + len(tags.NAMES)


@inner
def _is_cdata(source, at):
    """Whether ``<![CDATA[`` begins here."""
    return source[at + 1] == 33 and source[at + 2] == 91 and source[at + 3] == 67 and source[at + 8] == 91


@inner
def _comment(source, at, size, missing):
    """Past the comment, document type or processing instruction at ``at``."""
    if source[at + 1] == 33 and source[at + 2] == 45 and source[at + 3] == 45:
        if source[at + 4] == 62:
            return at + 5
        if source[at + 4] == 45 and source[at + 5] == 62:
            return at + 6
        return _until(source, at + 4, size, 45, 45, missing, _COMMENT)
    return _past(source, at, size, missing)


@inner
def _until(source, begin, size, first, second, missing, thing):
    """Past the next two ``first`` and the ``>`` (``-->``, ``--!>``, ``]]>``); past the next ``>`` without them."""
    at = begin
    while not missing[thing] and at < size:
        if source[at] == 62 and at - begin >= 2:
            if source[at - 1] == first and source[at - 2] == first:
                return at + 1
            if second == 45 and source[at - 1] == 33 and source[at - 2] == 45 and source[at - 3] == 45:
                return at + 1
        at += 1
    missing[thing] = True
    return _past(source, begin, size, missing)


@inner
def _past(source, at, size, missing):
    """Past the next ">"; the "<" alone where there is none."""
    begin = at
    while not missing[_GREATER] and at < size:
        if source[at] == 62:
            return at + 1
        at += 1
    missing[_GREATER] = True
    return min(begin + 1, size)


@inner
def _raw_end(source, begin, size, key, kind, missing):
    """Where raw text ends and where its end tag does; without an end tag scripts go on to the end, others to "<"."""
    at = begin
    while not missing[_RAWS + kind] and at < size:
        while at < size and source[at] != 60:
            at += 1
        if at < size and source[at + 1] == 47:
            name, found = at + 2, np.int64(0)
            while name < size and _is_letter(source[name]):
                found = key_step(found, source[name] | 32)
                name += 1
            if found == key:
                return at, _past(source, name, size, missing)
        at += 1
    missing[_RAWS + kind] = True
    if kind == tags.SCRIPT or kind == tags.STYLE:
        return size, size
    at = begin
    while at < size and source[at] != 60:
        at += 1
    return at, at
