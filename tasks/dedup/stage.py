"""Duplicates: which documents say what another one says, and go.

Every kept document has *keys*: the hash of its address, that of its whole text, and one for each band of its MinHash
signature (see ``minhash``). Documents that share a key meet in a bucket, and each is paired with the best ones there.
All documents of the corpus stand in one total order, best first (``DedupConfig``), and the rule is: **a document goes
for a better one that stays, when the two are proven to be duplicates.** One address or one text is a proof; a shared
band is a proposal, which is verified from the texts themselves.

- No global clustering, and no chains: of a ~ b ~ c where a and c are not alike, both go where b is the best of the
  three; else b goes and they stay. Tools that cluster keep one of the three in every case.
- Nothing hangs on how many workers there are or which part a document lies in: buckets are ranges of keys, proposals
  are verified by ranges of texts, and the pairs that hold are settled in the one order.

Rounds: ``signatures`` writes the keys of a part by ranges; ``buckets`` pairs the documents of a range; ``texts`` sends
what the proposed documents are verified by to where they are; ``verified`` compares; ``settled`` says who goes; of the
documents that stay ``spans`` writes paragraphs (or lines, or sentences) by ranges, and ``repeats`` says which are cut;
and ``parts`` gathers the decisions on a part into columns beside it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import DedupConfig
from smelt.rules import group_numbers
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.dedup import exchange, minhash, ranking, settling
from tasks.dedup.addresses import address_hashes
from tasks.dedup.buckets import decide
from tasks.dedup.candidates import distinct, requests_of
from tasks.dedup.columns import decided_columns, lost_to_others, with_cuts
from tasks.dedup.records import ADDRESS, CANDIDATE, DECISION, SIGNATURE, WHOLE, source_hash
from tasks.dedup.spans import CUT, SPAN, found_spans, joined, repeated
from tasks.dedup.verifying import Pairs, packed
from tasks.sampling import ids_as_numbers

KEYS, PAIRS, CANDIDATES, REQUESTS, BETTER, WORSE = ".keys", ".pairs", ".candidates", ".requests", ".better", ".worse"
DECISIONS, COPIES, SPANS, CUTS = ".decisions", ".copies", ".spans", ".cuts"
BUCKET_BYTES = 96_000_000
"""Bytes of keys that a bucket range should hold; a worker takes about five times that."""
TEXT_BYTES = 256_000_000
"""Bytes of text that a range of texts should stand for, were all documents proposed; a worker holds at most about as
many bytes of shingles of the documents that may stay, and of the others those of a few parts."""
SPAN_TEXT_BYTES = 128_000_000
"""Bytes of text that a range of spans should stand for: of paragraphs of 100 bytes some 60 MB."""
PARTS_AT_ONCE = 16
"""Parts whose texts a worker that verifies holds at a time."""
SETTLED = 1 << 20
"""Decisions that are written together."""
_LEVEL = np.uint64(3)


def num_ranges(context: Context) -> int:
    """Number of bucket ranges, a power of two; a function of the inputs alone."""
    levels = context.config.levels
    bands = context.config.minhash.bands if context.config.minhash else 0
    own = any(level.urls for level in levels) + any(level.exact for level in levels)
    keys = context.inputs["select"].rows * (own + bands * any(level.near for level in levels))
    return 1 << max(1, int(np.ceil(np.log2(max(1, keys * SIGNATURE.itemsize / BUCKET_BYTES)))))


def num_text_ranges(context: Context) -> int:
    """Number of ranges of texts; a function of the inputs alone."""
    return 1 + context.inputs["select"].stats.get("bytes", 0) // TEXT_BYTES


def signatures(context: Context, shard: Shard) -> Part:
    """The keys of a part's kept documents."""
    config: DedupConfig = context.config
    columns = list(dict.fromkeys(["id", "text", "source", documents.KEPT, *ranking.columns(config)]))
    columns += ["url"] if any(level.urls for level in config.levels) else []
    columns += ["lang", "domain"] if config.groups else []
    part = _parts(context).index(shard.name)
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
    groups = _groups(table, config)
    urls, exact, near = (
        np.array([getattr(level, name) for level in config.levels])[groups] for name in ("urls", "exact", "near")
    )
    addresses = np.zeros(len(table), np.uint64)
    if urls.any():
        addresses, known = address_hashes(table["url"])
        urls &= known
    keys = np.column_stack(
        [hashes & ~_LEVEL | np.uint64(level) for hashes, level in ((addresses, ADDRESS), (whole, WHOLE))]
        + [bands & ~_LEVEL]
    )
    records = np.zeros(keys.shape, SIGNATURE)
    records["key"] = keys
    records["text"] = whole[:, None]
    records["rank"] = ranking.rank(table, config, part, rows)[:, None]
    records["id"] = ids_as_numbers(table["id"])[:, None]
    records["part"] = part
    records["row"] = rows[:, None]
    records["source"] = _source_hashes(table)[:, None]
    records["group"] = groups[:, None]
    near = np.broadcast_to((near & has_units)[:, None], bands.shape)
    return records[np.column_stack((urls, exact, near))]


