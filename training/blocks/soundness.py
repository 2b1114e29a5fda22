"""What must hold of every block before anything is trained on it, whatever made it and whoever judged it.

That its bytes are those that were written says its record; here is whether they make sense to the trainer. A gate looks
at a sample of segments; a token that is no row of the embedding fails a step on a CPU, and on a GPU the whole process,
without a word of where it came from.
"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

_AT_ONCE = 1 << 24
"""Tokens that are looked at together."""


def unsound(tokens: Path, segments: Path, *, vocab_size: int, token_bytes: int) -> str | None:
    """What of a block on local disk doesn't hold, in words; None where all does."""
    ids = np.memmap(tokens, token_dtype(token_bytes), "r")
    chunks = (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))
    outside = sum(int(np.count_nonzero((chunk < 0) | (chunk >= vocab_size))) for chunk in chunks)
    if outside:
        return f"{outside:,} of its {len(ids):,} tokens are outside the vocabulary of {vocab_size:,}"
    table = pq.read_table(segments, columns=["start", "id", "label"])
    nulls = sum(column.null_count for column in table.columns)
    if nulls:
        return f"{nulls:,} of its segments' starts, ids and labels are missing"
    starts = table["start"].to_numpy()
    if not len(starts) or starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= len(ids):
        return f"its {len(starts):,} segments don't lie end to end in its {len(ids):,} tokens"
    return None


def token_dtype(token_bytes: int) -> type[np.integer]:
    """The type of a block's tokens."""
    return np.uint16 if token_bytes == 2 else np.int32
