"""The documents of a part and every use that may be made of them, with its turn.

A document belongs to a *cell*: the groups that it is of in all phases. All documents of a cell are always drawn
together, so how far a cell is used up is one key: that of the last use that was read. Turns are counted in *bins*,
stretches of the order of turns that are fine where turns are small.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from smelt.recipe.mixture import BlocksConfig
from tasks.blocks import mixing
from tasks.blocks.catalog import Catalog
from tasks.blocks.reuse import allowed_uses, turns

BITS = 12
"""Bins between turn 0 and turn 1 are two to this power, as many between 1 and 3, between 3 and 7, and so on."""
KEY = np.dtype([("bin", "<i8"), ("turn", "<f8"), ("id", "<u8"), ("part", "<u4"), ("document", "<i8")])
"""What uses are ordered by: the turn (of which the bin follows), the document's id, and where it lies."""
NOTHING = np.array((-1, -1.0, 0, 0, 0), KEY)
"""A key before that of every use."""
Cell = tuple[str | None, ...]


@dataclass(frozen=True)
class Documents:
    """The documents of a part, D.

    Attributes:
        cells: the groups' names in all phases, None where a document is of no group.
        cell: int64, D; number of each document's cell.
        allowed: int32, D; how often each may be used.
    """

    catalog: Catalog
    cells: tuple[Cell, ...]
    cell: np.ndarray
    allowed: np.ndarray


@dataclass(frozen=True)
class Uses:
    """The same use of some documents, N: which one (from 1), the documents' rows in their part (int64), and the uses'
    keys (KEY)."""

    number: int
    rows: np.ndarray
    keys: np.ndarray


def documents_of(catalog: Catalog, config: BlocksConfig) -> Documents:
    """What a part's documents are to all phases."""
    groups = []
    for phase in config.phases:
        shares, number = mixing.groups(catalog, phase.weights)
        groups.append((np.array([*shares, None], object), number))
    together = np.array([number for _, number in groups]).reshape(len(groups), -1)
    found, cell = np.unique(together, axis=1, return_inverse=True)
    cells = [tuple(names[number] for (names, _), number in zip(groups, one, strict=True)) for one in found.T]
    allowed = allowed_uses(catalog, np.ones(len(catalog.ids)), config, config.seed)
    return Documents(catalog, tuple(cells), cell.reshape(-1), allowed)


def uses(documents: Documents, config: BlocksConfig, until: np.ndarray | None = None) -> Iterator[Uses]:
    """Every use of a part's documents, the first of all, the second, and so on.

    Args:
        until: int64; of each cell the last bin that is looked at.
    """
    catalog = documents.catalog
    rows, number = np.flatnonzero(documents.allowed > 0), 0
    while len(rows):
        keys = np.zeros(len(rows), KEY)
        keys["id"], keys["part"], keys["document"] = catalog.ids[rows], catalog.parts[rows], catalog.offsets[rows]
        before = np.full(len(rows), number, np.int32)
        keys["turn"] = turns(keys["id"], before, np.ones(len(rows)), config.reuse.decay, config.seed)
        within = np.isfinite(keys["turn"])
        keys["bin"][within] = bins(keys["turn"][within])
        if until is not None:
            within &= keys["bin"] <= until[documents.cell[rows]]
        rows, number = rows[within], number + 1
        yield Uses(number, rows, keys[within])
        rows = rows[documents.allowed[rows] > number]


def bins(turn: np.ndarray) -> np.ndarray:
    """The bin of each turn (int64): no later turn is in an earlier bin."""
    one = np.ones(1).view(np.int64)
    return ((1.0 + turn).view(np.int64) - one) >> (52 - BITS)


def reached(keys: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Whether uses come no later than others (bool, N).

    Args:
        keys: KEY, N.
        last: KEY, N or a single one.
    """
    found = keys["document"] <= last["document"]
    for name in ("part", "id", "turn", "bin"):
        found = (keys[name] < last[name]) | ((keys[name] == last[name]) & found)
    return found


def in_order(keys: np.ndarray) -> np.ndarray:
    """Rows of keys in the order of turns; a key may also stand for the beginning of its bin, with a turn below 0."""
    return np.lexsort((keys["document"], keys["part"], keys["id"], keys["turn"], keys["bin"]))
