"""The rounds that find passages which documents share wherever they begin and end.

``anchors`` writes those of a part by ranges of hashes; ``met`` says which occur several times, and asks for what
surrounds them; ``contexts`` sends that, by ranges again; ``matched`` compares.
"""

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import DedupConfig
from smelt.stage import Context, Part, Shard, parts_as_shards
from tasks import documents
from tasks.dedup import exchange, ranking
from tasks.dedup.deciding import gone_rows
from tasks.dedup.levels import deciding, groups, part_names
from tasks.dedup.spans import CUT
from tasks.dedup.substrings.anchors import ANCHOR, found_anchors
from tasks.dedup.substrings.contexts import HEAD, REQUEST, described, lengths, matched, requested
from tasks.dedup.substrings.joining import cut_passages
from tasks.sampling import ids_as_numbers
from tasks.units import text_buffers

ANCHORS, REQUESTS, CONTEXTS, CUTS = ".anchors", ".requests", ".contexts", ".cuts"
TEXT_BYTES = 64_000_000
"""Bytes of text that a range should stand for: 12 MB of anchors, and at most 300 MB of contexts, were all repeated."""


def anchor_shards(context: Context) -> list[Shard]:
    """The parts, where passages are looked for."""
    return parts_as_shards("clean")(context) if looks_for_passages(context) else []


def anchors(context: Context, shard: Shard) -> Part:
    """The anchors of a part's documents that stay, code aside."""
    config: DedupConfig = context.config
    assert config.substrings is not None
    columns = ["id", "text", "source", "lang", "domain", documents.KEPT, *ranking.columns(config)]
    part = part_names(context).index(shard.name)
    gone = gone_rows(context, shard.name)
    cutting = np.array([level.substrings for level in deciding(context)])
    found, first = [np.zeros(0, ANCHOR)], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, list(dict.fromkeys(columns))):
        stays = table[documents.KEPT].to_numpy() & (table["lang"].fill_null("").to_numpy() != "code")
        stays &= cutting[groups(table, config)]
        stays[gone[(gone >= first) & (gone < first + len(table))] - first] = False
        rows = np.flatnonzero(stays)
        own = table.take(rows)
        records, owners = found_anchors(own["text"], config.substrings.min_bytes)
        records["rank"] = ranking.rank(own, config, part, first + rows)[owners]
        records["id"] = ids_as_numbers(own["id"])[owners]
        records["row"], records["part"] = first + rows[owners], part
        found.append(records)
        first += len(table)
    flat = np.concatenate(found)
    key = context.artifact.key("anchors", shard.name, ANCHORS)
    return Part({ANCHORS: exchange.pack(flat, _range(context, flat), num_ranges(context), key=key)}, rows=len(flat))


def num_ranges(context: Context) -> int:
    """Number of ranges; a function of the inputs alone."""
    return 1 + context.inputs["select"].stats.get("bytes", 0) // TEXT_BYTES


def range_shards(context: Context) -> list[Shard]:
    """One shard a range."""
    return [Shard(f"{number:05d}", number) for number in range(num_ranges(context) * looks_for_passages(context))]


def met(context: Context, shard: Shard) -> Part:
    """The anchors of one range that occur several times, by part."""
    keys = [context.artifact.key("anchors", name, ANCHORS) for name in part_names(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, num_ranges(context), ANCHOR)
    requests, part = requested(np.concatenate(found))
    key = context.artifact.key("met", shard.name, REQUESTS)
    return Part({REQUESTS: exchange.pack(requests, part, len(part_names(context)), key=key)}, rows=len(requests))


def contexts(context: Context, shard: Shard) -> Part:
    """What surrounds the anchors of a part that are asked for, by ranges."""
    parts, min_bytes = part_names(context), context.config.substrings.min_bytes
    part = parts.index(shard.name)
    keys = [context.artifact.key("met", item.name, REQUESTS) for item in range_shards(context)]
    asked = np.concatenate(exchange.unpack(context.lake, context.artifact, keys, part, len(parts), REQUEST))
    asked = asked[np.argsort(asked["row"], kind="stable")]
    found, sizes, to, first = [np.zeros(0, np.uint8)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, ["text"]) if len(asked) else ():
        own = asked[slice(*np.searchsorted(asked["row"], (first, first + len(table))))]
        own = own[np.argsort(_range(context, own), kind="stable")]
        heads = np.zeros(len(own), HEAD)
        for name in REQUEST.names or ():
            heads[name] = own[name]
        heads["part"] = part
        found.append(described(*text_buffers(table["text"]), own["row"].astype(np.int64) - first, heads, min_bytes))
        sizes.append(lengths(heads))
        to.append(_range(context, own))
        first += len(table)
    key = context.artifact.key("contexts", shard.name, CONTEXTS)
    content = _by_range(np.concatenate(found), np.concatenate(sizes), np.concatenate(to), num_ranges(context), key)
    return Part({CONTEXTS: content}, rows=len(asked))


def matches(context: Context, shard: Shard) -> Part:
    """The passages of one range that are repeated, by part."""
    parts = part_names(context)
    keys = [context.artifact.key("contexts", name, CONTEXTS) for name in parts]
    ranges, byte = num_ranges(context), np.dtype(np.uint8)
    stream = np.concatenate(exchange.unpack(context.lake, context.artifact, keys, shard.payload, ranges, byte))
    cuts, part = matched(stream, context.config.substrings.min_bytes)
    key = context.artifact.key("matched", shard.name, CUTS)
    return Part({CUTS: exchange.pack(cuts, part, len(parts), key=key)}, rows=len(cuts))


def matched_of(context: Context, part: str) -> dict[int, list[int]]:
    """The repeated passages of a part's documents, by row."""
    parts = part_names(context)
    keys = [context.artifact.key("matched", item.name, CUTS) for item in range_shards(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, parts.index(part), len(parts), CUT)
    flat = np.concatenate([np.zeros(0, CUT), *found])
    spans: dict[int, list[list[int]]] = {}
    for row, start, end in flat.tolist():
        spans.setdefault(row, []).append([start, end])
    return {row: documents.united(own) for row, own in spans.items()}


def passages_of(texts: pa.ChunkedArray, first: int, spans: dict[int, list[int]], max_gap: int) -> dict[int, list[int]]:
    """What is cut of the texts of a row group that begins with row ``first``, by row of the part."""
    data, offsets = text_buffers(texts)
    return {
        row: cut_passages(data, offsets[row - first], offsets[row - first + 1], spans[row], max_gap)
        for row in range(first, first + len(texts))
        if row in spans
    }


def looks_for_passages(context: Context) -> bool:
    """Whether there are documents whose passages are compared."""
    return any(level.substrings for level in context.config.levels)


def _range(context: Context, records: np.ndarray) -> np.ndarray:
    return ((records["key"] >> np.uint64(32)) % np.uint64(num_ranges(context))).astype(np.int64)


def _by_range(stream: np.ndarray, sizes: np.ndarray, to: np.ndarray, ranges: int, key: str) -> bytes:
    """Contexts of some row groups, each sorted by range, as one object by range."""
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(to, kind="stable")
    pieces = [stream[start : start + size] for start, size in zip(starts[order], sizes[order], strict=True)]
    counts = np.bincount(to, weights=sizes, minlength=ranges).astype(np.int64)
    return exchange.pack_sorted(np.concatenate([np.zeros(0, np.uint8), *pieces]), counts, key=key)
