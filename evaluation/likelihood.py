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

    def token_losses(self, tokens: Tensor) -> Tensor:
        """Loss in nats, [b, s - 1], of each token of [b, s] but the first; later tokens change nothing."""


def token_losses(model: Model, sequences: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Loss in nats of every token of each sequence but its first.

    Args:
        sequences: int [n + 1] each, n at least 1.

    Returns:
        float64 [n] for each sequence, in the order given.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))  # alike lengths together: less padding
    while order:
        longest = len(sequences[order[0]])
        size = max(1, BATCH_TOKENS // longest)
        batch, order = order[:size], order[size:]
        padded = np.zeros((len(batch), longest), np.int64)
        for row, index in enumerate(batch):
            padded[row, : len(sequences[index])] = sequences[index]
        losses = model.token_losses(torch.from_numpy(padded)).cpu().double().numpy()
        for row, index in enumerate(batch):
            found[index] = losses[row, : len(sequences[index]) - 1]
    return found


def windows(tokens: np.ndarray, length: int) -> list[np.ndarray]:
    """A stream of n + 1 tokens as sequences of ``length`` + 1 that overlap by one, so that each is predicted once."""
    return [tokens[start : start + length + 1] for start in range(0, len(tokens) - 1, length)]
