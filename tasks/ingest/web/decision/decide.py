"""Which blocks of a page are its main content, why the others aren't, and what kind of page it is."""

from typing import Literal, NamedTuple

import numpy as np

from tasks.compiled import compiled
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.decision.contents import contents_of
from tasks.ingest.web.decision.features import Seen, features
from tasks.ingest.web.decision.model import likelihood, model
from tasks.ingest.web.decision.reasons import REASONS, is_imprint, kind_of, reasons_of
from tasks.ingest.web.decision.texts import ENDS, IDEOGRAPHS, WORDS
from tasks.ingest.web.tree.tree import Tree, tags

THRESHOLD = 0.5
"""Blocks that are likelier content than this are kept."""
_NEVER = 0.03
"""A heading that is less likely than this is no content whatever follows it."""
_ENOUGH = 40
"""Words, an ideograph counted as half of one, that are enough for a page."""
_FEW = 0.15
"""What is kept of running text is too little below this share of it."""
_IN_MANUAL = 0.2
"""Nearly all that a manual says is content: what nothing speaks against but its length or place is kept from here."""
_IN_LIST = 0.2
"""The same for a list's first item that is a sentence, right behind what is kept."""
_BARE = 0.1
"""A page without a single link has nothing around its content: all that is likelier than this is kept."""
_APART = [REASONS.index(reason) for reason in ("too short and apart", "apart from the content")]
_CONTENTS = REASONS.index("table of contents")
_HEADING = tags.of("h2 h3 h4 h5 h6 dt")
_TOGETHER = tags.of("li td th dd")


class Decision(NamedTuple):
    """What is said of a page's blocks; b blocks."""

    keep: np.ndarray
    """bool[b]; whether a block is written."""
    reason: np.ndarray
    """int8[b]; why, an index of `reasons.REASONS`."""
    score: np.ndarray
    """float32[b]; how likely each is content, from 0 to 1."""
    kind: str
    """The kind of page: one of `reasons.KINDS`; empty where nothing was decided."""
    extraction: Literal["main", "fallback", "all"]
    """Which way was taken: the decision, the densest region, or all text."""


def decide(tree: Tree, blocks: Blocks, address: str = "") -> Decision:
    """Decide on a page's blocks; of a page that has text something is always kept.

    Args:
        address: the page's own, where it is known: links that begin with it lead into the page.
    """
    if not len(blocks.first):
        none = np.zeros(0, np.float32)
        return Decision(none.astype(bool), none.astype(np.int8), none, "other", "all")
    seen = features(tree, blocks)
    score, contents = likelihood(tree, blocks, seen, model()), contents_of(tree, blocks, address)
    score[contents] = 0
    keep = score > (THRESHOLD if blocks.link_characters.any() else _BARE)
    _joined(keep, score, tree.tag, tree.parent, blocks.element, blocks.characters, seen.groups, THRESHOLD)
    keep |= _first_items(keep, score, tree, blocks, seen)
    keep, extraction = _never_nothing(keep, score, tree, blocks, seen)
    _with_neighbours(keep, blocks.characters)
    kind, reason = kind_of(tree, seen, keep), reasons_of(keep, score, seen, extraction)
    if kind == "documentation":
        keep |= np.isin(reason, _APART) & (score > _IN_MANUAL)
        keep |= _heads(tree.tag[blocks.element], keep)
        content = keep & ~is_imprint(seen)
        keep = content if content.any() else keep
        reason = reasons_of(keep, score, seen, extraction)
    reason[contents & ~keep] = _CONTENTS
    return Decision(keep, reason, score, kind, extraction)


def all_of(blocks: Blocks) -> Decision:
    """Every block of a page, without a decision."""
    count = len(blocks.first)
    reason = np.full(count, REASONS.index("all text is kept"), np.int8)
    return Decision(np.ones(count, np.bool_), reason, np.ones(count, np.float32), "", "all")


@compiled
def _joined(keep, score, tag, parent, element, characters, groups, threshold):
    """Items and cells side by side stand or fall together, and a heading stands with what follows it."""
    count = keep.size
    block = 0
    while block < count:
        end = block + 1
        if _TOGETHER[tag[element[block]]]:
            holder = parent[element[block]]
            weight = np.float32(min(max(1, characters[block]), 300))
            likely, letters = score[block] * weight, weight
            while end < count and groups[end] == groups[block] and parent[element[end]] == holder:
                weight = np.float32(min(max(1, characters[end]), 300))
                likely, letters = likely + score[end] * weight, letters + weight
                end += 1
            if end - block >= 2:
                keep[block:end] = likely > threshold * letters
        block = end
    for block in range(count - 2, -1, -1):
        if _HEADING[tag[element[block]]] and keep[block + 1] and score[block] > _NEVER:
            keep[block] = True


def _first_items(keep: np.ndarray, score: np.ndarray, tree: Tree, blocks: Blocks, seen: Seen) -> np.ndarray:
    """Items that are sentences with links in them, right behind a kept block of the element that holds their list."""
    list_ = tree.parent[blocks.element]
    behind = np.zeros(len(keep), bool)
    behind[1:] = keep[:-1] & (tree.parent[list_][1:] == list_[:-1]) & (tree.tag[blocks.element[1:]] == tags.LI)
    prose = (blocks.link_characters < 0.5 * blocks.characters) & (seen.counts[:, ENDS] > 0)
    return behind & prose & (score > _IN_LIST)


def _heads(element: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The ``<h1>`` right before the first block that is kept: what a page of a manual is called."""
    head = np.zeros(len(keep), bool)
    first = int(np.argmax(keep)) - 1
    head[first] = first >= 0 and element[first] == tags.H1
    return head


@compiled
def _with_neighbours(keep, characters):
    """Images and formulas alone, which have no text of their own, stand with the block before or behind them."""
    for block in range(keep.size):
        if characters[block] == 0:
            before = block > 0 and keep[block - 1]
            keep[block] = before or (block + 1 < keep.size and keep[block + 1])


def _never_nothing(
    keep: np.ndarray, score: np.ndarray, tree: Tree, blocks: Blocks, seen: Seen
) -> tuple[np.ndarray, Literal["main", "fallback", "all"]]:
    """The blocks that are kept, or what is kept instead when they are too few."""
    units = seen.counts[:, WORDS] + 0.5 * seen.counts[:, IDEOGRAPHS]
    if units[keep].sum() >= _ENOUGH or seen.running[keep].sum() >= max(_FEW * seen.running.sum(), 1):
        return keep, "main"
    for lower in (0.6, 0.4, 0.25):
        wider = keep | (score > lower * THRESHOLD)
        if units[wider].sum() >= _ENOUGH:
            return wider, "fallback"
    densest = seen.regions[-1]
    inside = (blocks.element >= densest) & (blocks.element < tree.stop[densest])
    links = blocks.link_characters > 0.5 * blocks.characters
    region = keep | (inside & ~links)
    if densest and units[region].sum() >= _ENOUGH:
        return region, "fallback"
    if units[keep].sum() > 0 and units[keep].sum() >= 0.5 * units.sum():
        return keep, "main"
    return np.ones(len(keep), bool), "all"
