"""What a model says to sequences, and what it must be able to do to be asked.

Apart from ``reader``, so that whoever only counts answers needs no torch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from evaluation.benchmarks.encoding import Sequence


@dataclass(frozen=True)
class Told:
    """What the model thinks of an ending.

    Attributes:
        losses: in nats, of each of its tokens, float64 [n].
        greedy: whether each of them is the likeliest.
        rank: the place of the first of them among all tokens, from 1.
    """

    losses: np.ndarray
    greedy: bool
    rank: int


class Reads(Protocol):
    """What a model must be able to do to be asked."""

    longest: int
    """Tokens of context."""

    def score(self, questions: list[list[Sequence]]) -> list[list[Told]]:
        """What it thinks of each sequence's ending; the sequences of a question begin alike."""

    def write(self, prompts: list[list[int]], num_tokens: int, done: Callable[[list[int]], bool]) -> list[list[int]]:
        """The likeliest continuation of each prompt, up to ``num_tokens`` ids or until ``done`` of those written."""
