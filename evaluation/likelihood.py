"""How likely a model finds given tokens."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

LOGIT_BYTES = 256 << 20
"""Bytes of logits that exist at once: decides how many sequences go through the model together."""


@torch.no_grad()
def token_losses(
    model: nn.Module, sequences: Sequence[np.ndarray], *, vocab_size: int, device: torch.device
) -> list[np.ndarray]:
    """Loss in nats of every token of each sequence but its first.

    Args:
        model: tokens [b, s] to logits [b, s, V]; causal, so that padding on the right changes nothing.
        sequences: int [n + 1] each, n at least 1.
        vocab_size: V.

    Returns:
        float64 [n] for each sequence, in the order given.
    """
    found: list[np.ndarray] = [np.empty(0)] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))  # alike lengths together: less padding
    while order:
        longest = len(sequences[order[0]]) - 1
        size = max(1, LOGIT_BYTES // (4 * vocab_size * longest))
        batch, order = order[:size], order[size:]
        padded = np.zeros((len(batch), longest + 1), np.int64)
        for row, index in enumerate(batch):
            padded[row, : len(sequences[index])] = sequences[index]
        tokens = torch.from_numpy(padded).to(device)
        losses = _losses(model(tokens[:, :-1]), tokens[:, 1:]).cpu().double().numpy()
        for row, index in enumerate(batch):
            found[index] = losses[row, : len(sequences[index]) - 1]
    return found


def windows(tokens: np.ndarray, length: int) -> list[np.ndarray]:
    """A stream of n + 1 tokens as sequences of ``length`` + 1 that overlap by one, so that each is predicted once."""
    return [tokens[start : start + length + 1] for start in range(0, len(tokens) - 1, length)]


def _losses(logits: Tensor, targets: Tensor) -> Tensor:
    return nn.functional.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none")
