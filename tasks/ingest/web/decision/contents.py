"""Tables of contents: lists of links into the page itself, which repeat its headings."""

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree import tags
from tasks.ingest.web.tree.attributes import HREF, value_of
from tasks.ingest.web.tree.tags import A, key_of

_HREF = key_of(b"href")
_ITEM = tags.of("li dt dd")
_FEWEST = 3
"""Items that make a list a table of contents."""
_LINKED = 0.7
"""Share of an item's characters that lies in its link; the rest is its number."""
_TITLE = 40
"""Characters of what such a list is called, at most."""


@compiled
def contents_of(tree, blocks):
    """Which blocks are a table of contents, or the heading right before one (bool[b])."""
    found = np.zeros(len(blocks.first), np.bool_)
    begin = 0
    for block in range(len(found) + 1):
        if block < len(found) and _leads_into_page(tree, blocks, block):
            continue
        if block - begin >= _FEWEST:
            found[begin:block] = True
            before = begin - 1
            if before >= 0 and blocks.characters[before] <= _TITLE and not _is_item(tree, blocks.element[before]):
                found[before] = True
        begin = block + 1
    return found


@inner
def _leads_into_page(tree, blocks, block):
    """Whether a block is an item that is a link to a place on the page."""
    linked = blocks.link_characters[block]
    if linked == 0 or linked < _LINKED * blocks.characters[block] or not _is_item(tree, blocks.element[block]):
        return False
    for node in range(blocks.first[block], blocks.stop[block]):
        if tree.tag[node] == A and tree.flags[node] & HREF:
            at, stop = value_of(tree.source, tree.start[node], tree.end[node], _HREF)
            if stop - at < 2 or tree.source[at] != 35:
                return False
    return True


@inner
def _is_item(tree, element):
    """Whether an element is an item, or all that its item begins with."""
    return _ITEM[tree.tag[element]] or _ITEM[tree.tag[tree.parent[element]]]
