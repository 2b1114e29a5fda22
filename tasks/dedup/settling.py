"""Who goes, of all verified pairs: settled from the best document down, in memory that the corpus's size hardly moves.

A document goes when one of the better ones that it is a duplicate of stays. Seen in order, best first, each better
document is settled before those that could go for it, so one pass suffices, and no document goes for one that is gone
itself. The pairs lie sorted in *runs*, one a worker of the rounds before; they are merged in pieces, and of what was
settled a bit a document is kept.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from smelt.lake import Artifact, Lake
from tasks.compiled import compiled
from tasks.dedup import exchange
from tasks.dedup.records import DECISION, PAIR, in_order

PIECE = 2048
"""Pairs of a piece of a run: what is fetched of it at a time, at least."""
PIECES_BYTES = 256_000_000
"""Bytes of pieces that are held of all runs together, where a piece of each is not more."""


def run(pairs: np.ndarray, *, key: str) -> bytes:
    """Pairs (PAIR) as a run: sorted, best document first, in pieces."""
    pairs = pairs[settling_order(pairs)]
    pieces = np.arange(len(pairs)) // PIECE
    return exchange.pack_sorted(pairs, np.bincount(pieces, minlength=num_pieces(len(pairs))), key=key)


def num_pieces(pairs: int) -> int:
    """Pieces of a run of so many pairs."""
    return -(-pairs // PIECE)


@dataclass
class Run:
    """A run as far as it was read.

    Attributes:
        key: where it lies.
        pairs: how many it has.
        held: those that were read and not handed on.
    """

    key: str
    pairs: int
    held: np.ndarray = field(default_factory=lambda: np.zeros(0, PAIR))
    _next: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return self._next == num_pieces(self.pairs)

    def read(self, lake: Lake, artifact: Artifact, pieces: int) -> None:
        """Read on."""
        found = [self.held]
        for number in range(self._next, min(self._next + pieces, num_pieces(self.pairs))):
            found += exchange.unpack(lake, artifact, [self.key], number, num_pieces(self.pairs), PAIR)
            self._next = number + 1
        self.held = np.concatenate(found)

    def take(self, limit: tuple[int, ...] | None) -> np.ndarray:
        """Hand on what is held of the documents before the limit; all of it where there is none."""
        number = len(self.held) if limit is None else int(_before(self.held, limit).sum())
        taken, self.held = self.held[:number], self.held[number:]
        return taken


def merged(lake: Lake, artifact: Artifact, runs: list[Run]) -> Iterator[np.ndarray]:
    """The pairs of all runs, sorted, some at a time; those of one document come together."""
    runs = [item for item in runs if item.pairs]
    pieces = max(1, PIECES_BYTES // (PIECE * PAIR.itemsize * max(1, len(runs))))
    while runs:
        # a run that holds pairs of one document alone has to be read on: its end can't be the limit
        short = [item for item in runs if not item.whole and len(item.held) < PIECE]
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(lambda item: item.read(lake, artifact, pieces), short))
        limits = [_document(item.held[-1]) for item in runs if not item.whole]
        limit = min(limits, default=None)
        taken = np.concatenate([item.take(limit) for item in runs])
        yield taken[settling_order(taken)]
        runs = [item for item in runs if len(item.held) or not item.whole]


class Settled:
    """Which documents are gone, a bit each.

    Args:
        rows: rows of each part. A better document of any part behind them stays, whatever comes.
    """

    def __init__(self, rows: list[int]) -> None:
        self._first = first_numbers(rows)
        self.gone = np.zeros(int(self._first[-1]) // 8 + 1, np.uint8)

    def decide(self, pairs: np.ndarray) -> np.ndarray:
        """Which of the pairs (PAIR, in settling order) are what a document goes by; int64, positions in them."""
        worse = self._first[pairs["part"]] + pairs["row"]
        parts = len(self._first) - 1
        own = pairs["better_part"] < parts
        better = self._first[np.minimum(pairs["better_part"], parts)] + np.where(own, pairs["better_row"], 0)
        return _settle(worse, better, self.gone)


def first_numbers(rows: list[int]) -> np.ndarray:
    """Of each part the number of its first document among all, and the number of all; int64, parts + 1."""
    return np.concatenate(([0], np.cumsum(rows))).astype(np.int64)


def pairs_of(candidates: np.ndarray) -> np.ndarray:
    """Candidates (CANDIDATE) that hold, as PAIR records."""
    return candidates[list(PAIR.names or ())].astype(PAIR)


def decisions(pairs: np.ndarray) -> np.ndarray:
    """Pairs (PAIR) by which documents go, as DECISION records."""
    found = np.zeros(len(pairs), DECISION)
    for name in ("row", "level", "better", "better_source", "better_part", "similarity"):
        found[name] = pairs[name]
    return found


def settling_order(pairs: np.ndarray) -> np.ndarray:
    """Best document first; of one document's pairs the address before the text before the likeness, then the most
    alike, then the smallest id of the better one."""
    ways = np.lexsort((pairs["better"], -pairs["similarity"], -pairs["level"].astype(np.int64)))
    return ways[in_order(pairs[ways])]


def _document(pair: np.void) -> tuple[int, ...]:
    """Where a pair's document stands in the order."""
    return 0xFFFFFFFFFFFFFFFF - int(pair["rank"]), int(pair["id"]), int(pair["part"]), int(pair["row"])


def _before(pairs: np.ndarray, limit: tuple[int, ...]) -> np.ndarray:
    """Which pairs' documents stand before the limit (bool, N)."""
    before, equal = np.zeros(len(pairs), np.bool_), np.ones(len(pairs), np.bool_)
    for column, bound in zip((~pairs["rank"], pairs["id"], pairs["part"], pairs["row"]), limit, strict=True):
        before |= equal & (column < column.dtype.type(bound))
        equal &= column == column.dtype.type(bound)
    return before


@compiled
def _settle(worse, better, gone):
    decided = np.empty(len(worse), np.int64)
    count = 0
    for pair in range(len(worse)):
        own, other = worse[pair], better[pair]
        if gone[own >> 3] >> (own & 7) & 1 or gone[other >> 3] >> (other & 7) & 1:
            continue
        gone[own >> 3] |= np.uint8(1 << (own & 7))
        decided[count] = pair
        count += 1
    return decided[:count]
