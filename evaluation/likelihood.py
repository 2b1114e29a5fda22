"""How likely a model finds given tokens."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

BATCH_TOKENS = 8192
"""Tokens that go through the model together, padding included."""


class Model(Protocol):
    """What a model must be able to do here; ``training.checkpoints.load.LanguageModel`` is."""

    def token_losses(self, tokens: Tensor, documents: Tensor | None = None) -> Tensor:
        """Loss in nats, [b, s - 1], of each token of [b, s] but the first; later tokens change nothing.

        Args:
            documents: [b, s], which document each token is of; None where attention may cross them.
        """


def token_losses(
    model: Model, sequences: Sequence[np.ndarray], documents: Sequence[np.ndarray] | None = None
) -> list[np.ndarray]:
    """Loss in nats of every token of each sequence but its first.

    Args:
        sequences: int [n + 1] each, n at least 1.
        documents: the same shapes: which document each token is of; None where attention may cross them.

    Returns:
        float64 [n] for each sequence, in the order given.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))  # alike lengths together: less padding
    while order:
        longest = len(sequences[order[0]])
        size = max(1, BATCH_TOKENS // longest)
        batch, order = order[:size], order[size:]
        padded = _padded([sequences[index] for index in batch], longest, 0)
        own = None if documents is None else _padded([documents[index] for index in batch], longest, -1)
        losses = model.token_losses(padded, own).cpu().double().numpy()
        for row, index in enumerate(batch):
            found[index] = losses[row, : len(sequences[index]) - 1]
    return found


def _padded(rows: Sequence[np.ndarray], longest: int, filling: int) -> Tensor:
    found = np.full((len(rows), longest), filling, np.int64)
    for row, values in enumerate(rows):
        found[row, : len(values)] = values
    return torch.from_numpy(found)


def windows(tokens: np.ndarray, length: int) -> list[np.ndarray]:
    """A stream of n + 1 tokens as sequences of ``length`` + 1 that overlap by one, so that each is predicted once."""
    return [tokens[start : start + length + 1] for start in range(0, len(tokens) - 1, length)]
