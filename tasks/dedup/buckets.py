"""The decision inside a bucket: of documents that share a key, the best stays and the others go."""

import numpy as np

from tasks.compiled import compiled

SIGNATURE = np.dtype([("key", "<u8"), ("rank", "<u8"), ("id", "<u8"), ("row", "<u4"), ("part", "<u4")])
"""A document's key, and what the decision needs to know of it: rank (higher is better), id and place. The
lowest bit of a key says whether it is of the whole text (1) or of a band of its signature (0)."""

DECISION = np.dtype([("better_rank", "<u8"), ("better", "<u8"), ("row", "<u4"), ("exact", "<u4")])
"""A document that goes: its row, the rank and id of the better one, and whether their whole texts are equal."""


def decide(records: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What goes, of the documents of some buckets.

    Args:
        records: SIGNATURE records, N, in any order.

    Returns:
        DECISION records, and the part number of each.
    """
    records = records[np.argsort(records["key"], kind="stable")]
    records = records[_shared(records["key"])]  # most keys are met once
    order = np.lexsort((records["row"], records["part"], records["id"], ~records["rank"], records["key"]))
    records = records[order]
    better = _best_of_bucket(records["key"])
    gone = np.flatnonzero(better != np.arange(len(records)))
    decisions = np.zeros(len(gone), DECISION)
    decisions["row"] = records["row"][gone]
    decisions["exact"] = records["key"][gone] & np.uint64(1)
    decisions["better"] = records["id"][better[gone]]
    decisions["better_rank"] = records["rank"][better[gone]]
    return decisions, records["part"][gone].astype(np.int64)


def _shared(keys: np.ndarray) -> np.ndarray:
    """Which of the sorted keys are met more than once."""
    same_as_last = np.concatenate(([False], keys[1:] == keys[:-1], [False]))
    return (same_as_last[1:] | same_as_last[:-1])[: len(keys)]


@compiled
def _best_of_bucket(keys):
    """For each of the sorted records, the position of the first one of its bucket."""
    best = np.empty(len(keys), np.int64)
    first = 0
    for at in range(len(keys)):
        if keys[at] != keys[first]:
            first = at
        best[at] = first
    return best
