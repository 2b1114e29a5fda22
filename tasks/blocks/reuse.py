"""When a document's turn comes, the first time and again.

Every use of a document has a *turn*, a number that follows from its id, the seed and its rate alone. A document of
rate ``q`` that was used ``u`` times has its next turn somewhere in a stretch of ``1 / (q * decay^u)`` behind the
stretches of its earlier uses; where in it, the seed decides. A group is read in the order of turns: at rate 1 and
without decay in passes, each in another order, so that no document comes again before all have come; a document of
rate 7 comes seven times in a pass, evenly spread; and with a decay of 0.94 the second pass takes 1.06 times as long as
the first, in which those that rest let others pass. Turns depend on no phase, so a later phase goes on where the one
before stopped, whatever groups it makes.
"""

import numpy as np

from smelt.recipe.mixture import Groups
from tasks.blocks.catalog import Catalog
from tasks.sampling import scramble


def rates(catalog: Catalog, config: Groups) -> np.ndarray:
    """Each document's rate (float64, D): its curve's height at its quantile, or 1 where there is no curve."""
    if (quality := config.reuse.quality) is None:
        return np.ones(len(catalog.ids))
    places = quantiles(catalog.columns[quality.column], catalog.tokens, catalog.labels)
    points = np.array(quality.curve)
    segment = np.clip(np.searchsorted(points[:, 0], places, side="right") - 1, 0, len(points) - 2)
    (left, low), (right, high) = points[segment].T, points[segment + 1].T
    share = np.divide(places - left, right - left, out=np.ones(len(places)), where=right > left)
    return low + share * (high - low)


def quantiles(values: np.ndarray, tokens: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each document's place (0 to 1, float64, D) among the tokens of its label, by a column; equals share a place.

    Args:
        values: float64, D; NaN stands in the middle.
    """
    places = np.full(len(values), 0.5)
    for label in np.unique(labels):
        own = np.flatnonzero((labels == label) & ~np.isnan(values))
        _, rank = np.unique(values[own], return_inverse=True)
        sizes = np.bincount(rank, tokens[own])
        places[own] = ((np.cumsum(sizes) - sizes / 2) / max(1.0, sizes.sum()))[rank]
    return places


def allowed_uses(catalog: Catalog, rate: np.ndarray, config: Groups, seed: int) -> np.ndarray:
    """How often each document may be used (int32, D). Of a fraction, that share of documents may once more."""
    most = config.max_epochs if config.reuse.max is None else float(config.reuse.max)
    whole = int(most)
    once_more = scramble(catalog.ids, f"once more {seed}") / 2.0**64 < most - whole
    return np.where(rate > 0, whole + once_more, 0).astype(np.int32)


def turns(ids: np.ndarray, uses: np.ndarray, rate: np.ndarray, decay: float, seed: int) -> np.ndarray:
    """The next turn (float64, N) of documents of positive rate that were used so often."""
    gone = uses if decay == 1 else (decay ** -uses.astype(np.float64) - 1) / (1 / decay - 1)
    place = np.empty(len(ids))
    for use in np.unique(uses):
        own = uses == use
        place[own] = scramble(ids[own], f"order {seed} {use}") / 2.0**64
    return (gone + place * decay ** -uses.astype(np.float64)) / rate