def _groups(table: pa.Table, config: DedupConfig) -> np.ndarray:
    """The number of each document's levels, int64."""
    if not config.groups:
        return np.zeros(len(table), np.int64)
    frame = pl.from_arrow(table.select(["lang", "domain", "source"]))
    assert isinstance(frame, pl.DataFrame)
    return group_numbers(frame, config.groups).fill_null(-1).to_numpy().astype(np.int64) + 1


def _source_hashes(table: pa.Table) -> np.ndarray:
    """A hash of each document's source (uint32); 0 where the table has none."""
    if "source" not in table.column_names:
        return np.zeros(len(table), np.uint32)
    names, places = np.unique(table["source"].fill_null("").to_numpy(), return_inverse=True)
    return np.array([source_hash(name) for name in names.tolist()], np.uint32)[places]


def bucket_shards(context: Context) -> list[Shard]:
    """One shard a bucket range."""
    return [Shard(f"{number:05d}", number) for number in range(num_ranges(context))]


def buckets(context: Context, shard: Shard) -> Part:
    """The pairs of one bucket range: what is proven, what is to be verified, and which texts that needs."""
    keys = [context.artifact.key("signatures", name, KEYS) for name in _parts(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, num_ranges(context), SIGNATURE)
    pairs, candidates = decide(np.concatenate(found))
    ranges = num_text_ranges(context)
    to = (candidates["better_text"] >> np.uint64(32)) % np.uint64(ranges)
    requests, part = requests_of(candidates, to)

    def key(suffix: str) -> str:
        return context.artifact.key("buckets", shard.name, suffix)

    return Part(
        {
            PAIRS: settling.run(pairs, key=key(PAIRS)),
            CANDIDATES: exchange.pack(candidates, to.astype(np.int64), ranges, key=key(CANDIDATES)),
            REQUESTS: exchange.pack(requests, part, len(_parts(context)), key=key(REQUESTS)),
        },
        rows=len(pairs),
    )


def text_shards(context: Context) -> list[Shard]:
    """The parts, where near-duplicates are looked for."""
    return parts_as_shards("clean")(context) if _looks_near(context) else []


def texts(context: Context, shard: Shard) -> Part:
    """What the proposed documents of a part are verified by, for the ranges that ask for it."""
    config: DedupConfig = context.config
    assert config.minhash is not None
    parts, ranges = _parts(context), num_text_ranges(context)
    keys = [context.artifact.key("buckets", bucket.name, REQUESTS) for bucket in bucket_shards(context)]
    asked = exchange.unpack(
        context.lake, context.artifact, keys, parts.index(shard.name), len(parts), np.dtype(np.uint64)
    )
    requests = np.unique(np.concatenate(asked))
    wanted = (requests >> np.uint64(32)).astype(np.int64)
    rows = np.unique(wanted)
    sent: list[np.ndarray] = []
    first = 0
    for table in documents.batches(context.lake, context.inputs, shard.name, ["text"]) if len(rows) else ():
        own = rows[slice(*np.searchsorted(rows, (first, first + len(table))))] - first
        as_sets = config.verify != "signature"
        sent += packed(minhash.described(table["text"].take(own), config.minhash, as_sets=as_sets))
        first += len(table)
    files = {}
    for suffix, bit in ((BETTER, 1), (WORSE, 0)):
        chosen = np.flatnonzero(requests & np.uint64(1) == bit)
        to = (requests[chosen] >> np.uint64(1) & np.uint64(0x7FFFFFFF)).astype(np.int64)
        order = np.argsort(to, kind="stable")
        found = [sent[place] for place in np.searchsorted(rows, wanted[chosen[order]])]
        counts = np.bincount(to[order], weights=[len(item) for item in found], minlength=ranges).astype(np.int64)
        flat = np.concatenate([np.zeros(0, np.uint32), *found])
        key = context.artifact.key("texts", shard.name, suffix)
        files[suffix] = exchange.pack_sorted(flat, counts, key=key)
    return Part(files, rows=len(rows))


def verified_shards(context: Context) -> list[Shard]:
    """One shard a range of texts."""
    ranges = num_text_ranges(context) if _looks_near(context) else 0
    return [Shard(f"{number:05d}", number) for number in range(ranges)]


def verified(context: Context, shard: Shard) -> Part:
    """The proposed pairs of a range that are near-duplicates."""
    config: DedupConfig = context.config
    ranges = num_text_ranges(context)
    values = np.dtype(np.uint32)

    def fetch(round_name: str, names: list[str], suffix: str, dtype: np.dtype) -> np.ndarray:
        keys = [context.artifact.key(round_name, name, suffix) for name in names]
        return np.concatenate(exchange.unpack(context.lake, context.artifact, keys, shard.payload, ranges, dtype))

    candidates = fetch("buckets", [bucket.name for bucket in bucket_shards(context)], CANDIDATES, CANDIDATE)
    candidates = distinct(candidates)
    parts = _parts(context)
    pairs = Pairs(candidates["text"], candidates["better_text"], fetch("texts", parts, BETTER, values), config.verify)
    for first in range(0, len(parts), PARTS_AT_ONCE):
        pairs.compare(fetch("texts", parts[first : first + PARTS_AT_ONCE], WORSE, values))
    candidates["similarity"] = similarity = pairs.similarities()
    thresholds = np.array([level.threshold for level in config.levels])
    found = candidates[similarity >= thresholds[candidates["group"]]]
    key = context.artifact.key("verified", shard.name, PAIRS)
    stats = {"candidates": len(candidates), "verified": len(found)}
    return Part({PAIRS: settling.run(settling.pairs_of(found), key=key)}, rows=len(found), stats=stats)


def settled_shards(context: Context) -> list[Shard]:
    """One: what is settled is the order of all documents."""
    return [Shard("all")]


def settled(context: Context, shard: Shard) -> Part:
    """Which documents go, by the parts they lie in, and how often one that stays is gone for."""
    runs = [
        settling.Run(context.artifact.key(name, record.name, PAIRS), record.rows)
        for name in ("buckets", "verified")
        for record in context.records(name).values()
    ]
    state = settling.Settled([part.rows for part in context.inputs["clean"].parts])
    files: dict[str, bytes | Path] = {}
    waiting: list[np.ndarray] = []
    total = 0
    for pairs in settling.merged(context.lake, context.artifact, runs):
        waiting.append(pairs[state.decide(pairs)])
        total += len(waiting[-1])
        if sum(map(len, waiting)) >= SETTLED:
            files |= _written(context, shard, len(files) // 2, np.concatenate(waiting))
            waiting = []
    if waiting:
        files |= _written(context, shard, len(files) // 2, np.concatenate(waiting))
    return Part(files, rows=total)


def _written(context: Context, shard: Shard, number: int, gone: np.ndarray) -> dict[str, bytes | Path]:
    """Decisions by the part of the document that goes, and rows of those that stay by theirs, in files of their own."""
    parts = len(_parts(context))
    rows = gone["better_row"].astype(np.uint32)
    content = {
        DECISIONS: (settling.decisions(gone), gone["part"]),
        COPIES: (rows, gone["better_part"]),
    }
    files: dict[str, bytes | Path] = {}
    for suffix, (records, part) in content.items():
        suffix = f".{number:05d}{suffix}"
        key = context.artifact.key("settled", shard.name, suffix)
        file = context.scratch / f"{shard.name}{suffix}"
        file.write_bytes(exchange.pack(records, part.astype(np.int64), parts, key=key))
        files[suffix] = file
    return files


def span_shards(context: Context) -> list[Shard]:
    """The parts, where spans are looked for."""
    return parts_as_shards("clean")(context) if _cuts_spans(context) else []


def spans(context: Context, shard: Shard) -> Part:
    """The spans of a part's documents that stay, code aside."""
    config: DedupConfig = context.config
    assert config.spans is not None
    columns = ["id", "text", "source", "lang", "domain", documents.KEPT, *ranking.columns(config)]
    part = _parts(context).index(shard.name)
    gone = _settled(context, shard, DECISIONS, DECISION)["row"].astype(np.int64)
    cutting = np.array([level.spans for level in config.levels])
    found, first = [np.zeros(0, SPAN)], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, list(dict.fromkeys(columns))):
        stays = table[documents.KEPT].to_numpy() & (table["lang"].fill_null("").to_numpy() != "code")
        stays &= cutting[_groups(table, config)]
        stays[gone[(gone >= first) & (gone < first + len(table))] - first] = False
        rows = np.flatnonzero(stays)
        own = table.take(rows)
        records, owners = found_spans(own["text"], config.spans)
        records["rank"] = ranking.rank(own, config, part, first + rows)[owners]
        records["id"] = ids_as_numbers(own["id"])[owners]
        records["row"], records["part"] = first + rows[owners], part
        found.append(records)
        first += len(table)
    flat = np.concatenate(found)
    ranges = num_span_ranges(context)
    groups = (flat["key"] >> np.uint64(32)) % np.uint64(ranges)
    key = context.artifact.key("spans", shard.name, SPANS)
    return Part({SPANS: exchange.pack(flat, groups.astype(np.int64), ranges, key=key)}, rows=len(flat))


def num_span_ranges(context: Context) -> int:
    """Number of ranges of spans; a function of the inputs alone."""
    return 1 + context.inputs["select"].stats.get("bytes", 0) // SPAN_TEXT_BYTES


def repeat_shards(context: Context) -> list[Shard]:
    """One shard a range of spans."""
    return [Shard(f"{number:05d}", number) for number in range(num_span_ranges(context) if _cuts_spans(context) else 0)]


def repeats(context: Context, shard: Shard) -> Part:
    """What is cut, of one range of spans."""
    config: DedupConfig = context.config
    assert config.spans is not None
    keys = [context.artifact.key("spans", name, SPANS) for name in _parts(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, num_span_ranges(context), SPAN)
    cuts, part = repeated(np.concatenate(found), config.spans.times)
    key = context.artifact.key("repeats", shard.name, CUTS)
    return Part({CUTS: exchange.pack(cuts, part, len(_parts(context)), key=key)}, rows=len(cuts))


def _settled(context: Context, shard: Shard, suffix: str, dtype: np.dtype) -> np.ndarray:
    """What was settled of a part's documents."""
    parts, written = _parts(context), context.artifact.record(context.lake, "settled", "all").files
    keys = [context.artifact.key("settled", "all", name) for name in sorted(written) if name.endswith(suffix)]
    found = exchange.unpack(context.lake, context.artifact, keys, parts.index(shard.name), len(parts), dtype)
    return np.concatenate([np.zeros(0, dtype), *found])


def _cuts_of(context: Context, shard: Shard) -> dict[int, list[int]]:
    """What is cut of a part's documents, by row."""
    parts = _parts(context)
    keys = [context.artifact.key("repeats", item.name, CUTS) for item in repeat_shards(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, parts.index(shard.name), len(parts), CUT)
    return joined(np.concatenate([np.zeros(0, CUT), *found]))


def decisions(context: Context, shard: Shard) -> Part:
    """The decisions on a part's documents, as columns beside them."""
    config: DedupConfig = context.config
    gone = _settled(context, shard, DECISIONS, DECISION)
    gone = gone[np.argsort(gone["row"])]
    copied, copies = np.unique(_settled(context, shard, COPIES, np.dtype(np.uint32)), return_counts=True)
    cuts = _cuts_of(context, shard)
    columns = ["id", "num_bytes", "source", "lang", "domain", documents.KEPT]
    names = {source_hash(name): name for name in context.inputs["select"].stats.get("by_source", {})}
    first, stats = 0, list[dict[str, Any]]()
    with documents.PartWriter(context, shard) as out:
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            own = gone[slice(*np.searchsorted(gone["row"], (first, first + len(table))))].copy()
            own["row"] -= np.uint32(first)
            low, high = np.searchsorted(copied, (first, first + len(table)))
            duplicates = np.zeros(len(table), np.int32)
            duplicates[copied[low:high].astype(np.int64) - first] = copies[low:high]
            decided = decided_columns(table["id"], own, duplicates)
            if config.spans is not None:
                spans_of = [cuts.get(row, []) for row in range(first, first + len(table))]
                decided, table, counted = with_cuts(decided, table, spans_of, config.spans.min_left)
                stats.append(counted)
            out.write(decided)
            lost = lost_to_others(table["source"], own, names)
            stats += [documents.tally_decisions(table, decided), {"lost_to_others": lost}]
            first += len(table)
    return Part(out.files(), out.rows, merge_stats(stats))


def _parts(context: Context) -> list[str]:
    return [record.name for record in context.inputs["clean"].parts]


def _cuts_spans(context: Context) -> bool:
    return any(level.spans for level in context.config.levels)


def _looks_near(context: Context) -> bool:
    return any(level.near for level in context.config.levels)


STAGE = Stage(
    "dedup",
    rounds=(
        Round("signatures", parts_as_shards("clean"), signatures),
        Round("buckets", bucket_shards, buckets),
        Round("texts", text_shards, texts),
        Round("verified", verified_shards, verified),
        Round("settled", settled_shards, settled),
        Round("spans", span_shards, spans),
        Round("repeats", repeat_shards, repeats),
        Round("parts", parts_as_shards("clean"), decisions),
    ),
)
