"""Which documents a phase reads, in which order.

Each group (see ``Mixture.weights``) is a well of documents, drawn in the order of their turns (see ``reuse``). A phase
takes from each well its share of the phase's tokens. Of a well that cannot give its share the recipe says what becomes:
it gives what it has, and the others fill up by their weights; it is repeated more often; or the phase is not made. What
was asked and what was got is recorded.

The documents so taken are interleaved evenly: a group's document stands where its middle lies in the group's tokens,
so that every stretch of the stream has the mixture of the whole. That place does not depend on how long the phase is:
a longer one begins with the stream of a shorter one, as long as no group runs short. Another order than ``shuffle``
arranges the same documents of each group otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from smelt.errors import StageError
from smelt.recipe.mixture import BlockPhase, Groups, Order
from tasks.blocks.catalog import Catalog
from tasks.blocks.reuse import allowed_uses, rates, turns
from tasks.sampling import share_out

_UNLIMITED = 1_000
"""Uses of a document where a group is repeated as often as it takes."""


@dataclass(frozen=True)
class Pieces:
    """Stretches of documents in reading order: numbers of documents in the catalog (int64; -1 of padding), which use of
    each (int32, from 1), their groups (int64), the first token of each in its document and how many there are
    (int64)."""

    documents: np.ndarray
    uses: np.ndarray
    groups: np.ndarray
    offsets: np.ndarray
    tokens: np.ndarray


@dataclass(frozen=True)
class Stream:
    """What a phase reads.

    Attributes:
        documents: int64, N; numbers of documents in the catalog, in reading order; one may come more than once.
        uses: int32, N; which use of its document each is, from 1.
        groups: int64, N; number of the group, in the order of ``asked``.
        tokens: int64, N; how many of each are read: all, but for the last one's.
        asked: share of each group that the recipe asks for.
        shares: share that was drawn for: another where groups run short.
        got: tokens of each group in the stream.
        packed: the documents as they are laid into sequences, with padding; None where they lie end to end.
    """

    documents: np.ndarray
    uses: np.ndarray
    groups: np.ndarray
    tokens: np.ndarray
    asked: dict[str, float]
    shares: dict[str, float]
    got: dict[str, int]
    packed: Pieces | None = None

    @property
    def pieces(self) -> Pieces:
        """The documents as they come."""
        if self.packed is not None:
            return self.packed
        return Pieces(self.documents, self.uses, self.groups, np.zeros_like(self.documents), self.tokens)


def groups(catalog: Catalog, weights: dict[str, float]) -> tuple[dict[str, float], np.ndarray]:
    """The groups of a phase and their shares, and the group number of each document (-1: none)."""
    if not weights:
        weights = by_language(catalog.names, np.bincount(catalog.labels, catalog.tokens, minlength=len(catalog.names)))
    shares = shares_of(weights)
    number = {name: place for place, name in enumerate(shares)}
    of_label = [number.get(f"{lang}/{domain}", number.get(lang, -1)) for lang, domain in catalog.names]
    found = np.array([*of_label, -1], np.int64)[catalog.labels]
    for name, holds in reversed(catalog.members.items()):  # the first that holds has the last word
        if name in number:
            found[holds] = number[name]
    return shares, found


def by_language(names: Sequence[tuple[str, str]], sizes: np.ndarray) -> dict[str, float]:
    """The weights of a phase that names none: each language's tokens.

    Args:
        names: language and domain of each label, sorted.
        sizes: tokens of each label.
    """
    weights: dict[str, float] = {}
    for (lang, _), size in zip(names, sizes.tolist(), strict=True):
        weights[lang] = weights.get(lang, 0.0) + size
    return weights


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """The share of each group, by name."""
    total = sum(weights.values())
    return {name: weights[name] / total for name in sorted(weights)}


def mix(catalog: Catalog, uses: np.ndarray, phase: BlockPhase, length: int, config: Groups, seed: int) -> Stream:
    """Take a phase's documents.

    Args:
        uses: int32, D; how often each document was taken before; added to here.
        length: tokens that the stream must have at least.

    Raises:
        StageError: when all groups together can't give so many, or one can't and the recipe says to stop.
    """
    shares, group_of = groups(catalog, phase.weights)
    rate = rates(catalog, config)
    allowed = allowed_uses(catalog, rate, config, seed)
    if config.when_short == "repeat":
        allowed = np.where(allowed > 0, _UNLIMITED, 0)
    members = [np.flatnonzero((group_of == number) & (allowed > uses)) for number in range(len(shares))]
    supply = [int((catalog.tokens[own] * (allowed[own].astype(np.int64) - uses[own])).sum()) for own in members]
    drawn_for = shares_drawn(phase, length, shares, dict(zip(shares, supply, strict=True)), config)
    wells = []
    for number, (name, own) in enumerate(zip(shares, members, strict=True)):
        wells.append(_Well(catalog, own, uses, allowed, rate, drawn_for[name], config.reuse.decay, seed, number))
    drawn = _interleaved(catalog, wells, length)
    if phase.order.by not in ("shuffle", "in_context"):  # what of the latter is read goes by turns alone
        drawn = _arranged(catalog, drawn, phase.order, len(shares))
    tokens = catalog.tokens[drawn.documents]
    ends = np.cumsum(tokens)
    inside = np.minimum(tokens, np.maximum(0, length - (ends - tokens)))
    got = np.bincount(drawn.groups, inside, minlength=len(shares))
    read = inside > 0
    np.add.at(uses, drawn.documents[read], 1)
    return Stream(
        drawn.documents[read],
        drawn.uses[read],
        drawn.groups[read],
        inside[read],
        shares,
        drawn_for,
        {name: int(size) for name, size in zip(shares, got, strict=True)},
    )


def shares_drawn(
    phase: BlockPhase, length: int, shares: dict[str, float], supply: dict[str, int], config: Groups
) -> dict[str, float]:
    """The shares that groups are drawn for: those that are asked, or where one runs short, those that there are.

    Args:
        length: tokens that the stream must have at least.
        supply: tokens that each group has left, as often as they may be used.

    Raises:
        StageError: when all groups together can't give so many, or one can't and the recipe says to stop.
    """
    wanted = _wanted(phase, length, shares, supply, config)
    if any(supply[name] < share * length for name, share in shares.items()):
        return {name: wanted[name] / length for name in shares}
    return shares


def _wanted(
    phase: BlockPhase, length: int, shares: dict[str, float], supply: dict[str, int], config: Groups
) -> dict[str, int]:
    """Tokens to take of each group."""
    short = [name for name, share in shares.items() if supply[name] < share * length]
    if short and config.when_short == "stop":
        told = [f"{name} has {supply[name]:,} of {math.ceil(shares[name] * length):,} tokens" for name in short]
        raise StageError(
            f"groups run short: {', '.join(told)}",
            where=f"phases.{phase.name}",
            mend="weigh them less, let them be used more often, or set mixture.when_short: reweight",
        )
    wanted = share_out(length, shares, supply)
    if sum(wanted.values()) < length:
        left, most = sum(supply.values()), config.max_epochs if config.reuse.max is None else config.reuse.max
        raise StageError(
            f"{length:,} tokens asked, {left:,} left at {most:g} epochs",
            where=f"phases.{phase.name}",
            mend="ask for fewer tokens, raise mixture.max_epochs, weigh more groups or bring more documents",
        )
    return wanted


@dataclass(frozen=True)
class _Drawn:
    """Documents (int64), which use of each (int32, from 1), their groups (int64) and places in the stream (float64)."""

    documents: np.ndarray
    uses: np.ndarray
    groups: np.ndarray
    places: np.ndarray

    def take(self, rows: np.ndarray) -> "_Drawn":
        return _Drawn(self.documents[rows], self.uses[rows], self.groups[rows], self.places[rows])


class _Well:
    """The documents of one group in the order of their turns, taken as far as anybody looks."""

    def __init__(
        self,
        catalog: Catalog,
        own: np.ndarray,
        uses: np.ndarray,
        allowed: np.ndarray,
        rate: np.ndarray,
        share: float,
        decay: float,
        seed: int,
        number: int,
    ) -> None:
        self.catalog, self.share, self.number = catalog, share, number
        self._ids, self._tokens, self._rate = catalog.ids[own], catalog.tokens[own], rate[own]
        self._own, self._uses, self._allowed = own, uses[own].copy(), allowed[own]
        self._decay, self._seed = decay, seed
        self._next = turns(self._ids, self._uses, self._rate, decay, seed)
        self._documents: list[np.ndarray] = []
        self._numbers: list[np.ndarray] = []
        self._taken = self.asked = 0
        self.longest = int(self._tokens.max(initial=0))

    @property
    def exhausted(self) -> bool:
        """Whether everything that there is has been asked for."""
        return self._empty and self.asked >= self._taken

    @property
    def _empty(self) -> bool:
        return bool(np.isinf(self._next).all())

    def ask(self, tokens: int) -> None:
        """Ask for so many tokens, or for all there are. Turns are gone through in windows."""
        self.asked = tokens
        while self._taken < tokens and not self._empty:
            low = float(self._next.min())
            high = max(math.floor(low) + 1.0, 1.1 * low)
            found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
            while len(ready := np.flatnonzero(self._next < high)):
                self._uses[ready] += 1
                found.append((self._next[ready], self._own[ready], self._uses[ready]))
                again = turns(self._ids[ready], self._uses[ready], self._rate[ready], self._decay, self._seed)
                self._next[ready] = np.where(self._uses[ready] < self._allowed[ready], again, np.inf)
            turn, documents, numbers = (np.concatenate(one) for one in zip(*found, strict=True))
            in_turn = np.lexsort((self.catalog.ids[documents], turn))
            self._documents.append(documents[in_turn])
            self._numbers.append(numbers[in_turn])
            self._taken += int(self.catalog.tokens[documents].sum())

    def drawn(self) -> _Drawn:
        """The documents that reach the tokens asked for."""
        documents = np.concatenate([np.empty(0, np.int64), *self._documents])
        numbers = np.concatenate([np.empty(0, np.int32), *self._numbers])
        tokens = self.catalog.tokens[documents]
        ends = np.cumsum(tokens)
        enough = int(np.searchsorted(ends, self.asked)) + 1 if self.asked else 0
        places = (ends - tokens / 2)[:enough] / (self.share or 1.0)
        return _Drawn(documents[:enough], numbers[:enough], np.full(len(places), self.number), places)


def _interleaved(catalog: Catalog, wells: list[_Well], length: int) -> _Drawn:
    """The stream's first documents that have ``length`` tokens together; each well is asked until it reaches as far."""
    for well in wells:
        well.ask(math.ceil(well.share * length))
    while True:
        parts = [well.drawn() for well in wells]
        together = _together(parts)
        ends = np.cumsum(catalog.tokens[together.documents])
        stream = together.take(np.arange(min(len(ends), int(np.searchsorted(ends, length)) + 1)))
        last = stream.places[-1]
        behind = [
            well
            for well, part in zip(wells, parts, strict=True)
            if well.share and not well.exhausted and part.places[-1] < last
        ]
        if not behind:
            return stream
        for well in behind:
            well.ask(well.asked + well.longest)


