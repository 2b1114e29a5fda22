"""Into how many ranges dedup divides keys and texts: functions of the inputs alone."""

import numpy as np

from smelt.stage import Context
from tasks.dedup.levels import proposing
from tasks.dedup.records import SIGNATURE

BUCKET_BYTES = 96_000_000
"""Bytes of keys that a bucket range should hold; a worker takes about five times that."""
TEXT_BYTES = 256_000_000
"""Bytes of text that a range of texts should stand for, were all documents proposed; a worker holds at most about as
many bytes of shingles of the documents that may stay, and of the others those of a few parts."""


def num_ranges(context: Context) -> int:
    """Number of bucket ranges, a power of two."""
    levels = proposing(context.config)
    bands = context.config.minhash.bands if context.config.minhash else 0
    own = any(level.urls for level in levels) + any(level.exact for level in levels)
    keys = context.inputs["select"].rows * (own + bands * any(level.near for level in levels))
    return 1 << max(1, int(np.ceil(np.log2(max(1, keys * SIGNATURE.itemsize / BUCKET_BYTES)))))


def num_text_ranges(context: Context) -> int:
    """Number of ranges of texts; 0 where no near-duplicates are looked for."""
    near = any(level.near for level in proposing(context.config))
    return (1 + context.inputs["select"].stats.get("bytes", 0) // TEXT_BYTES) * near


def interval(hashes: np.ndarray, ranges: int) -> np.ndarray:
    """Which of so many ranges, each of neighbouring ones, 64-bit hashes lie in; int64."""
    return ((hashes >> np.uint64(32)) * np.uint64(ranges) >> np.uint64(32)).astype(np.int64)


def intervals_met(place: int, ranges: int, others: int) -> range:
    """Which of so many other ranges hold hashes of one of these."""
    first = -(-(place << 32) // ranges)
    last = -(-(place + 1 << 32) // ranges) - 1
    return range(first * others >> 32, (last * others >> 32) + 1)
