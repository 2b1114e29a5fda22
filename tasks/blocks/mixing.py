"""Which documents a phase reads, in which order.

Each group (see ``Mixture.weights``) is a well of documents, drawn in the order of *uses so far*, then of a
shuffle that the seed and the number of uses decide. So no document comes again before its whole group was
read once, a later phase goes on where the one before stopped, and each time round the order is another.
``max_epochs`` caps how often a document may be drawn; of a fraction, that share of documents may be drawn
once more.

A phase takes from each well its share of the phase's tokens. A well that cannot give its share gives what it
has, and the others fill up by their weights: what was asked and what was got is recorded. The documents so
taken are interleaved evenly: a group's document stands where its middle lies in the group's tokens, so that
every stretch of the stream has the mixture of the whole.
"""

from dataclasses import dataclass

import numpy as np

from smelt.errors import StageError
from smelt.recipe.mixture import BlockPhase
from tasks.blocks.catalog import Catalog
from tasks.sampling import scramble, share_out


@dataclass(frozen=True)
class Stream:
    """What a phase reads.

    Attributes:
        documents: int64, numbers of documents in the catalog, in reading order; one may come more than once.
        asked: share of each group that the recipe asks for.
        got: tokens of each group in the stream.
    """

    documents: np.ndarray
    asked: dict[str, float]
    got: dict[str, int]


def groups(catalog: Catalog, weights: dict[str, float]) -> tuple[dict[str, float], np.ndarray]:
    """The groups of a phase and their shares, and the group number of each document (-1: none)."""
    if not weights:
        sizes = np.bincount(catalog.labels, catalog.tokens, minlength=len(catalog.names))
        for (lang, _), size in zip(catalog.names, sizes, strict=True):
            weights = {**weights, lang: weights.get(lang, 0.0) + size}
    names = sorted(weights)
    total = sum(weights.values())
    number = {name: place for place, name in enumerate(names)}
    of_label = [number.get(f"{lang}/{domain}", number.get(lang, -1)) for lang, domain in catalog.names]
    return {name: weights[name] / total for name in names}, np.array([*of_label, -1], np.int64)[catalog.labels]


def mix(catalog: Catalog, uses: np.ndarray, phase: BlockPhase, length: int, max_epochs: float, seed: int) -> Stream:
    """Take a phase's documents.

    Args:
        uses: int32, D; how often each document was taken before; added to here.
        length: tokens that the stream must have at least.

    Raises:
        StageError: when all groups together can't give so many.
    """
    shares, group_of = groups(catalog, phase.weights)
    allowed = _allowed_uses(catalog, max_epochs, seed)
    members = [np.flatnonzero(group_of == number) for number in range(len(shares))]
    supply = [int((catalog.tokens[own] * np.maximum(0, allowed[own] - uses[own])).sum()) for own in members]
    wanted = share_out(length, shares, dict(zip(shares, supply, strict=True)))
    if sum(wanted.values()) < length:
        raise StageError(
            f"{length:,} tokens asked, {sum(supply):,} left at {max_epochs:g} epochs",
            where=f"phases.{phase.name}",
            mend="ask for fewer tokens, raise mixture.max_epochs, weigh more groups or bring more documents",
        )
    taken, places, got = [], [], {}
    for name, own in zip(shares, members, strict=True):
        drawn = _draw(catalog, uses, own, wanted[name], allowed, phase, seed)
        ends = np.cumsum(catalog.tokens[drawn])
        taken.append(drawn)
        places.append((ends - catalog.tokens[drawn] / 2) / max(1, wanted[name]))
    documents = np.concatenate(taken)[np.argsort(np.concatenate(places), kind="stable")]
    ends = np.cumsum(catalog.tokens[documents])
    inside = np.minimum(catalog.tokens[documents], np.maximum(0, length - (ends - catalog.tokens[documents])))
    for number, name in enumerate(shares):
        got[name] = int(inside[group_of[documents] == number].sum())
    return Stream(documents[inside > 0], shares, got)


def _allowed_uses(catalog: Catalog, max_epochs: float, seed: int) -> np.ndarray:
    whole = int(max_epochs)
    once_more = scramble(catalog.ids, f"once more {seed}") / 2.0**64 < max_epochs - whole
    return (whole + once_more).astype(np.int32)


def _draw(
    catalog: Catalog, uses: np.ndarray, own: np.ndarray, wanted: int, allowed: np.ndarray, phase: BlockPhase, seed: int
) -> np.ndarray:
    """Documents of one group until they have the tokens wanted, least used first; marks them as used."""
    drawn: list[np.ndarray] = []
    depth = int(uses[own].min()) if len(own) else 0
    while wanted > 0:
        ready = own[(uses[own] <= depth) & (allowed[own] > depth)]
        if phase.order == "shuffle":
            ready = ready[np.argsort(scramble(catalog.ids[ready], f"order {seed} {depth}"), kind="stable")]
        ends = np.cumsum(catalog.tokens[ready])
        ready = ready[: int(np.searchsorted(ends, wanted)) + 1]
        uses[ready] += 1
        wanted -= int(catalog.tokens[ready].sum())
        drawn.append(ready)
        depth += 1
    return np.concatenate(drawn) if drawn else np.empty(0, np.int64)