def _arranged(catalog: Catalog, drawn: _Drawn, order: Order, num_groups: int) -> _Drawn:
    """The same documents, those of each group in another order and interleaved evenly."""
    found = []
    for number in range(num_groups):
        own = drawn.take(np.flatnonzero(drawn.groups == number))
        own = own.take(_by(catalog, own, order))
        tokens = catalog.tokens[own.documents]
        places = (np.cumsum(tokens) - tokens / 2) / max(1, tokens.sum())
        found.append(_Drawn(own.documents, own.uses, own.groups, places))
    return _together(found)


def _together(parts: list[_Drawn]) -> _Drawn:
    """What was drawn of all groups, in the order of places."""
    columns = ([getattr(part, field.name) for part in parts] for field in fields(_Drawn))
    together = _Drawn(*(np.concatenate(column) for column in columns))
    return together.take(np.argsort(together.places, kind="stable"))


def _by(catalog: Catalog, drawn: _Drawn, order: Order) -> np.ndarray:
    """Rows of drawn documents in the order asked for; of equals the earlier drawn comes first, no value the last."""
    if order.by == "source":
        return np.lexsort((drawn.uses, drawn.documents))
    values = catalog.columns[order.column][drawn.documents]
    return np.argsort(values if order.first == "low" else -values, kind="stable")
