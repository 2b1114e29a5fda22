"""Held-out loss, perplexity and bits per byte, by label, by language and over all.

Loss is in nats per token and depends on the tokenizer; bits per byte do not, and may be compared between
models (Gao et al. 2020, *The Pile*, section 3.1).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.heldout import Stream
from evaluation.likelihood import Model, token_losses, windows

DIGITS = 4
"""Decimals that are kept: what two machines agree on."""


def model_losses(model: Model, streams: Sequence[Stream], sequence_length: int) -> list[float]:
    """Summed loss in nats of each stream under the model."""
    pieces = [(index, window) for index, s in enumerate(streams) for window in windows(s.tokens, sequence_length)]
    losses = token_losses(model, [window for _, window in pieces])
    sums = np.zeros(len(streams))
    for (index, _), loss in zip(pieces, losses, strict=True):
        sums[index] += loss.sum()
    return sums.tolist()


def summary(streams: Sequence[Stream], sums: Sequence[float]) -> dict[str, Any]:
    """Figures of all streams together, and ``by_lang`` and ``by_label``.

    Args:
        sums: summed loss of each stream, in nats.
    """
    pairs = list(zip(streams, sums, strict=True))
    langs = sorted({stream.lang for stream in streams})
    return {
        **_figures(pairs),
        "by_lang": {lang: _figures([pair for pair in pairs if pair[0].lang == lang]) for lang in langs},
        "by_label": {stream.label: _figures([(stream, total)]) for stream, total in pairs},
    }


def _figures(pairs: Sequence[tuple[Stream, float]]) -> dict[str, Any]:
    tokens = sum(len(stream.tokens) - 1 for stream, _ in pairs)
    size, total = sum(stream.bytes for stream, _ in pairs), sum(total for _, total in pairs)
    loss = total / max(1, tokens)
    return {
        "tokens": tokens,
        "bytes": size,
        "documents": sum(stream.documents for stream, _ in pairs),
        "loss": round(loss, DIGITS),
        "perplexity": round(math.exp(min(loss, 50)), DIGITS - 2),
        "bits_per_byte": round(total / math.log(2) / max(1, size), DIGITS),
    }
