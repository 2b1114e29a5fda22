"""Held-out loss, perplexity and bits per byte, by label, by language and over all.

Loss is in nats per token and depends on the tokenizer; bits per byte do not, and may be compared between
models (Gao et al. 2020, *The Pile*, section 3.1).
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from training.blocks.heldout import Stream

if TYPE_CHECKING:
    from evaluation.likelihood import Model

Figures = dict[str, Any]
"""Figures by name."""
DIGITS = 4
"""Decimals that are kept: what two machines agree on."""


def model_losses(
    model: "Model", streams: Sequence[Stream], sequence_length: int, *, document_mask: bool = False
) -> tuple[list[float], list[Figures]]:
    """Summed loss in nats of each stream under the model, and the loss by how much of its window a token follows.

    Args:
        sequence_length: of the disjoint windows that a stream is cut into.
        document_mask: whether attention stays within a document, as it was trained.

    Returns:
        The sums; and for each power of two the mean loss of the tokens that follow at most that many tokens of their
        window and more than half as many: ``{"up_to": 8, "tokens": n, "loss": nats}``.
    """
    from evaluation.likelihood import token_losses, windows  # with torch, which takes seconds to import

    pieces = [(index, window) for index, s in enumerate(streams) for window in windows(s.tokens, sequence_length)]
    documents = None
    if document_mask:
        documents = [window for stream in streams for window in windows(_documents(stream), sequence_length)]
    losses = token_losses(model, [window for _, window in pieces], documents)
    sums = np.zeros(len(streams))
    reach = max((len(loss) for loss in losses), default=0)
    totals, counts = np.zeros(reach), np.zeros(reach, np.int64)
    for (index, _), loss in zip(pieces, losses, strict=True):
        sums[index] += loss.sum()
        totals[: len(loss)] += loss
        counts[: len(loss)] += 1
    return sums.tolist(), _by_position(totals, counts)


def _documents(stream: Stream) -> np.ndarray:
    """Which document each token of the stream is of, [n + 1]; the token that comes first is of none."""
    return np.searchsorted(stream.starts, np.arange(len(stream.tokens)), side="right")


def _by_position(totals: np.ndarray, counts: np.ndarray) -> list[Figures]:
    """Mean losses by power of two, of summed losses and tokens by how many tokens of the window were seen."""
    found, start, up_to = [], 0, 1
    while start < len(counts):
        tokens, total = int(counts[start:up_to].sum()), float(totals[start:up_to].sum())
        found.append({"up_to": up_to, "tokens": tokens, "loss": round(total / tokens, DIGITS)})
        start, up_to = up_to, up_to * 2
    return found


def summary(streams: Sequence[Stream], losses: tuple[Sequence[float], list[Figures]]) -> Figures:
    """Figures of all streams together, and ``by_lang``, ``by_label`` and ``by_position``.

    Args:
        losses: summed loss of each stream, in nats, and losses by position, as ``model_losses`` gives them; none of
            the latter where a position tells nothing.
    """
    sums, by_position = losses
    pairs = list(zip(streams, sums, strict=True))
    langs = sorted({stream.lang for stream in streams})
    return {
        **_figures(pairs),
        "by_lang": {lang: _figures([pair for pair in pairs if pair[0].lang == lang]) for lang in langs},
        "by_position": by_position,
        "by_label": {stream.label: _figures([(stream, total)]) for stream, total in pairs},
    }


def _figures(pairs: Sequence[tuple[Stream, float]]) -> dict[str, Any]:
    tokens = sum(len(stream.tokens) - 1 for stream, _ in pairs)
    size, total = sum(stream.bytes for stream, _ in pairs), sum(total for _, total in pairs)
    loss = total / max(1, tokens)
    return {
        "tokens": tokens,
        "bytes": size,
        "documents": sum(len(stream.starts) for stream, _ in pairs),
        "loss": round(loss, DIGITS),
        "perplexity": round(math.exp(min(loss, 50)), DIGITS - 2),
        "bits_per_byte": round(total / math.log(2) / max(1, size), DIGITS),
    }
