"""Gradient boosted trees in flat arrays, evaluated over many rows at once."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner

_TOGETHER = 64
"""Rows that are evaluated together."""


class Trees(NamedTuple):
    """Decision trees; a node's children are its ``left`` and the one behind it. m nodes."""

    roots: np.ndarray
    """int32[t]; each tree's first node."""
    feature: np.ndarray
    """int16[m]; the column that a node looks at, -1 at a leaf."""
    border: np.ndarray
    """float32[m]; left up to this value; at a leaf its share of the sum."""
    left: np.ndarray
    """int32[m]"""


def log_odds(rows: np.ndarray, trees: Trees) -> np.ndarray:
    """How likely each row is content, as log-odds (float32[b]): the trees' sum.

    Every node of a tree is evaluated for several rows at once, from the leaves up: a choice of two values each, which
    processors make for many rows together, where a way down each tree is a guess at every node.
    """
    found: np.ndarray = _log_odds(rows, *trees, _TOGETHER)  # no constant, or the loops would be unrolled
    return found


@compiled
def _log_odds(rows, roots, feature, border, left, together):
    count, columns = rows.shape
    sums = np.zeros(count, np.float32)
    seen = np.zeros((columns, together), np.float32)
    value = np.zeros((_most_nodes(roots, len(feature)), together), np.float32)
    for begin in range(0, count, together):
        stop = min(begin + together, count)
        for row in range(begin, stop):
            for column in range(columns):
                seen[column, row - begin] = rows[row, column]
        for tree in range(len(roots)):
            root = roots[tree]
            for node in range(_end_of(roots, tree, len(feature)) - 1, root - 1, -1):
                place, limit = np.uint64(node - root), border[node]
                if feature[node] < 0:
                    for i in range(together):
                        value[place, i] = limit
                    continue
                low, at = np.uint64(left[node] - root), np.uint64(feature[node])
                high = low + np.uint64(1)
                for i in range(together):
                    below, above = value[low, i], value[high, i]
                    value[place, i] = above if seen[at, i] > limit else below
            for row in range(begin, stop):
                sums[row] += value[0, row - begin]
    return sums


@inner
def _end_of(roots, tree, count):
    """One past the last node of a tree."""
    return roots[tree + 1] if tree + 1 < len(roots) else count


@inner
def _most_nodes(roots, count):
    """The nodes of the largest tree."""
    most = 0
    for tree in range(len(roots)):
        most = max(most, _end_of(roots, tree, count) - roots[tree])
    return most
