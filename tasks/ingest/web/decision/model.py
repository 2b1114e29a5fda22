"""How likely each block of a page is content: what trees and networks say, read from a small file."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tasks.ingest.web.blocks.blocks import Blocks
from tasks.ingest.web.decision import network, trees
from tasks.ingest.web.decision.features import Seen
from tasks.ingest.web.decision.network import Network
from tasks.ingest.web.decision.trees import Trees
from tasks.ingest.web.tree.tree import Tree

WEIGHTS = Path(__file__).with_name("weights.npz")
"""What `bench/web/train.py` writes."""

_NETWORK = np.float32(0.7)
"""The networks' share in the sum; the trees have the rest."""
_MANY = 5000
"""Blocks from which networks are only asked where a page is no mere heap of them, or they would take seconds."""
_SPARSE = 40
"""Bytes of a page for each block that make it none."""


class Model(NamedTuple):
    """What is asked of a page's blocks."""

    trees: Trees
    network: Network


@cache
def model() -> Model:
    """The model of the package."""
    with np.load(WEIGHTS, allow_pickle=False) as file:
        return Model(
            Trees(*(file[name] for name in Trees._fields)),
            Network(*(file[name].astype(np.float32) for name in Network._fields)),
        )


def likelihood(tree: Tree, blocks: Blocks, seen: Seen, model: Model) -> np.ndarray:
    """How likely each block is content (float32[b]): the logistic function of what trees and networks say.

    Of a page of very many tiny blocks the trees alone are asked.
    """
    odds = trees.log_odds(seen.rows, model.trees)
    if len(odds) <= _MANY or len(odds) * _SPARSE <= len(tree.source):
        odds += _NETWORK * (network.log_odds(tree, blocks, seen, model.network) - odds)
    found: np.ndarray = 1 / (1 + np.exp(-odds))
    return found
