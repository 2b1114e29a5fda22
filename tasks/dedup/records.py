"""What the rounds of dedup hand to one another, record by record."""

import numpy as np
import xxhash

BAND, WHOLE, ADDRESS = 0, 1, 2
"""What a key is of, in its lowest two bits: a band of the signature, the whole text, the address."""
_PLACE = [("row", "<u4"), ("part", "<u4")]

SIGNATURE = np.dtype(
    [("key", "<u8"), ("text", "<u8"), ("rank", "<u8"), ("id", "<u8"), *_PLACE, ("source", "<u4"), ("group", "<u4")]
)
"""A document under one of its keys: hash of its whole text, rank (higher is better), id, place, hash of its source's
name, and the number of its levels (``DedupConfig.levels``)."""

PAIR = np.dtype(
    [
        ("rank", "<u8"),
        ("id", "<u8"),
        *_PLACE,
        ("better", "<u8"),
        ("better_row", "<u4"),
        ("better_part", "<u4"),
        ("better_source", "<u4"),
        ("similarity", "<f4"),
        ("level", "<u4"),
        ("group", "<u4"),
    ]
)
"""A document that would go (rank, id, place), for a better one (id, place, source), and why: the level, and how alike
they are, which of two of one address is not known (NaN); and the number of the levels of the one that would go."""

CANDIDATE = np.dtype(
    [
        *PAIR.descr,
        ("text", "<u8"),
        ("better_text", "<u8"),
        ("holder_row", "<u4"),
        ("holder_part", "<u4"),
    ]
)
"""A pair that is proposed: with the hashes of both texts, and the place of a document that has the first one's text."""

DECISION = np.dtype(
    [
        ("row", "<u4"),
        ("level", "<u4"),
        ("better", "<u8"),
        ("better_source", "<u4"),
        ("better_part", "<u4"),
        ("similarity", "<f4"),
    ]
)
"""A document of a part that goes, and for which one that stays."""

ENTRY = np.dtype([("key", "<u8"), ("text", "<u8"), ("id", "<u8"), ("number", "<u4"), ("source", "<u4")])
"""A document under one of its keys, as a later day reads it: hash of its whole text, id, its number among the documents
of its day, with ``GONE`` where it went, and hash of its source's name."""
GONE = np.uint32(1 << 31)
"""In the number of an earlier day's document: it is gone, so that nothing goes for it."""


def in_order(records: np.ndarray) -> np.ndarray:
    """What sorts documents best first: by rank, then id, then place."""
    return np.lexsort((records["row"], records["part"], records["id"], ~records["rank"]))


def source_hash(name: str) -> int:
    """What stands for a source's name in records."""
    return xxhash.xxh32_intdigest(name)
