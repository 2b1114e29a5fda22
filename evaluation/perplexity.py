"""Held-out loss, perplexity and bits per byte with its interval, by label, by language and over all.

Loss is in nats per token and depends on the tokenizer; bits per byte do not, and may be compared between
models (Gao et al. 2020, *The Pile*, section 3.1).
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from smelt.comparing.bits import per_byte, written
from training.blocks.heldout import Stream

if TYPE_CHECKING:
    from evaluation.likelihood import Model

Figures = dict[str, Any]
"""Figures by name."""
DIGITS = 4
"""Decimals that are kept: what two machines agree on."""


def model_losses(
    model: "Model", streams: Sequence[Stream], sequence_length: int, *, document_mask: bool = False
) -> tuple[list[np.ndarray], list[Figures]]:
    """Summed loss in nats of each stream's documents, and the loss by how much of its window a token follows.

    Args:
        sequence_length: of the disjoint windows that a stream is cut into.
        document_mask: whether attention stays within a document, as it was trained.

    Returns:
        The sums, float64 [documents] of each stream; and for each power of two the mean loss of the tokens that follow
        at most that many tokens of their window and more than half as many:
        ``{"up_to": 8, "tokens": n, "loss": nats}``.
    """
    from evaluation.likelihood import token_losses, windows  # with torch, which takes seconds to import

    pieces = [(index, window) for index, s in enumerate(streams) for window in windows(s.tokens, sequence_length)]
    documents = [window for stream in streams for window in windows(_documents(stream), sequence_length)]
    losses = token_losses(model, [window for _, window in pieces], documents if document_mask else None)
    sums = [np.zeros(len(stream.starts)) for stream in streams]
    reach = max((len(loss) for loss in losses), default=0)
    totals, counts = np.zeros(reach), np.zeros(reach, np.int64)
    for (index, _), own, loss in zip(pieces, documents, losses, strict=True):
        np.add.at(sums[index], own[1:] - 1, loss)
        totals[: len(loss)] += loss
        counts[: len(loss)] += 1
    return sums, _by_position(totals, counts)


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


def summary(streams: Sequence[Stream], losses: tuple[Sequence[np.ndarray], list[Figures]]) -> Figures:
    """Figures of all streams together, and ``by_lang``, ``by_label`` and ``by_position``; by label those of each
    document, too, as strings (see ``smelt.comparing.bits``).

    Args:
        losses: summed loss of each stream's documents, in nats, and losses by position, as ``model_losses`` gives them;
            none of the latter where a position tells nothing.
    """
    sums, by_position = losses
    pairs = list(zip(streams, sums, strict=True))
    langs = sorted({stream.lang for stream in streams})
    return {
        **_figures(pairs),
        "by_lang": {lang: _figures([pair for pair in pairs if pair[0].lang == lang]) for lang in langs},
        "by_position": by_position,
        "by_label": {pair[0].label: _figures([pair]) | _documentwise(*pair) for pair in pairs},
    }


def _figures(pairs: Sequence[tuple[Stream, np.ndarray]]) -> Figures:
    tokens = sum(len(stream.tokens) - 1 for stream, _ in pairs)
    sizes = [size for stream, _ in pairs for size in stream.sizes.tolist()]
    losses = [loss for _, own in pairs for loss in own.tolist()]
    loss = sum(losses) / max(1, tokens)
    bits, *interval = per_byte([nats / math.log(2) for nats in losses], sizes)
    low, high = (None if end is None else round(end, DIGITS) for end in interval)
    return {
        "tokens": tokens,
        "bytes": sum(sizes),
        "documents": len(sizes),
        "loss": round(loss, DIGITS),
        "perplexity": round(math.exp(min(loss, 50)), DIGITS - 2),
        "bits_per_byte": round(bits, DIGITS),
        "bits_low": low,
        "bits_high": high,
    }


def _documentwise(stream: Stream, losses: np.ndarray) -> Figures:
    return {
        "document_ids": " ".join(stream.ids),
        "document_bits": written(np.round(losses / math.log(2), DIGITS - 2).tolist()),
        "document_bytes": written(stream.sizes.tolist()),
    }
