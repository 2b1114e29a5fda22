"""A row of numbers for each block of a page: what the decision looks at."""

from functools import cache
from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.decision import words
from tasks.ingest.web.decision.automaton import Automaton
from tasks.ingest.web.decision.marks import element_marks
from tasks.ingest.web.decision.regions import SHARES, below, containers, running_text
from tasks.ingest.web.decision.texts import (
    COLUMNS,
    ENDS,
    IDEOGRAPHS,
    TITLE,
    WORDS,
    block_texts,
)
from tasks.ingest.web.tree.tree import Tree, tags

ANCESTORS = (
    ("article",), ("main",), ("nav",), ("aside",), ("footer",), ("header",), ("form",), ("ul", "ol", "menu"), ("li",),
    ("table",), ("td", "th"), ("blockquote",), ("figure",), ("figcaption",), ("section",), ("dl", "dt", "dd"), ("p",),
    ("h1", "h2", "h3", "h4", "h5", "h6"), ("button", "label", "select", "fieldset"), ("pre",), ("a",), ("address",),
)  # fmt: skip
"""Elements whose distance above a block is measured, by kind."""
FAR = 30
"""Levels above a block that are looked at: what lies higher holds the whole page."""
_SHARES = len(SHARES)
_LEVELS = 4
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
_AROUND = 6
_FAMILIES = len(words.CLASSES)
_PHRASES = len(words.PHRASES)
_KINDS = len(ANCESTORS)


class Seen(NamedTuple):
    """What is known of a page's blocks before the decision."""

    rows: np.ndarray
    """float32[b, f], columns as `NAMES`."""
    running: np.ndarray
    """float32[b]; characters of running text."""
    counts: np.ndarray
    """float32[b, c]; columns of `tasks.ingest.web.decision.texts`."""
    phrases: np.ndarray
    """uint64[b]; families of `words.PHRASES`."""
    regions: np.ndarray
    """int32[s + 1]; see `containers`."""
    sums: np.ndarray
    """float32[n, 4]; see `below`."""
    wider: np.ndarray
    """int32[n]; see `below`."""
    groups: np.ndarray
    """int32[b]; blocks with the same path of elements and classes have the same number."""


def _names() -> list[str]:
    names = ["element", "heading", "characters", "link_share", "running", "word_length", "alone_in_element"]
    names += [f"text_{name}" for name in COLUMNS] + [f"rate_{name}" for name in COLUMNS[:9]]
    names += ["title_found", "title_covered", "place", "place_characters", "from_h1", "before_h1"]
    names += [f"in_{share}" for share in SHARES] + ["in_densest", "steps_to_densest", "before_densest", "after_densest"]
    names += [
        "running_before",
        "running_behind",
        "to_running_before",
        "to_running_behind",
        "links_around",
        "running_share_before",
    ]
    names += [f"{what}_{level}" for level in range(_LEVELS) for what in ("size", "links", "share", "blocks")]
    names += [
        "group",
        "group_characters",
        "group_links",
        "group_running",
        "same_text",
        "worst_share",
        "best_share",
        "depth",
    ]
    for offset in _NEIGHBOURS:
        names += [
            f"{what}@{offset}" for what in ("characters", "link_share", "running", "heading", "same_group", "ends")
        ]
    names += ["page_characters", "page_running", "page_links", "page_blocks", "page_ideographs", "page_articles"]
    names += [f"class_{family}" for family in words.CLASSES] + [f"inside_{kind[0]}" for kind in ANCESTORS]
    return names + [f"says_{family}" for family in words.PHRASES]


NAMES = _names()
_ASIDE = "nav footer side comment share related popular ad form notice breadcrumb pager tag widget teaser".split()
_BAD = sum(1 << place for place, family in enumerate(words.CLASSES) if family in _ASIDE)
_GOOD = sum(1 << place for place, family in enumerate(words.CLASSES) if family in ("article", "body", "main"))


def _kinds() -> np.ndarray:
    kinds = np.full(len(tags.NAMES), -1, np.int8)
    for place, names in enumerate(ANCESTORS):
        for name in names:
            kinds[tags.NUMBERS[name]] = place
    return kinds


_KIND = _kinds()
_ARTICLE = tags.NUMBERS["article"]
_HEADING = np.zeros(len(tags.NAMES), np.float32)
for _level in range(1, 7):
    _HEADING[tags.NUMBERS[f"h{_level}"]] = _level


@cache
def automata() -> tuple[Automaton, Automaton]:
    """For class names, for texts."""
    return words.class_words(), words.phrases()


