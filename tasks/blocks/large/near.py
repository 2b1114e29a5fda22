"""The uses of a part in the bins in which phases may end."""

import numpy as np

from smelt.recipe.mixture import BlocksConfig
from tasks.blocks.large.bounds import Bounds
from tasks.blocks.large.ends import NEAR
from tasks.blocks.large.uses import Cell, Documents, uses


def near(documents: Documents, within: Bounds, config: BlocksConfig) -> np.ndarray:
    """The uses (NEAR; cells are numbered as in ``documents``)."""
    spans = [_spans(cell, within) for cell in documents.cells]
    until = np.array([max((last for _, last in own), default=-1) for own in spans], np.int64)
    looked_at = np.zeros((len(spans), int(until.max(initial=-1)) + 1), bool)
    for number, spanned in enumerate(spans):
        for first, last in spanned:
            looked_at[number, first : last + 1] = True
    found = [np.zeros(0, NEAR)]
    for use in uses(documents, config, until):
        cell = documents.cell[use.rows]
        chosen = looked_at[cell, use.keys["bin"]]
        own = np.zeros(int(chosen.sum()), NEAR)
        own["key"], own["cell"] = use.keys[chosen], cell[chosen]
        own["tokens"] = documents.catalog.tokens[use.rows[chosen]]
        found.append(own)
    return np.concatenate(found)


def _spans(cell: Cell, within: Bounds) -> list[tuple[int, int]]:
    """The first and the last of the bins in which the phases may end that draw a cell's documents."""
    return [bins[name] for bins, name in zip(within, cell, strict=True) if name is not None]
