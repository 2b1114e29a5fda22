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
what the proposed documents are verified by to where they are; ``verified`` compares; where a target of tokens is set,
five rounds find the levels that leave it (see ``ladder``); ``settled`` says who goes; of the documents that stay
``spans`` writes paragraphs (or lines, or sentences) by ranges, and ``repeats`` says which are cut; four rounds find the
passages that they share (see ``substrings.rounds``); and ``parts`` gathers the decisions on a part into columns beside
it. Where days are compared with earlier ones, ``before`` looks these up, and ``stays`` and ``index`` write what later
ones are compared with (see ``earlier`` and ``index``).
"""

from typing import Any

import numpy as np
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import DedupConfig
from smelt.stage import Context, Part, Round, Shard, Stage, always, parts_as_shards, small
from tasks import documents
from tasks.dedup import earlier, exchange, ladder, minhash, ranking, settling
from tasks.dedup.addresses import address_hashes
from tasks.dedup.buckets import decide
from tasks.dedup.candidates import distinct, requests_of
from tasks.dedup.columns import decided_columns, lost_to_others, with_cuts, with_days
from tasks.dedup.cutting import cuts_of, repeat_shards, repeats, span_shards, spans, spans_config
from tasks.dedup.deciding import COPIES, DECISIONS, PAIRS, read_settled, settled, settled_shards
from tasks.dedup.index import KEYS, index, index_shards, stay_shards, stays
from tasks.dedup.levels import deciding, groups, holds, part_names, proposing
from tasks.dedup.ranges import interval, num_ranges, num_text_ranges
from tasks.dedup.records import ADDRESS, CANDIDATE, DECISION, SIGNATURE, WHOLE, source_hash
from tasks.dedup.substrings import rounds
from tasks.dedup.verifying import Pairs, packed
from tasks.sampling import ids_as_numbers

CANDIDATES, REQUESTS, BETTER, WORSE = ".candidates", ".requests", ".better", ".worse"
PARTS_AT_ONCE = 16
"""Parts whose texts a worker that verifies holds at a time."""
_LEVEL = np.uint64(3)


def signatures(context: Context, shard: Shard) -> Part:
    """The keys of a part's kept documents."""
    config: DedupConfig = context.config
    columns = list(dict.fromkeys(["id", "text", "source", documents.KEPT, *ranking.columns(config)]))
    columns += ["url"] if any(level.urls for level in proposing(config)) else []
    columns += ["lang", "domain"] if config.groups else []
    part = part_names(context).index(shard.name)
    found, first = [], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, columns):
        rows = np.flatnonzero(earlier.takes_part(context, table))
        found.append(_keys(table.take(rows), config, part, first + rows))
        first += len(table)
    flat = np.concatenate(found)
    ranges = num_ranges(context)
    key = context.artifact.key("signatures", shard.name, KEYS)
    return Part({KEYS: exchange.pack(flat, interval(flat["key"], ranges), ranges, key=key)}, rows=len(flat))


def _keys(table: pa.Table, config: DedupConfig, part: int, rows: np.ndarray) -> np.ndarray:
    """The keys (SIGNATURE) of documents that stand in these rows of a part."""
    whole, bands, has_units = minhash.keys(table["text"], config.minhash)
    group_of = groups(table, config)
    urls, exact, near = (
        np.array([getattr(level, name) for level in proposing(config)])[group_of] for name in ("urls", "exact", "near")
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
    records["group"] = group_of[:, None]
    near = np.broadcast_to((near & has_units)[:, None], bands.shape)
    return records[np.column_stack((urls, exact, near))]


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
    parts, ranges = part_names(context), num_ranges(context)
    keys = [context.artifact.key("signatures", name, KEYS) for name in parts]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, ranges, SIGNATURE)
    own = np.concatenate(found)
    before = earlier.entries_before(context, own["key"], shard.payload, ranges)
    pairs, candidates = decide(np.concatenate((own, before)), parts=len(parts))
    pairs, candidates = (some[earlier.of_the_day(some, len(parts))] for some in (pairs, candidates))
    text_ranges = num_text_ranges(context)
    to = interval(candidates["better_text"], text_ranges)
    requests, part = requests_of(candidates, to)
    here = part < len(parts)

    def key(suffix: str) -> str:
        return context.artifact.key("buckets", shard.name, suffix)

    return Part(
        {
            PAIRS: settling.run(pairs, key=key(PAIRS)),
            CANDIDATES: exchange.pack(candidates, to, text_ranges, key=key(CANDIDATES)),
            REQUESTS: exchange.pack(requests[here], part[here], len(parts), key=key(REQUESTS)),
        },
        rows=len(pairs),
    )


def text_shards(context: Context) -> list[Shard]:
    """The parts, where near-duplicates are looked for."""
    return parts_as_shards("clean")(context) if num_text_ranges(context) else []