def features(tree: Tree, blocks: Blocks) -> Seen:
    """Look at a page's blocks."""
    classes, texts = automata()
    marks, paths = element_marks(tree, *classes)
    counts, phrases, hashes, title = block_texts(tree, blocks, *texts)
    running = running_text(counts, blocks.characters, blocks.link_characters)
    sums, wider = below(tree.parent, blocks.element, blocks.characters, blocks.link_characters, running)
    regions = containers(tree.tag, tree.parent, tree.stop, blocks.element, running, sums)
    rows = np.zeros((len(blocks.first), len(NAMES)), np.float32)
    groups = _fill(
        rows, tree.tag, tree.parent, tree.stop, blocks.first, blocks.stop, blocks.element, blocks.characters,
        blocks.link_characters, marks, paths, counts, phrases, hashes, title, running, sums, wider, regions,
        _KIND, _HEADING, np.uint64(_BAD), np.uint64(_GOOD),
    )  # fmt: skip
    return Seen(rows, running, counts, phrases, regions, sums, wider, groups)


@inner
def _groups(keys):
    """A number for each different key (int32[b]), and how many there are."""
    size = 16
    while size < 2 * keys.size:
        size *= 2
    slots = np.full(size, -1, np.int32)
    groups = np.zeros(keys.size, np.int32)
    count = 0
    for item in range(keys.size):
        place = np.int64((keys[item] ^ (keys[item] >> np.uint64(29))) & np.uint64(size - 1))
        while slots[place] >= 0 and keys[slots[place]] != keys[item]:
            place = (place + 1) & (size - 1)
        if slots[place] < 0:
            slots[place] = item
            groups[item] = count
            count += 1
        else:
            groups[item] = groups[slots[place]]
    return groups, count


@inner
def _log(value):
    return np.log2(1.0 + value)


@inner
def _start_of(tag, parent, stop, first, last, element):
    """The lowest element that holds a whole block."""
    if tag[first] != tags.TEXT and stop[first] >= last:
        node = first
        while node + 1 < last and tag[node + 1] != tags.TEXT and stop[node + 1] >= last:
            node += 1
        return node
    return parent[first] if last == first + 1 else element


@inner
def _climb(row, column, node, tag, parent, marks, sums, kind, bad, good):
    """Distances to the nearest ancestors of each family and kind; shares of what is called bad and good; the depth."""
    row[column : column + _FAMILIES + _KINDS] = FAR
    seen = np.uint64(0)
    worst = np.float32(-1)
    best = np.float32(2)
    depth = 0
    whole = max(np.float32(1), sums[0, 2])
    while node > 0 and depth < FAR:
        fresh = marks[node] & ~seen
        seen |= marks[node]
        family = 0
        while fresh:
            if fresh & np.uint64(1):
                row[column + family] = depth
            fresh >>= np.uint64(1)
            family += 1
        if marks[node] & bad:
            worst = max(worst, sums[node, 2] / whole)
        if marks[node] & good:
            best = min(best, sums[node, 2] / whole)
        which = kind[tag[node]]
        if which >= 0 and row[column + _FAMILIES + which] == FAR:
            row[column + _FAMILIES + which] = depth
        node = parent[node]
        depth += 1
    return worst, best, depth


