"""Gradient boosted trees in flat arrays: read from a small file, evaluated over many rows at once."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled

WEIGHTS = Path(__file__).with_name("weights.npz")
"""What `bench/web_train.py` writes."""


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


@cache
def trees() -> Trees:
    """The trees of the package."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return Trees(*(file[name] for name in Trees._fields))


@compiled
def likelihood(rows, roots, feature, border, left):
    """How likely each row is content (float32[b]): the logistic function of the trees' sum."""
    sums = np.zeros(rows.shape[0], np.float32)
    for root in roots:
        for row in range(rows.shape[0]):
            node = root
            while feature[node] >= 0:
                node = left[node] + np.int32(rows[row, feature[node]] > border[node])
            sums[row] += border[node]
    for row in range(sums.size):
        sums[row] = 1.0 / (1.0 + np.exp(-sums[row]))
    return sums