def texts(context: Context, shard: Shard) -> Part:
    """What the proposed documents of a part are verified by, for the ranges that ask for it."""
    config: DedupConfig = context.config
    assert config.minhash is not None
    parts, ranges = part_names(context), num_text_ranges(context)
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
    return [Shard(f"{number:05d}", number) for number in range(num_text_ranges(context))]


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
    parts = part_names(context)
    before = candidates["better_text"][candidates["better_part"] >= len(parts)]
    stay = fetch("texts", parts, BETTER, values), earlier.texts_before(context, before, shard.payload, ranges)
    pairs = Pairs(candidates["text"], candidates["better_text"], np.concatenate(stay), config.verify)
    for first in range(0, len(parts), PARTS_AT_ONCE):
        pairs.compare(fetch("texts", parts[first : first + PARTS_AT_ONCE], WORSE, values))
    candidates["similarity"] = pairs.similarities()
    found = candidates[holds(candidates, proposing(config))]
    key = context.artifact.key("verified", shard.name, PAIRS)
    stats = {"candidates": len(candidates), "verified": len(found)}
    return Part({PAIRS: settling.run(settling.pairs_of(found), key=key)}, rows=len(found), stats=stats)


def decisions(context: Context, shard: Shard) -> Part:
    """The decisions on a part's documents, as columns beside them."""
    config: DedupConfig = context.config
    gone = read_settled(context, shard.name, DECISIONS, DECISION)
    gone = gone[np.argsort(gone["row"])]
    copied, copies = np.unique(read_settled(context, shard.name, COPIES, np.dtype(np.uint32)), return_counts=True)
    cuts = cuts_of(context, shard.name, "repeats", repeat_shards(context))
    passages = rounds.matched_of(context, shard.name)
    min_left = min_lefts(context)
    days = [day.date for day in earlier.earlier_days(context)]
    columns = ["id", "num_bytes", "source", "lang", "domain", documents.KEPT]
    columns += ["text"] if passages else []
    columns += [ladder.TOKENS] if config.targets else []
    names = {source_hash(name): name for name in context.inputs["select"].stats.get("by_source", {})}
    first, stats = 0, list[dict[str, Any]]()
    with documents.PartWriter(context, shard) as out:
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            own = gone[slice(*np.searchsorted(gone["row"], (first, first + len(table))))].copy()
            own["row"] -= np.uint32(first)
            low, high = np.searchsorted(copied, (first, first + len(table)))
            duplicates = np.zeros(len(table), np.int32)
            duplicates[copied[low:high].astype(np.int64) - first] = copies[low:high]
            decided, left = decided_columns(table["id"], own, duplicates), table
            if config.against:
                decided = with_days(decided, own, days, len(part_names(context)))
            if min_left is not None:
                spans_of = [cuts.get(row, []) for row in range(first, first + len(table))]
                if passages and config.substrings:
                    found = rounds.passages_of(table["text"], first, passages, config.substrings.max_gap)
                    spans_of = [documents.united((own, found.get(first + n, []))) for n, own in enumerate(spans_of)]
                decided, left, counted = with_cuts(decided, table, spans_of, min_left)
                stats.append(counted)
            out.write(decided)
            lost = lost_to_others(table["source"], own, names)
            stats += [documents.tally_decisions(left, decided), {"lost_to_others": lost}]
            if config.targets:
                keep = table[documents.KEPT].to_numpy() & decided["keep"].to_numpy()
                cut = table["num_bytes"].to_numpy().astype(np.int64) - left["num_bytes"].to_numpy()
                stats.append({"left": ladder.count(table, config, keep, cut)})
            first += len(table)
    return Part(out.files(), out.rows, merge_stats(stats))


def min_lefts(context: Context) -> float | None:
    """The share of a document that must be left where something is cut; None where nothing is."""
    config: DedupConfig = context.config
    asked = [spans_config(config).min_left] if any(level.unit for level in deciding(context)) else []
    asked += [config.substrings.min_left] if config.substrings and rounds.looks_for_passages(context) else []
    return max(asked, default=None)


STAGE = Stage(
    "dedup",
    rounds=(
        Round("before", earlier.before_shards, earlier.before, in_driver=always),
        Round("signatures", parts_as_shards("clean"), signatures, in_driver=small),
        Round("buckets", bucket_shards, buckets, in_driver=earlier.small),
        Round("texts", text_shards, texts, in_driver=small),
        Round("verified", verified_shards, verified, in_driver=earlier.small),
        Round("rungs", ladder.rung_shards, ladder.rungs, in_driver=small),
        Round("rung-spans", ladder.span_shards, ladder.spans, in_driver=small),
        Round("rung-repeats", ladder.repeat_shards, ladder.repeats, in_driver=small),
        Round("ladder", ladder.span_shards, ladder.ladder, in_driver=small),
        Round("rung", ladder.choice_shards, ladder.choice, in_driver=small),
        Round("settled", settled_shards, settled, in_driver=small),
        Round("spans", span_shards, spans, in_driver=small),
        Round("repeats", repeat_shards, repeats, in_driver=small),
        Round("anchors", rounds.anchor_shards, rounds.anchors, in_driver=small),
        Round("met", rounds.range_shards, rounds.met, in_driver=small),
        Round("contexts", rounds.anchor_shards, rounds.contexts, in_driver=small),
        Round("matched", rounds.range_shards, rounds.matches, in_driver=small),
        Round("stays", stay_shards, stays, in_driver=small),
        Round("index", index_shards, index, in_driver=small),
        Round("parts", parts_as_shards("clean"), decisions, in_driver=small),
    ),
)