@compiled
def _fill(
    rows, tag, parent, stop, first, last, element, characters, link_characters, marks, paths, counts, phrases, hashes,
    title, running, sums, wider, regions, kind, heading_of, bad, good,
):  # fmt: skip
    count = first.size
    near = np.zeros(tag.size, np.int16)
    node = regions[_SHARES]
    steps = 1
    while node > 0:
        near[node] = min(steps, 30000)
        node = parent[node]
        steps += 1
    densest = regions[_SHARES]
    keys = np.zeros(count, np.uint64)
    articles = 0
    ideographs = 0.0
    h1 = -1
    densest_first = count
    densest_last = -1
    for block in range(count):
        keys[block] = paths[element[block]]
        ideographs += counts[block, IDEOGRAPHS]
        if tag[element[block]] == tags.H1 and (h1 < 0 or counts[block, TITLE] > counts[h1, TITLE]):
            h1 = block
        if densest < element[block] < stop[densest]:
            densest_first = min(densest_first, block)
            densest_last = block
    for node in range(tag.size):
        if tag[node] == _ARTICLE:
            articles += 1
    groups, kinds = _groups(keys)
    same, texts = _groups(hashes)
    of_group = np.zeros((kinds, 4), np.float32)
    of_text = np.zeros(texts, np.float32)
    for block in range(count):
        of_group[groups[block], 0] += 1
        of_group[groups[block], 1] += characters[block]
        of_group[groups[block], 2] += link_characters[block]
        of_group[groups[block], 3] += running[block]
        of_text[same[block]] += 1
    whole = max(np.float32(1), sums[0, 0])
    whole_running = max(np.float32(1), sums[0, 2])
    before = 0.0
    running_before = 0.0
    from_running = 99
    to_running = np.full(count, 99, np.int32)
    for block in range(count - 2, -1, -1):
        to_running[block] = 1 if running[block + 1] > 0 else min(99, to_running[block + 1] + 1)
    for block in range(count):
        row = rows[block]
        size = max(1, characters[block])
        holder = element[block]
        at = 0
        row[at] = tag[holder]
        row[at + 1] = heading_of[tag[holder]]
        row[at + 2] = _log(characters[block])
        row[at + 3] = link_characters[block] / size
        row[at + 4] = _log(running[block])
        row[at + 5] = size / max(np.float32(1), counts[block, WORDS] + counts[block, IDEOGRAPHS])
        row[at + 6] = sums[holder, 3]
        at += 7
        units = max(np.float32(1), counts[block, WORDS] + counts[block, IDEOGRAPHS])
        for column in range(counts.shape[1]):
            row[at + column] = counts[block, column]
        at += counts.shape[1]
        for column in range(9):
            row[at + column] = counts[block, column] / units
        at += 9
        row[at] = counts[block, TITLE] / units
        row[at + 1] = counts[block, TITLE] / max(np.float32(1), title)
        row[at + 2] = block / count
        row[at + 3] = before / whole
        row[at + 4] = 99 if h1 < 0 else max(-60, min(60, block - h1))
        row[at + 5] = h1 >= 0 and block < h1
        at += 6
        for share in range(_SHARES):
            region = regions[share]
            row[at + share] = region <= holder < stop[region]
        at += _SHARES
        inside = densest <= holder < stop[densest]
        row[at] = inside
        climbed = 0
        node = holder
        while node > 0 and near[node] == 0 and climbed < FAR:
            node = parent[node]
            climbed += 1
        row[at + 1] = climbed if inside else climbed + near[node]
        row[at + 2] = max(0, min(60, densest_first - block))
        row[at + 3] = max(0, min(60, block - densest_last))
        at += 4
        around = 0.0
        behind = 0.0
        links = 0.0
        letters = 0.0
        for other in range(max(0, block - _AROUND), min(count, block + _AROUND + 1)):
            if other < block:
                around += running[other]
            elif other > block:
                behind += running[other]
            links += link_characters[other]
            letters += characters[other]
        row[at] = _log(around)
        row[at + 1] = _log(behind)
        row[at + 2] = from_running
        row[at + 3] = to_running[block]
        row[at + 4] = links / max(1.0, letters)
        row[at + 5] = running_before / whole_running
        at += 6
        node = holder
        for _ in range(_LEVELS):
            row[at] = _log(sums[node, 0])
            row[at + 1] = sums[node, 1] / max(np.float32(1), sums[node, 0])
            row[at + 2] = sums[node, 2] / whole_running
            row[at + 3] = _log(sums[node, 3])
            at += 4
            node = wider[node]
        of = of_group[groups[block]]
        row[at] = of[0]
        row[at + 1] = _log(of[1] / of[0])
        row[at + 2] = of[2] / max(np.float32(1), of[1])
        row[at + 3] = of[3] / whole_running
        row[at + 4] = of_text[same[block]]
        tail = len(rows[0]) - _FAMILIES - _KINDS - _PHRASES
        lowest = _start_of(tag, parent, stop, first[block], last[block], holder)
        row[at + 5], row[at + 6], row[at + 7] = _climb(row, tail, lowest, tag, parent, marks, sums, kind, bad, good)
        at += 8
        for offset in _NEIGHBOURS:
            other = block + offset
            if 0 <= other < count:
                row[at] = _log(characters[other])
                row[at + 1] = link_characters[other] / max(1, characters[other])
                row[at + 2] = _log(running[other])
                row[at + 3] = heading_of[tag[element[other]]]
                row[at + 4] = groups[other] == groups[block]
                row[at + 5] = counts[other, ENDS]
            else:
                row[at : at + 6] = -1
            at += 6
        row[at] = _log(sums[0, 0])
        row[at + 1] = sums[0, 2] / whole
        row[at + 2] = sums[0, 1] / whole
        row[at + 3] = _log(count)
        row[at + 4] = ideographs / whole
        row[at + 5] = articles
        for phrase in range(_PHRASES):
            row[tail + _FAMILIES + _KINDS + phrase] = (phrases[block] >> np.uint64(phrase)) & np.uint64(1)
        before += characters[block]
        running_before += running[block]
        from_running = 1 if running[block] > 0 else min(99, from_running + 1)
    return groups
