"""The rounds that cut passages of the documents that stay: their spans by ranges of hashes, and which are repeated."""

import numpy as np

from smelt.recipe.dedup import DedupConfig, Levels, Spans, Unit
from smelt.stage import Context, Part, Shard, parts_as_shards
from tasks import documents
from tasks.dedup import exchange, ranking
from tasks.dedup.deciding import gone_rows
from tasks.dedup.levels import deciding, groups, part_names
from tasks.dedup.spans import CUT, SPAN, found_spans, joined, repeated
from tasks.sampling import ids_as_numbers

SPANS, CUTS = ".spans", ".cuts"
SPAN_TEXT_BYTES = 128_000_000
"""Bytes of text that a range of spans should stand for: of paragraphs of 100 bytes some 60 MB."""


def span_shards(context: Context) -> list[Shard]:
    """The parts, where spans are looked for."""
    return parts_as_shards("clean")(context) if _cuts_spans(context) else []


def spans(context: Context, shard: Shard) -> Part:
    """The spans of a part's documents that stay, code aside."""
    flat = spans_of(context, shard, deciding(context), gone_rows(context, shard.name))
    return Part({SPANS: by_range(context, "spans", shard, SPANS, flat)}, rows=len(flat))


def spans_of(context: Context, shard: Shard, levels: tuple[Levels, ...], gone: np.ndarray) -> np.ndarray:
    """The spans (SPAN) of a part's documents that levels cut, without those of the rows that go."""
    config: DedupConfig = context.config
    columns = ["id", "text", "source", "lang", "domain", documents.KEPT, *ranking.columns(config)]
    part = part_names(context).index(shard.name)
    units = np.array([level.unit or "" for level in levels])
    found, first = [np.zeros(0, SPAN)], 0
    for table in documents.batches(context.lake, context.inputs, shard.name, list(dict.fromkeys(columns))):
        stays = table[documents.KEPT].to_numpy() & (table["lang"].fill_null("").to_numpy() != "code")
        stays[gone[(gone >= first) & (gone < first + len(table))] - first] = False
        unit_of = units[groups(table, config)]
        for unit in sorted(set(units[units != ""].tolist())):
            rows = np.flatnonzero(stays & (unit_of == unit))
            own = table.take(rows)
            records, owners = found_spans(own["text"], spans_config(config, unit))
            records["rank"] = ranking.rank(own, config, part, first + rows)[owners]
            records["id"] = ids_as_numbers(own["id"])[owners]
            records["row"], records["part"] = first + rows[owners], part
            found.append(records)
        first += len(table)
    return np.concatenate(found)


def spans_config(config: DedupConfig, unit: Unit | None = None) -> Spans:
    """How spans are cut; where the recipe doesn't say it, as it would by default."""
    given = config.spans or Spans()
    return given.model_copy(update={"unit": unit}) if unit else given


def by_range(context: Context, round_name: str, shard: Shard, suffix: str, flat: np.ndarray) -> bytes:
    """Spans (SPAN) as an object of ranges of hashes."""
    ranges = num_span_ranges(context)
    to = (flat["key"] >> np.uint64(32)) % np.uint64(ranges)
    key = context.artifact.key(round_name, shard.name, suffix)
    return exchange.pack(flat, to.astype(np.int64), ranges, key=key)


def num_span_ranges(context: Context) -> int:
    """Number of ranges of spans; a function of the inputs alone."""
    return 1 + context.inputs["select"].stats.get("bytes", 0) // SPAN_TEXT_BYTES


def repeat_shards(context: Context) -> list[Shard]:
    """One shard a range of spans."""
    return [Shard(f"{number:05d}", number) for number in range(num_span_ranges(context) if _cuts_spans(context) else 0)]


def repeats(context: Context, shard: Shard) -> Part:
    """What is cut, of one range of spans."""
    return repeats_of(context, shard, "spans", "repeats", SPANS)


def repeats_of(context: Context, shard: Shard, round_from: str, round_name: str, suffix: str) -> Part:
    """What is cut of a range (the shard's payload) of the spans that a round has written."""
    parts = part_names(context)
    keys = [context.artifact.key(round_from, name, suffix) for name in parts]
    found = exchange.unpack(context.lake, context.artifact, keys, shard.payload, num_span_ranges(context), SPAN)
    cuts, part = repeated(np.concatenate(found), spans_config(context.config).times)
    key = context.artifact.key(round_name, shard.name, CUTS)
    return Part({CUTS: exchange.pack(cuts, part, len(parts), key=key)}, rows=len(cuts))


def cuts_of(context: Context, part: str, round_name: str, shards: list[Shard]) -> dict[int, list[int]]:
    """What is cut of a part's documents, by row."""
    parts = part_names(context)
    keys = [context.artifact.key(round_name, item.name, CUTS) for item in shards]
    found = exchange.unpack(context.lake, context.artifact, keys, parts.index(part), len(parts), CUT)
    return joined(np.concatenate([np.zeros(0, CUT), *found]))


def _cuts_spans(context: Context) -> bool:
    return any(level.unit for level in deciding(context))
