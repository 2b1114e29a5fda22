"""What phases read of a part's documents, for each range of their streams, and a range put in order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.recipe.mixture import BlocksConfig
from tasks.blocks.large.ends import End, places_of
from tasks.blocks.large.uses import KEY, NOTHING, Documents, in_order, reached, uses

DRAWN = np.dtype(
    [("key", KEY), ("length", "<i8"), ("checksum", "<u8"), ("label", "<u4"), ("group", "<u4"), ("use", "<u4")]
)
"""A use that is read: its key, the document's tokens and checksum, its label and the group that it is drawn for by
number, and which use of the document it is, from 1."""


@dataclass(frozen=True)
class Reading:
    """What a phase reads of a part: the uses (DRAWN) and the range of each (int64); a use is in two ranges where its
    bin reaches into both. And by group and number of uses at the phase's end, the tokens of the group's documents."""

    drawn: np.ndarray
    ranges: np.ndarray
    used: np.ndarray


def read(
    documents: Documents, found: Sequence[End], phase: int, labels: Sequence[tuple[str, str]], config: BlocksConfig
) -> Reading:
    """What a phase reads.

    Args:
        found: the ends of all phases.
        labels: language and domain of the labels of all parts.
    """
    catalog, end = documents.catalog, found[phase]
    groups = {name: number for number, name in enumerate(end.keys)}
    names = [cell[phase] for cell in documents.cells]
    group_of = np.array([-1 if name is None else groups[name] for name in names], np.int64)
    before = np.array([_used(cell[:phase], found) for cell in documents.cells], KEY)
    after = np.array([_used(cell[: phase + 1], found) for cell in documents.cells], KEY)
    until = np.where(group_of >= 0, after["bin"], -1)
    number_of = {label: number for number, label in enumerate(labels)}
    label = np.array([number_of[one] for one in catalog.names], np.int64)[catalog.labels]
    pieces, count = [np.zeros(0, DRAWN)], np.zeros(len(catalog.ids), np.int64)
    for use in uses(documents, config, until):
        cell = documents.cell[use.rows]
        used = reached(use.keys, after[cell])
        count[use.rows] += used
        mine = used & ~reached(use.keys, before[cell])
        rows, cell = use.rows[mine], cell[mine]
        own = np.zeros(len(rows), DRAWN)
        own["key"], own["use"], own["group"] = use.keys[mine], use.number, group_of[cell]
        own["length"], own["checksum"], own["label"] = catalog.tokens[rows], catalog.checksums[rows], label[rows]
        pieces.append(own)
    width, group = int(count.max(initial=0)) + 1, group_of[documents.cell]
    of_phase = group >= 0
    place = group[of_phase] * width + count[of_phase]
    sums = np.bincount(place, catalog.tokens[of_phase], minlength=len(groups) * width).astype(np.int64)
    return Reading(*_by_range(np.concatenate(pieces), end.ranges), sums.reshape(len(groups), width))


def in_range(drawn: np.ndarray, end: End, number: int) -> tuple[np.ndarray, int]:
    """The uses of a range in the order of the stream (DRAWN), and the token of the stream that the first begins with.

    Args:
        drawn: DRAWN; the range's of all parts, in any order.
    """
    here = end.ranges[number]
    until = end.ranges["place"][number + 1] if number + 1 < len(end.ranges) else np.inf
    pieces, places, start = [], [], 0
    for group, share in enumerate(end.drawn.values()):
        own = drawn[drawn["group"] == group]
        own = own[in_order(own["key"])]
        before = int(here["before"][group])
        place = places_of(own["length"], before, share or 1.0)
        first, last = np.searchsorted(place, (here["place"], until))
        start += before + int(own["length"][:first].sum())
        pieces.append(own[first:last])
        places.append(place[first:last])
    order = np.argsort(np.concatenate(places), kind="stable")
    return np.concatenate(pieces)[order], start


def _used(groups: Sequence[str | None], found: Sequence[End]) -> np.ndarray:
    """The key up to which documents of these groups are used up in the first phases."""
    keys = np.array(
        [NOTHING, *(end.keys[name] for name, end in zip(groups, found, strict=False) if name is not None)], KEY
    )
    return keys[in_order(keys)[-1]]


def _by_range(drawn: np.ndarray, ranges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The uses of each range, and its number."""
    pieces, numbers = [np.zeros(0, DRAWN)], [np.zeros(0, np.int64)]
    for group in range(ranges["first"].shape[1]):
        own = drawn[drawn["group"] == group]
        own = own[np.argsort(own["key"]["bin"], kind="stable")]
        first = np.searchsorted(own["key"]["bin"], ranges["first"][:, group])
        last = np.maximum(first, np.searchsorted(own["key"]["bin"], ranges["last"][:, group], side="right"))
        counts = last - first
        rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
        pieces.append(own[rows])
        numbers.append(np.repeat(np.arange(len(ranges)), counts))
    return np.concatenate(pieces), np.concatenate(numbers)
