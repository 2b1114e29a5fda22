"""Formulas in elements that are hidden because something beside them is to show the formula."""

from tasks.ingest.web.tree.attributes import HIDDEN, attribute
from tasks.ingest.web.tree.elements import following, text_in
from tasks.ingest.web.tree.tree import Tree, tags

_ABOVE = 4
"""Elements above a formula that may hide it."""


def shown(tree: Tree, nodes: list[int], texts: list[bytes]) -> list[int]:
    """The elements that stand for formulas: the hidden one that holds a formula alone, where nothing else shows it.

    ``aria-hidden`` hides nothing from the eye, and a hidden inline element around one formula is what a script or a
    picture stands for. Formulas in a hidden block are as hidden as its text.

    Args:
        nodes: elements with a formula, in document order.
        texts: what is written of each; empty for what only repeats one.
    """
    made = list(nodes)
    for place, (node, text) in enumerate(zip(nodes, texts, strict=True)):
        wrapper = _wrapper(tree, node) if text else 0
        before = made[place - 1] if place and texts[place - 1] else 0
        behind = made[place + 1] if place + 1 < len(made) and texts[place + 1] else -1
        if wrapper and wrapper != _next(tree, before) and _next(tree, wrapper) != behind:
            made[place] = wrapper
    return made


def _next(tree: Tree, node: int) -> int:
    """The element behind an element, with nothing but blanks between; 0 where there is none."""
    return next(following(tree, node), 0) if node else 0


def _wrapper(tree: Tree, node: int) -> int:
    """The highest hidden element that holds this one and nothing else; 0 where there is none."""
    found, at = 0, node
    for _ in range(_ABOVE):
        at = int(tree.parent[at])
        if at <= 0 or not _holds_alone(tree, at, node):
            break
        if tree.flags[at] & HIDDEN and (not tags.BLOCK[tree.tag[at]] or attribute(tree, at, "aria-hidden") == "true"):
            found = at
    return found


def _holds_alone(tree: Tree, outer: int, inner: int) -> bool:
    return len(text_in(tree, outer).strip()) == len(text_in(tree, inner).strip()) and not any(
        tree.tag[at] == tags.IMG for at in range(outer + 1, int(tree.stop[outer])) if not inner <= at < tree.stop[inner]
    )
