"""What token frequencies alone would lose on the held-out text; which that is, ``training.blocks.heldout`` says."""

import numpy as np

from smelt.lake import Lake, Manifest, held
from training.blocks.heldout import CODE_AT, DTYPES, Stream


def token_counts(lake: Lake, tokens: Manifest, part: str, vocab_size: int) -> np.ndarray:
    """How often each token comes in the training split of a part; int64 [vocab_size]."""
    dtype = DTYPES[held.read(lake, tokens, part, ".idx")[CODE_AT]]
    return np.bincount(np.frombuffer(held.read(lake, tokens, part, ".bin"), dtype), minlength=vocab_size)


def unigram_losses(counts: np.ndarray, streams: list[Stream]) -> list[np.ndarray]:
    """Summed loss in nats of each stream's documents under an add-one smoothed unigram model: what frequencies know.

    Args:
        counts: int64 [vocab_size], of the training split.
    """
    losses = np.log(counts.sum() + len(counts)) - np.log(counts + 1.0)
    return [np.add.reduceat(losses[stream.tokens[1:]], stream.starts - 1) for stream in streams]
