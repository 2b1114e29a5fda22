"""Tables of contents: lists of links into the page itself, which repeat its headings."""

from urllib.parse import urlsplit

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import HREF, value_of
from tasks.ingest.web.tree.tags import A, key_of
from tasks.ingest.web.tree.tree import Tree

_HREF = key_of(b"href")
_ITEM = tags.of("li dt dd")
_FEWEST = 3
"""Items that make a list a table of contents."""
_LINKED = 0.7
"""Share of an item's characters that lies in its link; the rest is its number."""
_TITLE = 40
"""Characters of what such a list is called, at most."""


def contents_of(tree: Tree, blocks: Blocks, address: str = "") -> np.ndarray:
    """Which blocks are a table of contents, or the heading right before one (bool[b]).

    Args:
        address: the page's own, which links into it may begin with; empty where it isn't known.
    """
    parts = urlsplit(address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    whole = np.frombuffer(f"{parts.netloc}{path}".encode(), np.uint8)
    host = len(parts.netloc.encode())
    found: np.ndarray = _contents(tree, blocks, whole, host, host + path.encode().rfind(b"/", 0, len(parts.path)) + 1)
    return found


@compiled
def _contents(tree, blocks, address, path, name):
    found = np.zeros(len(blocks.first), np.bool_)
    begin = 0
    for block in range(len(found) + 1):
        if block < len(found) and _leads_into_page(tree, blocks, block, address, path, name):
            continue
        if block - begin >= _FEWEST:
            found[begin:block] = True
            before = begin - 1
            if before >= 0 and blocks.characters[before] <= _TITLE and not _is_item(tree, blocks.element[before]):
                found[before] = True
        begin = block + 1
    return found


@inner
def _leads_into_page(tree, blocks, block, address, path, name):
    """Whether a block is an item that is a link to a place on the page."""
    linked = blocks.link_characters[block]
    if linked == 0 or linked < _LINKED * blocks.characters[block] or not _is_item(tree, blocks.element[block]):
        return False
    for node in range(blocks.first[block], blocks.stop[block]):
        if tree.tag[node] == A and tree.flags[node] & HREF:
            at, stop = value_of(tree.source, tree.start[node], tree.end[node], _HREF)
            place = at
            while place < stop and tree.source[place] != 35:
                place += 1
            if stop - place < 2 or (place > at and not _is_own(tree.source, at, place, address, path, name)):
                return False
    return True


@inner
def _is_own(source, at, stop, address, path, name):
    """Whether a link's address is the page's own: whole, without its protocol, from its path on, or its name alone."""
    if path == 0:
        return False
    for place in range(at, min(at + 6, stop - 2)):
        if source[place] == 58 and source[place + 1] == 47:
            at = place + 1
            break
    begin = name
    if source[at] == 47:
        begin = path
        if stop - at > 1 and source[at + 1] == 47:
            at, begin = at + 2, 0
    if stop - at != len(address) - begin or stop == at:
        return False
    for place in range(stop - at):
        if source[at + place] != address[begin + place]:
            return False
    return True


@inner
def _is_item(tree, element):
    """Whether an element is an item, or all that its item begins with."""
    return _ITEM[tree.tag[element]] or _ITEM[tree.tag[tree.parent[element]]]
