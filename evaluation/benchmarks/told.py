"""What a model says to sequences, and what it must be able to do to be asked.

Apart from ``reader``, so that whoever only counts answers needs no torch.
"""

import math
from collections.abc import Callable, Iterator
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

    @property
    def bits(self) -> float:
        """Of the whole ending."""
        return float(self.losses.sum()) / math.log(2)


class Reads(Protocol):
    """What a model must be able to do to be asked."""

    longest: int
    """Tokens of context."""

    def score(self, questions: list[list[Sequence]]) -> list[list[Told]]:
        """What it thinks of each sequence's ending; the sequences of a question begin alike."""

    def write(self, prompts: list[list[int]], num_tokens: int, done: Callable[[list[int]], bool]) -> list[list[int]]:
        """The likeliest continuation of each prompt, up to ``num_tokens`` ids or until ``done`` of those written."""


class Rereads(Reads, Protocol):
    """What it must be able to do to be asked in every form."""

    def reread(
        self, texts: list[list[int]], questions: list[list[list[Sequence]]]
    ) -> Iterator[tuple[list[list[Told]], list[list[Told]]]]:
        """What a copy thinks of each text's questions before and after it was trained on that text alone."""
