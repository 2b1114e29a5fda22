"""A path through documents on which neighbours are alike, and that meets every document once.

Documents are split into cells of bounded size, each in two halves along the line between two means, and that twice,
from different beginnings; in a cell the nearest neighbours of each are found exactly. Pairs of neighbours are joined
from the most alike on, where both still have a free end and no ring would close: the greedy heuristic of the travelling
salesman (Bentley 1992). What comes of it are stretches, whose ends are joined in the same way, until there is one.

Vectors are small integers, so that products are exact, and of equals the first in order counts: a path depends on
nothing but the vectors.
"""

import numpy as np

from tasks.compiled import compiled

CELL = 8192
"""Documents that are compared with each other at most."""
_LOOKS = 2
"""Times that documents are split, where they are."""
_NEIGHBOURS = 8
_ROWS = 512
"""Rows of a product at a time, and rows of vectors taken as numbers of four bytes (times 64)."""
_MEANS = 3
"""Times that two means are moved."""


def path(vectors: np.ndarray) -> np.ndarray:
    """The documents' numbers (int64, N) in an order in which neighbours are alike.

    Args:
        vectors: int8, N x D; a product of two is below 2^24.
    """
    if not len(vectors):
        return np.zeros(0, np.int64)
    links, root = np.full((len(vectors), 2), -1, np.int64), np.arange(len(vectors))
    pieces = len(vectors)
    while pieces > 1:
        ends = np.flatnonzero(links[:, 1] < 0)
        looks = _LOOKS if len(ends) > CELL else 1
        found = [_pairs(vectors, cell) for look in range(looks) for cell in _cells(vectors, ends, look)]
        pairs, alike = (np.concatenate(one) for one in zip(*found, strict=True))
        order = np.lexsort((pairs[:, 1], pairs[:, 0], -alike))
        pieces -= _join(pairs[order], links, root)
    return _walk(links)


def similarity(vectors: np.ndarray) -> int:
    """The sum of the products of each vector with the next."""
    total = 0
    for first in range(0, len(vectors) - 1, _ROWS * 64):
        own = vectors[first : first + _ROWS * 64 + 1].astype(np.int64)
        total += int((own[:-1] * own[1:]).sum())
    return total


def _cells(vectors: np.ndarray, members: np.ndarray, look: int) -> list[np.ndarray]:
    """Split members into halves until none is larger than a cell; each look begins from another document."""
    if len(members) <= CELL:
        return [members]
    low = high = vectors[members[len(members) // 2 * look]].astype(np.float32)
    low = vectors[members[np.argmin(_products(vectors, members, low))]].astype(np.float32)
    for _ in range(_MEANS):
        side = _products(vectors, members, low - high) > 0
        low, high = _mean(vectors[members[side]], low), _mean(vectors[members[~side]], high)
    order = np.argsort(_products(vectors, members, high) - _products(vectors, members, low), kind="stable")
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    return [cell for half in halves for cell in _cells(vectors, np.sort(members[half]), look)]


def _products(vectors: np.ndarray, members: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The product of each member's vector with one (float32)."""
    chunks = range(0, len(members), _ROWS * 64)
    parts = [vectors[members[first : first + _ROWS * 64]].astype(np.float32) @ direction for first in chunks]
    return np.concatenate(parts)


def _mean(own: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """The direction of the mean, in integers up to 63, so that the difference of two is as small as a vector."""
    if not len(own):
        return otherwise
    total = own.sum(axis=0, dtype=np.int64)
    return (total * 63 // max(1, int(np.abs(total).max()))).astype(np.float32)


def _pairs(vectors: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each document of a cell the pairs with its nearest neighbours (int64, n x 2), and their products."""
    own = vectors[cell].astype(np.float32)
    found = np.empty((len(own), min(_NEIGHBOURS, len(own) - 1)), np.int64)
    alike = np.empty(found.shape, np.float32)
    for first in range(0, len(own), _ROWS):
        _best(own[first : first + _ROWS] @ own.T, first, found, alike)
    one, other = np.repeat(cell, found.shape[1]), cell[found.ravel()]
    return np.stack((np.minimum(one, other), np.maximum(one, other)), axis=1), alike.ravel()


@compiled
def _best(products, first, found, alike):
    """Of each row the columns of the largest products but its own; of equals the first."""
    k = found.shape[1]
    for row in range(len(products)):
        best, value = found[first + row], alike[first + row]
        value[:] = -np.inf
        for column in range(products.shape[1]):
            product = products[row, column]
            if product <= value[k - 1] or column == first + row:
                continue
            place = k - 1
            while place and value[place - 1] < product:
                value[place], best[place] = value[place - 1], best[place - 1]
                place -= 1
            value[place], best[place] = product, column


@compiled
def _join(pairs, links, root):
    """Join pairs in order, where both have a free end and belong to different stretches; how many were."""
    joined = 0
    for at in range(len(pairs)):
        one, other = pairs[at, 0], pairs[at, 1]
        if links[one, 1] >= 0 or links[other, 1] >= 0:
            continue
        first, second = one, other
        while root[first] != first:
            root[first] = root[root[first]]
            first = root[first]
        while root[second] != second:
            root[second] = root[root[second]]
            second = root[second]
        if first == second:
            continue
        root[max(first, second)] = min(first, second)
        links[one, 0 if links[one, 0] < 0 else 1] = other
        links[other, 0 if links[other, 0] < 0 else 1] = one
        joined += 1
    return joined


@compiled
def _walk(links):
    """The path from its first end on."""
    order = np.empty(len(links), np.int64)
    at, before = 0, -1
    while links[at, 1] >= 0:
        at += 1
    for place in range(len(links)):
        order[place] = at
        following = links[at, 0] if links[at, 0] != before else links[at, 1]
        before, at = at, following
    return order
