"""The decisions on a part's documents as columns beside them, and what they come to."""

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import DUPLICATE_DAY
from tasks import documents
from tasks.dedup.records import ADDRESS, BAND, WHOLE, source_hash
from tasks.tally import UNKNOWN

TOO_LITTLE = "spans"
"""Why a document goes of which the cuts would leave too little."""
REASONS = {ADDRESS: "url", WHOLE: "exact", BAND: "minhash"}


def with_cuts(
    decided: pa.Table, table: pa.Table, cuts: list[list[int]], min_left: float
) -> tuple[pa.Table, pa.Table, dict[str, int]]:
    """Decisions with the cuts beside them, where those leave too little without the document; the documents with
    ``num_bytes`` of what is left; and what was cut of those that stay."""
    sizes = table["num_bytes"].to_numpy().astype(np.int64)
    cut = np.array([documents.cut_bytes(own) for own in cuts], np.int64)
    emptied = too_little_left(sizes, cut, min_left)
    kept = [[] if whole else own for own, whole in zip(cuts, emptied.tolist(), strict=True)]
    cut[emptied] = 0
    reason = np.array(decided["reason"].to_pylist(), object)
    reason[emptied] = TOO_LITTLE
    keep = decided["keep"].to_numpy() & ~emptied
    decided = decided.set_column(1, "keep", pa.array(keep)).set_column(2, "reason", pa.array(reason, pa.string()))
    decided = decided.append_column(documents.CUTS, pa.array(kept, pa.list_(pa.uint32())))
    left = pa.array(sizes - cut, table["num_bytes"].type)
    table = table.set_column(table.column_names.index("num_bytes"), "num_bytes", left)
    return decided, table, {"cut_documents": int((cut > 0).sum()), "cut_bytes": int(cut.sum())}


def too_little_left(sizes: np.ndarray, cut: np.ndarray, min_left: float) -> np.ndarray:
    """Which documents of some bytes go whole, since too small a share is left when so many are cut (bool, N)."""
    return (cut > 0) & (sizes - cut < min_left * sizes)


def with_days(decided: pa.Table, gone: np.ndarray, days: list[str], parts: int) -> pa.Table:
    """Decisions with the earlier day of the document that each goes for beside them; null where it is of the same day.

    Args:
        gone: the decisions (DECISION).
        days: the earlier days, whose documents' parts stand behind those of the day itself.
        parts: how many these are.
    """
    day = np.full(len(decided), None, object)
    earlier = gone[gone["better_part"] >= parts]
    day[earlier["row"].astype(np.int64)] = [days[part - parts] for part in earlier["better_part"].tolist()]
    return decided.append_column(DUPLICATE_DAY, pa.array(day, pa.string()))


def decided_columns(ids: pa.ChunkedArray, gone: np.ndarray, duplicates: np.ndarray) -> pa.Table:
    """Decisions (DECISION) on the documents with these ids, and how many copies each stands for, as columns."""
    rows = gone["row"].astype(np.int64)
    keep = np.ones(len(ids), np.bool_)
    keep[rows] = False
    reason, duplicate_of = np.full(len(ids), None, object), np.full(len(ids), None, object)
    reason[rows] = [REASONS[level] for level in gone["level"].tolist()]
    duplicate_of[rows] = [f"{number:016x}" for number in gone["better"].tolist()]
    similarity = np.full(len(ids), np.nan, np.float32)
    similarity[rows] = gone["similarity"]
    return pa.table(
        {
            "id": ids,
            "keep": pa.array(keep),
            "reason": pa.array(reason, pa.string()),
            "duplicate_of": pa.array(duplicate_of, pa.string()),
            "similarity": pa.array(similarity, pa.float32(), mask=np.isnan(similarity)),
            "duplicates": pa.array(duplicates, pa.int32()),
        }
    )


def lost_to_others(sources: pa.ChunkedArray, gone: np.ndarray, names: dict[int, str]) -> dict[str, dict[str, int]]:
    """How many documents each source lost to each other one."""
    lost: dict[str, dict[str, int]] = {}
    own = sources.fill_null("").take(pa.array(gone["row"].astype(np.int64))).to_pylist()
    for source, other in zip(own, gone["better_source"].tolist(), strict=True):
        if other != source_hash(source):
            to = lost.setdefault(source or UNKNOWN, {})
            name = names.get(other, UNKNOWN)
            to[name] = to.get(name, 0) + 1
    return lost
