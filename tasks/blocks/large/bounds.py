"""The bins that each group is read to the end of, in each phase: as far as counts of tokens decide that.

Where a phase ends is known from the counts but for the lengths of a few documents, and for what those of an earlier
phase leave open. So of each group there is a bin that it is read beyond, and one that it isn't: only documents between
them must be looked at one by one.
"""

from dataclasses import dataclass

import numpy as np

from smelt.recipe.blocks import phase_tokens
from smelt.recipe.mixture import BlocksConfig
from tasks.blocks.large.counts import Counts
from tasks.sampling import share_out

Bounds = list[dict[str, tuple[int, int]]]
"""Of each phase and group by name: the first and the last bin in which the group's last use may be."""


def bounds(counts: Counts, config: BlocksConfig) -> Bounds:
    """Where the groups' last uses may be."""
    number, found = np.arange(counts.tokens.shape[1]), Bounds()
    low, high = np.zeros(len(counts.cells), np.int64), np.full(len(counts.cells), -1)  # used, and not used yet
    for phase, asked in enumerate(config.phases):
        shares = counts.shares(config, phase)
        groups = [_group(counts, counts.members(phase, name), low, high, number) for name in shares]
        ends: dict[str, tuple[int, int]] = {}
        for name, (first, last) in zip(shares, _ends(groups, shares, phase_tokens(asked) + 1), strict=True):
            own = counts.members(phase, name)
            low[own], high[own] = np.maximum(low[own], first), np.maximum(high[own], last)
            ends[name] = first, last
        found.append(ends)
    return found


@dataclass(frozen=True)
class _Group:
    """What a group has left: at most and at least, tokens up to the end of each bin (int64), and in all; and its
    longest document."""

    most: np.ndarray
    least: np.ndarray
    supply: tuple[int, int]
    longest: int


def _group(counts: Counts, own: np.ndarray, low: np.ndarray, high: np.ndarray, number: np.ndarray) -> _Group:
    tokens = counts.tokens[own]
    most = np.where(number >= low[own, None], tokens, 0).sum(axis=0)
    least = np.where(number > high[own, None], tokens, 0).sum(axis=0)
    every, supply = int(tokens.sum()), int(counts.facts["supply"][own].sum())
    left = supply - every + int(least.sum()), supply - every + int(most.sum())
    return _Group(np.cumsum(most), np.cumsum(least), left, int(counts.facts["longest"][own].max(initial=0)))


def _ends(groups: list[_Group], shares: dict[str, float], length: int) -> list[tuple[int, int]]:
    """The first and the last bin that each group may be read to."""
    drawn = [_shares(groups, shares, place, length) for place in range(len(groups))]
    open_end = sum(group.longest for group in groups) + max(group.longest for group in groups) + len(groups)
    low, high = (
        [(share[side], group.supply[side]) for share, group in zip(drawn, groups, strict=True)] for side in (0, 1)
    )
    first, last = _place(high, length - open_end), _place(low, length + open_end)
    found = []
    for group, share in zip(groups, drawn, strict=True):
        at_least = (min(share[0] * first, group.supply[0]) if share[0] else 0) - group.longest - 1
        at_most = (min(share[1] * last, group.supply[1]) if share[1] else 0) + group.longest + 1
        begin, end = np.searchsorted(group.most, at_least), np.searchsorted(group.least, at_most)
        found.append((int(begin), min(int(end), len(group.least) - 1)))
    return found


def _shares(groups: list[_Group], shares: dict[str, float], place: int, length: int) -> tuple[float, float]:
    """The least and the largest share that a group may be drawn for."""
    names = list(shares)
    name, share = names[place], shares[names[place]]
    shared = [share_out(length, shares, _supply(groups, names, place, side))[name] / length for side in (0, 1)]
    may_be_short, is_short = (
        any(group.supply[side] < one * length for group, one in zip(groups, shares.values(), strict=True))
        for side in (0, 1)
    )
    if not may_be_short:
        return share, share
    found = [max(0.0, shared[0] - 2 / length), shared[1] + 2 / length]  # what is shared out is whole tokens
    if not is_short:
        found = [min(found[0], share), max(found[1], share)]
    return found[0], found[1]


def _supply(groups: list[_Group], names: list[str], place: int, side: int) -> dict[str, int]:
    """What the groups have where one has the least and all others the most (side 0), or the other way round."""
    return {
        name: group.supply[side if number == place else 1 - side]
        for number, (name, group) in enumerate(zip(names, groups, strict=True))
    }


def _place(groups: list[tuple[float, int]], tokens: float) -> float:
    """Up to where groups of these shares and supplies have so many tokens together; infinity where they never do."""
    filling = sorted((supply / share, share, supply) for share, supply in groups if share > 0)
    done = 0
    for number, (end, _, supply) in enumerate(filling):
        rate = sum(share for _, share, _ in filling[number:])
        if done + rate * end >= tokens:
            return max(0.0, (tokens - done) / rate)
        done += supply
    return np.inf
