"""Where each phase ends, exactly: the last use that is read of each group; and its stream cut into ranges.

The counts say what lies before the bins in which a group may end; the documents in these are known one by one. A range
is a stretch of the stream that one worker puts in order: of each group the bins that reach into it, and the tokens
that are drawn of the group before these.
"""

import math
from dataclasses import dataclass

import numpy as np

from smelt.recipe.blocks import phase_tokens
from smelt.recipe.mixture import BlocksConfig
from tasks.blocks import mixing
from tasks.blocks.large.bounds import Bounds
from tasks.blocks.large.counts import Counts
from tasks.blocks.large.uses import KEY, NOTHING, in_order, reached

NEAR = np.dtype([("key", KEY), ("cell", "<u4"), ("tokens", "<i8")])
"""A use near a phase's end, the number of its document's cell, and its tokens."""
RANGE = 1 << 20
"""Documents of a range, more or less."""


@dataclass(frozen=True)
class End:
    """A phase's end.

    Attributes:
        asked, drawn: share of each group that the recipe asks for, and that is drawn for.
        got: tokens of each group in the stream.
        keys: of each group the last use that is read (KEY).
        ranges: the stream's stretches; see ``range_type``.
    """

    asked: dict[str, float]
    drawn: dict[str, float]
    got: dict[str, int]
    keys: dict[str, np.ndarray]
    ranges: np.ndarray


def range_type(groups: int) -> np.dtype:
    """A range: the place where it begins (before the first there is nothing, behind the last neither), tokens of the
    stream that it begins no earlier and ends no later than, of each group the first and the last bin that reach into
    it, and the tokens of the group that are drawn before that first bin."""
    fields = [(name, "<i8", (groups,)) for name in ("first", "last", "before")]
    return np.dtype([("place", "<f8"), ("start", "<i8"), ("end", "<i8"), *fields])


def ends(counts: Counts, near: np.ndarray, within: Bounds, config: BlocksConfig) -> list[End]:
    """Where phases end.

    Args:
        near: NEAR; every use in the bins of ``within``.

    Raises:
        StageError: as ``mixing.shares_drawn``.
    """
    near = near[in_order(near["key"])]
    left = counts.tokens.copy()  # of each cell, tokens of uses that are not read yet, by bin
    fresh, last = np.ones(len(near), bool), np.full(len(counts.cells), NOTHING)
    found = []
    for phase, bins in enumerate(within):
        end = _end(counts, left, near, fresh, bins, config, phase)
        found.append(end)
        for name, key in end.keys.items():
            for cell in counts.members(phase, name).tolist():
                if not reached(key, last[cell]):
                    last[cell] = key
                    _use(counts.tokens[cell], left[cell], near, fresh, cell, key)
    return found


def _use(tokens: np.ndarray, left: np.ndarray, near: np.ndarray, fresh: np.ndarray, cell: int, key: np.ndarray) -> None:
    """Take from what is left of a cell all uses up to a key."""
    own = near["cell"] == cell
    used = own & reached(near["key"], key)
    fresh[used] = False
    in_bin = used & (near["key"]["bin"] == key["bin"])
    left[: key["bin"]] = 0
    left[key["bin"]] = tokens[key["bin"]] - near["tokens"][in_bin].sum()


def _end(
    counts: Counts,
    left: np.ndarray,
    near: np.ndarray,
    fresh: np.ndarray,
    bins: dict[str, tuple[int, int]],
    config: BlocksConfig,
    phase: int,
) -> End:
    """Where a phase ends."""
    asked, length = counts.shares(config, phase), phase_tokens(config.phases[phase]) + 1
    members = [counts.members(phase, name) for name in asked]
    used = (counts.tokens - left).sum(axis=1)
    supply = {name: int((counts.facts["supply"] - used)[own].sum()) for name, own in zip(asked, members, strict=True)}
    drawn = mixing.shares_drawn(config.phases[phase], length, asked, supply, config)
    group_of = np.full(len(counts.cells), -1)
    for number, own in enumerate(members):
        group_of[own] = number
    rows, places, before = [], [], []
    for number, (name, own) in enumerate(zip(asked, members, strict=True)):
        first, last = bins[name] if drawn[name] else (0, -1)
        bin_of = near["key"]["bin"]
        mine = np.flatnonzero(fresh & (group_of[near["cell"]] == number) & (bin_of >= first) & (bin_of <= last))
        before.append(int(left[own, :first].sum()))
        rows.append(mine)
        places.append(places_of(near["tokens"][mine], before[-1], drawn[name]))
    row, place = np.concatenate(rows), np.concatenate(places)
    order = np.argsort(place, kind="stable")
    row, place = row[order], place[order]
    reach = sum(before) + np.cumsum(near["tokens"][row])
    count = min(len(row), int(np.searchsorted(reach, length)) + 1)
    row, place, reach = row[:count], place[:count], reach[:count]
    got, keys = {}, {}
    over = max(0, int(reach[-1]) - length)
    for number, name in enumerate(asked):
        mine = row[group_of[near["cell"][row]] == number]
        got[name] = before[number] + int(near["tokens"][mine].sum())
        keys[name] = near["key"][mine[-1]] if len(mine) else np.array((bins[name][0], -1.0, 0, 0, 0), KEY)
    ranges = _ranges(counts, left, members, list(drawn.values()), list(got.values()), keys, float(place[-1]))
    got[list(asked)[group_of[near["cell"][row[-1]]]]] -= over
    return End(asked, drawn, got, keys, ranges)


def places_of(tokens: np.ndarray, before: int, share: float) -> np.ndarray:
    """The places in the stream (float64, N) of documents of one group that come one after the other: where the middle
    of each lies in the group's tokens.

    Args:
        before: tokens that are drawn of the group before them.
        share: that the group is drawn for, above 0.
    """
    return (before + np.cumsum(tokens) - tokens / 2) / share


def _ranges(
    counts: Counts,
    left: np.ndarray,
    members: list[np.ndarray],
    shares: list[float],
    got: list[int],
    keys: dict[str, np.ndarray],
    end: float,
) -> np.ndarray:
    """A phase's ranges, of equal length."""
    documents = 0.0
    for own, tokens in zip(members, got, strict=True):
        sizes = counts.facts[own]
        documents += tokens * sizes["documents"].sum() / max(1, sizes["tokens"].sum())
    count = max(1, math.ceil(documents / RANGE))
    found = np.zeros(count, range_type(len(members)))
    found["place"] = end / count * np.arange(count)
    found["place"][0] = -np.inf
    until = np.append(found["place"][1:], np.inf)
    for number, (own, share, key) in enumerate(zip(members, shares, keys.values(), strict=True)):
        if not share:
            found["last"][:, number] = -1
            continue
        after = np.cumsum(left[own].sum(axis=0))
        before = np.concatenate((np.zeros(1, np.int64), after))
        first = np.searchsorted(after / share, found["place"])
        last = np.searchsorted(before[:-1] / share, until) - 1
        found["first"][:, number], found["last"][:, number] = first, np.minimum(last, key["bin"])
        found["before"][:, number] = np.minimum(before[first], got[number])
        found["end"] += np.minimum(before[np.maximum(first, last + 1)], got[number])
    found["start"] = found["before"].sum(axis=1)
    return found
