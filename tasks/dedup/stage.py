"""Duplicates: which documents say what another one says, and go.

Every kept document has *keys*: the hash of its whole text, and one key for each band of its MinHash
signature (see ``minhash``). Documents that share a key meet in a bucket. All documents of the corpus stand
in one total order, best first (``DedupConfig.keep``, then id, then place), and the rule is: **a document
goes if a better one shares a bucket with it.**

- No global clustering: buckets are decided one by one, in memory that the bucket range bounds, and the
  result cannot depend on how many workers there are or which part a document lies in.
- Nothing is lost: ``duplicate_of`` names the best document met in any bucket. That one may itself have gone
  for one still better, and so on; the order is total, so each such chain ends at a document that stays.
- Of a chain a ~ b ~ c where a and c are less alike than the threshold: when b is the best, a and c go; when
  b is the worst, only b goes; and when b stands between, b goes for a, and c for b, though b is gone. Tools
  that cluster keep one document of such a chain in all three cases: they drop never less than we do.

Rounds: ``signatures`` writes the keys of a part, sorted into bucket ranges; ``buckets`` decides one range
and writes what goes, sorted by part; ``parts`` gathers the decisions on a part into columns beside it.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import DedupConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.dedup import exchange, minhash
from tasks.dedup.buckets import DECISION, SIGNATURE, decide
from tasks.sampling import ids_as_numbers

KEYS, DECISIONS = ".keys", ".decisions"
BUCKET_BYTES = 96_000_000
"""Bytes of keys that a bucket range should hold; a worker takes about five times that."""


def num_ranges(context: Context) -> int:
    """Number of bucket ranges, a power of two; a function of the inputs alone."""
    config: DedupConfig = context.config
    keys = context.inputs["select"].rows * (config.exact + (config.minhash.bands if config.minhash else 0))
    return 1 << max(1, int(np.ceil(np.log2(max(1, keys * SIGNATURE.itemsize / BUCKET_BYTES)))))


def signatures(context: Context, shard: Shard) -> Part:
    """The keys of a part's kept documents."""
    config: DedupConfig = context.config
    columns = ["id", "text", documents.KEPT] + ([config.best_by] if config.keep == "best" else [])
    part = [record.name for record in context.inputs["clean"].parts].index(shard.name)
    found, first = [], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, columns):
        rows = np.flatnonzero(table[documents.KEPT].to_numpy())
        found.append(_keys(table.take(rows), config, part, first + rows))
        first += len(table)
    flat = np.concatenate(found)
    ranges = num_ranges(context)
    groups = (flat["key"] >> np.uint64(64 - (ranges.bit_length() - 1))).astype(np.int64)
    key = context.artifact.key("signatures", shard.name, KEYS)
    return Part({KEYS: exchange.pack(flat, groups, ranges, key=key)}, rows=len(flat))


def _keys(table: pa.Table, config: DedupConfig, part: int, rows: np.ndarray) -> np.ndarray:
    """The keys (SIGNATURE) of documents that stand in these rows of a part."""
    whole, bands, has_units = minhash.keys(table["text"], config.minhash)
    band_keys = bands & ~np.uint64(1)
    keys = np.column_stack((whole | np.uint64(1), band_keys)) if config.exact else band_keys
    records = np.zeros(keys.shape, SIGNATURE)
    records["key"] = keys
    records["rank"] = rank(table, config, part, rows)[:, None]
    records["id"] = ids_as_numbers(table["id"])[:, None]
    records["part"] = part
    records["row"] = rows[:, None]
    compared = np.ones(keys.shape, np.bool_)
    compared[:, int(config.exact) :] = has_units[:, None]
    return records[compared]


def rank(table: pa.Table, config: DedupConfig, part: int, rows: np.ndarray) -> np.ndarray:
    """How good each document is (uint64, higher is better), by the recipe's rule."""
    if config.keep == "longest":
        return pc.binary_length(table["text"]).to_numpy().astype(np.uint64)
    if config.keep == "first":
        return np.uint64(0xFFFFFFFFFFFFFFFF) - ((np.uint64(part) << np.uint64(32)) | rows.astype(np.uint64))
    scores = table[config.best_by].cast(pa.float64()).fill_null(float("-inf")).to_numpy()
    bits = np.ascontiguousarray(np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf) + 0.0).view(np.uint64)
    sign = np.uint64(1) << np.uint64(63)
    return np.where(bits & sign, ~bits, bits | sign)  # floats in order as integers


def bucket_shards(context: Context) -> list[Shard]:
    """One shard a bucket range."""
    return [Shard(f"{number:05d}", number) for number in range(num_ranges(context))]


def buckets(context: Context, shard: Shard) -> Part:
    """What goes, of one bucket range."""
    parts = [record.name for record in context.inputs["clean"].parts]
    keys = [context.artifact.key("signatures", name, KEYS) for name in parts]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, num_ranges(context), SIGNATURE)
    gone, part = decide(np.concatenate(found))
    key = context.artifact.key("buckets", shard.name, DECISIONS)
    return Part({DECISIONS: exchange.pack(gone, part, len(parts), key=key)}, rows=len(gone))


def decisions(context: Context, shard: Shard) -> Part:
    """The decisions on a part's documents, as columns beside them."""
    parts = [record.name for record in context.inputs["clean"].parts]
    keys = [context.artifact.key("buckets", bucket.name, DECISIONS) for bucket in bucket_shards(context)]
    number = parts.index(shard.name)
    found = np.concatenate(exchange.unpack(context.lake, context.artifact, keys, number, len(parts), DECISION))
    found = found[np.lexsort((found["better"], ~found["better_rank"], found["row"]))]
    columns = ["id", "num_bytes", "source", "lang", "domain", documents.KEPT]
    first, stats = 0, []
    with documents.PartWriter(context, shard) as out:
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            low, high = np.searchsorted(found["row"], (first, first + len(table)))
            decided = _decided(table["id"], found[low:high], first)
            out.write(decided)
            stats.append(documents.tally_decisions(table, decided))
            first += len(table)
    return Part(out.files(), out.rows, merge_stats(stats))


def _decided(ids: pa.ChunkedArray, found: np.ndarray, first: int) -> pa.Table:
    """Decisions (DECISION, sorted by row) on the documents with these ids, as columns; ``first`` is their first row."""
    gone, places = np.unique(found["row"], return_index=True)
    gone = gone.astype(np.int64) - first
    keep = np.ones(len(ids), np.bool_)
    keep[gone] = False
    reason, duplicate_of = np.full(len(ids), None, object), np.full(len(ids), None, object)
    reason[gone] = "minhash"
    reason[found["row"][found["exact"] == 1].astype(np.int64) - first] = "exact"
    duplicate_of[gone] = [f"{number:016x}" for number in found["better"][places].tolist()]
    return pa.table(
        {
            "id": ids,
            "keep": pa.array(keep),
            "reason": pa.array(reason, pa.string()),
            "duplicate_of": pa.array(duplicate_of, pa.string()),
        }
    )


STAGE = Stage(
    "dedup",
    rounds=(
        Round("signatures", parts_as_shards("clean"), signatures),
        Round("buckets", bucket_shards, buckets),
        Round("parts", parts_as_shards("clean"), decisions),
    ),
)
