"""The elements that MathJax 3 and 4 draw formulas with, read back as the MathML that they were made from.

Each element of MathML is one called ``mjx-`` and its name; others are boxes around it, and a character is the number
in a class of ``mjx-c``. Scripts are drawn from top to bottom, so their order is turned.
"""

import re

from tasks.ingest.web.formulas.mathml import Element
from tasks.ingest.web.tree.attributes import attribute
from tasks.ingest.web.tree.elements import Attributes, name_of, text_in
from tasks.ingest.web.tree.tree import Tree

_CODE = re.compile(r"mjx-c([0-9A-F]{2,6})\b")
_DRAWN = frozenset(("mjx-surd", "mjx-strut", "mjx-nstrut", "mjx-dstrut", "mjx-tstrut", "mjx-line", "mjx-assistive-mml"))
_PARTS = {"mjx-num": 0, "mjx-den": 1, "mjx-base": 0, "mjx-under": 1, "mjx-over": 2, "mjx-script": 1, "mjx-root": 1}
_MAX_DEPTH = 80


def formula(tree: Tree, root: int) -> Element:
    """An ``mjx-math`` element as MathML."""
    return _element(tree, root, 0)


def _element(tree: Tree, node: int, depth: int) -> Element:
    name = name_of(tree, node).removeprefix("mjx-")
    parts = _parts(tree, node, depth)
    loose, script = parts.pop("", []), parts.get("mjx-script", [])
    element = Element("mrow" if name == "texatom" else name, Attributes(tree, node))
    if len(script) == 2:  # drawn from top to bottom
        element.children = [_group(loose), script[1], script[0]]
    elif parts:
        named = [_group(parts[part]) for part in sorted(parts, key=_PARTS.__getitem__)]
        element.children = [_group(loose), *named] if loose else [*named]
        if name == "munderover" and len(element.children) == 2:
            element.name = "mover"  # its lower half is an element of its own
    else:
        element.children = loose
    return element


def _group(children: list[Element | str]) -> Element:
    return Element("mrow", {}, children)


def _parts(tree: Tree, node: int, depth: int) -> dict[str, list[Element | str]]:
    """What lies in an element, by the named box around it, with boxes that mean nothing away."""
    parts: dict[str, list[Element | str]] = {}
    at, stop = node + 1, int(tree.stop[node])
    part, until = "", stop
    while at < stop:
        if at >= until:
            part = ""
        name = name_of(tree, at)
        found: Element | str = ""
        if name in _PARTS:
            part, until = name, int(tree.stop[at])
        if code := _CODE.search(attribute(tree, at, "class")):
            found = chr(min(int(code[1], 16), 0x10FFFF))
        elif name == "mjx-utext":
            found = text_in(tree, at)
        elif depth < _MAX_DEPTH and (name.startswith("mjx-m") or name == "mjx-texatom"):
            found = _element(tree, at, depth + 1)
        elif name not in _DRAWN:
            at += 1  # a box: what is in it comes next
            continue
        if found:
            parts.setdefault(part, []).append(found)
        at = int(tree.stop[at])
    return parts
