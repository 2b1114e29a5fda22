"""Elements of a page, one at a time, for what is rare on pages: names, classes, text, formulas."""

import html
from collections.abc import Iterator

from tasks.ingest.web.formulas.mathml import TOKENS, Element
from tasks.ingest.web.tree.attributes import attribute, find
from tasks.ingest.web.tree.tree import Tree, tags

_MAX_DEPTH = 80
"""Elements of a formula in each other, at most; what is deeper is read as if it weren't."""


class Attributes(dict[str, str]):
    """An element's attributes, each looked up when it is asked for."""

    def __init__(self, tree: Tree, node: int) -> None:
        self._tree, self._node = tree, node

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        tree, node = self._tree, self._node
        at, stop = find(tree.source, tree.start[node], tree.end[node], tags.key_of(name.encode()))
        return default if at < 0 else html.unescape(tree.source[at:stop].tobytes().decode("utf-8", "replace"))


def name_of(tree: Tree, node: int) -> str:
    """An element's name in lower case, without its prefix."""
    number = tree.tag[node]
    if number != tags.OTHER:
        return tags.NAMES[number]
    begin = int(tree.start[node]) + 1
    head = tree.source[begin : min(begin + 64, int(tree.end[node]))].tobytes()
    name = head.replace(b"/", b" ").replace(b">", b" ").split(maxsplit=1)[0] if head.strip() else b""
    return name.rpartition(b":")[2].lower().decode("utf-8", "replace")


def classes(tree: Tree, node: int) -> list[str]:
    """An element's classes, in lower case."""
    return attribute(tree, node, "class").lower().split()


def text_in(tree: Tree, node: int) -> str:
    """The text in an element, with entities decoded but for raw text, as it stands there."""
    first, stop = node + 1, int(tree.stop[node])
    pieces = [_bytes(tree, at).decode("utf-8", "replace") for at in range(first, stop) if tree.tag[at] == tags.TEXT]
    text = "".join(pieces)
    return text if tags.RAW[tree.tag[node]] else html.unescape(text)


def descendants(tree: Tree, node: int) -> Iterator[int]:
    """The elements in an element, in document order."""
    for at in range(node + 1, int(tree.stop[node])):
        if tree.tag[at] != tags.TEXT:
            yield at


def following(tree: Tree, node: int) -> Iterator[int]:
    """The elements behind an element in the same one; text that isn't blank ends them."""
    at, stop = int(tree.stop[node]), int(tree.stop[tree.parent[node]])
    while at < stop:
        if tree.tag[at] != tags.TEXT:
            yield at
        elif _bytes(tree, at).strip():
            return
        at = int(tree.stop[at])


def formula(tree: Tree, root: int) -> Element:
    """A ``math`` element as MathML."""
    nodes = slice(root, int(tree.stop[root]))
    begin = int(tree.start[root])
    page = tree.source[begin : int(tree.end[nodes].max())].tobytes()
    columns = (tree.tag[nodes], tree.start[nodes] - begin, tree.end[nodes] - begin, tree.stop[nodes])
    top = Element("")
    inside = [(nodes.stop + 1, top)]
    for node, (tag, start, end, stop) in enumerate(zip(*(column.tolist() for column in columns), strict=True), root):
        while node >= inside[-1][0]:
            inside.pop()
        above = inside[-1][1].children
        if tag == tags.TEXT:
            above.append(html.unescape(page[start:end].decode("utf-8", "replace")))
            continue
        name = name_of(tree, node) if tag == tags.OTHER else tags.NAMES[tag]
        if len(inside) < _MAX_DEPTH + (name in TOKENS):
            element = Element(name, Attributes(tree, node) if b"=" in page[start:end] else {})
            above.append(element)
            inside.append((stop, element))
    return top


def _bytes(tree: Tree, node: int) -> bytes:
    return tree.source[tree.start[node] : tree.end[node]].tobytes()
