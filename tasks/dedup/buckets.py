"""What is proposed inside a bucket: documents that share a key, each with the best ones of it.

A bucket of one address or of one whole text is a proof; one of a band is a proposal, to be verified. Not all pairs of a
bucket are looked at, but each document with the ``REACH`` best ones, and of a band with the best one of each of so
many texts: copies that are equal share every bucket, so what is found for the best of them is found for all.
"""

import numpy as np

from tasks.compiled import compiled
from tasks.dedup.records import ADDRESS, BAND, CANDIDATE, PAIR, WHOLE

REACH = 4
"""Better documents of a bucket that each of its documents is paired with, at most."""
_SIMILARITY = {ADDRESS: np.nan, WHOLE: 1.0, BAND: np.nan}


def decide(records: np.ndarray, *, parts: int = 1 << 32) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of some buckets.

    Args:
        records: SIGNATURE records, N, in any order.
        parts: from this part on documents are those of earlier days, whose text is not at hand.

    Returns:
        PAIR records of what is proven by its key, and CANDIDATE records of what is to be verified; a pair that shares
        several keys comes several times.
    """
    records = records[np.argsort(records["key"], kind="stable")]
    records = records[shared(records["key"])]  # most keys are met once
    order = np.lexsort((records["row"], records["part"], records["id"], ~records["rank"], records["key"]))
    records = records[order]
    worse, better, _ = _propose(records["key"].copy(), records["text"].copy())
    level = (records["key"][worse] & np.uint64(3)).astype(np.uint32)
    holders = _holders(records, parts)
    found = np.zeros(len(worse), CANDIDATE)
    for name in ("rank", "id", "row", "part", "text", "group"):
        found[name] = records[name][worse]
    for name in ("row", "part", "source", "text"):
        found[f"better_{name}"] = records[name][better]
    for name in ("row", "part"):
        found[f"holder_{name}"] = records[name][holders[worse]]
    found["better"] = records["id"][better]
    found["level"] = level
    for kind, similarity in _SIMILARITY.items():
        found["similarity"][level == kind] = similarity
    return found[level != BAND][list(PAIR.names or ())].astype(PAIR), found[level == BAND]


def shared(keys: np.ndarray) -> np.ndarray:
    """Which of the sorted keys are met more than once."""
    same_as_last = np.concatenate(([False], keys[1:] == keys[:-1], [False]))
    return (same_as_last[1:] | same_as_last[:-1])[: len(keys)]


def met_first(records: np.ndarray) -> np.ndarray:
    """Those records (SIGNATURE) that others of their bucket are paired with, by key and best first."""
    records = records[np.lexsort((records["row"], records["part"], records["id"], ~records["rank"], records["key"]))]
    return records[_propose(records["key"].copy(), records["text"].copy())[2]]


def _holders(records: np.ndarray, parts: int) -> np.ndarray:
    """For each of the sorted records, the position of the first one of its bucket that has its text at hand."""
    order = np.lexsort((records["part"] >= parts, records["text"], records["key"]))
    keys, texts = records["key"][order], records["text"][order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (keys[1:] != keys[:-1]) | (texts[1:] != texts[:-1])
    holders = np.empty(len(order), np.int64)
    holders[order] = order[np.flatnonzero(begins)[np.cumsum(begins) - 1]]
    return holders


@compiled
def _propose(keys, texts):
    """Pairs of positions, the worse and the better one, of records sorted by key and best first; and which are paired
    with what is worse."""
    worse = np.empty(len(keys) * REACH, np.int64)
    better = np.empty(len(keys) * REACH, np.int64)
    met_first = np.zeros(len(keys), np.bool_)
    best = np.empty(REACH, np.int64)
    count, known = 0, 0
    for at in range(len(keys)):
        if at == 0 or keys[at] != keys[at - 1]:
            known = 0
        met = False
        for place in range(known):
            if keys[at] & np.uint64(3) == np.uint64(BAND) and texts[best[place]] == texts[at]:
                met = True
                continue
            worse[count], better[count] = at, best[place]
            count += 1
        if not met and known < REACH:
            best[known] = at
            met_first[at] = True
            known += 1
    return worse[:count], better[:count], met_first
