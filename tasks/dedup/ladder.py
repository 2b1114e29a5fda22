"""The ladder: what each rung would leave of the documents that have a target of tokens, and the rung that is taken.

Pairs are verified once, from the similarity of the last rung of near-duplicates on; each of these rungs is settled by
its own threshold (``rungs``), and of what stays at the last one the repeated paragraphs, and sentences, are found
(``rung-spans``, ``rung-repeats``). ``ladder`` counts what each rung leaves of a part, ``rung`` adds up and chooses.
The rounds behind it decide as if the rung had been written into the recipe.
"""

import json
from typing import Any

import numpy as np
import pyarrow.compute as pc

from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import NEAR_RUNGS, SPAN_RUNGS, DedupConfig, Levels
from smelt.stage import Context, Part, Shard, parts_as_shards
from smelt.supply.ladder import choose
from tasks import documents
from tasks.dedup.columns import too_little_left
from tasks.dedup.cutting import by_range, cuts_of, num_span_ranges, repeats_of, spans_config, spans_of
from tasks.dedup.deciding import gone_rows, write_settled
from tasks.dedup.levels import RUNGS, groups

TOKENS = "num_tokens_estimate"
COLUMNS = ["num_bytes", "lang", "domain", "source", documents.KEPT, TOKENS]
"""What ``count`` needs."""


def rung_shards(context: Context) -> list[Shard]:
    """One a rung at which whole documents go."""
    return [Shard(rung) for rung in NEAR_RUNGS] if context.config.targets else []


def rungs(context: Context, shard: Shard) -> Part:
    """Which documents go at a rung."""
    return write_settled(context, "rungs", shard, _at(context.config, shard.name))


def span_shards(context: Context) -> list[Shard]:
    """The parts, where there is a ladder."""
    return parts_as_shards("clean")(context) if context.config.targets else []


def spans(context: Context, shard: Shard) -> Part:
    """The paragraphs, and the sentences, of what stays at the last rung before them."""
    gone = gone_rows(context, shard.name, round_name="rungs", shard=NEAR_RUNGS[-1])
    files, rows = {}, 0
    for rung in SPAN_RUNGS:
        flat = spans_of(context, shard, _at(context.config, rung), gone)
        files[f".{rung}"] = by_range(context, "rung-spans", shard, f".{rung}", flat)
        rows += len(flat)
    return Part(files, rows=rows)


def repeat_shards(context: Context) -> list[Shard]:
    """One a range of spans, of paragraphs and of sentences."""
    return [shard for rung in SPAN_RUNGS for shard in _ranges(context, rung)] if context.config.targets else []


def repeats(context: Context, shard: Shard) -> Part:
    """What is cut of one range of paragraphs, or of sentences."""
    return repeats_of(context, shard, "rung-spans", "rung-repeats", f".{shard.name.partition('-')[0]}")


def ladder(context: Context, shard: Shard) -> Part:
    """What each rung leaves of a part, by the number of the pool."""
    config: DedupConfig = context.config
    gone = {rung: gone_rows(context, shard.name, round_name="rungs", shard=rung) for rung in NEAR_RUNGS}
    cuts = {rung: cuts_of(context, shard.name, "rung-repeats", _ranges(context, rung)) for rung in SPAN_RUNGS}
    first, stats = 0, list[dict[str, Any]]()
    for table in documents.batches(context.lake, context.inputs, shard.name, COLUMNS):
        sizes = table["num_bytes"].to_numpy().astype(np.int64)
        for rung in (*NEAR_RUNGS, *SPAN_RUNGS):
            keep, cut = table[documents.KEPT].to_numpy(zero_copy_only=False).copy(), np.zeros(len(table), np.int64)
            own = gone[rung if rung in gone else NEAR_RUNGS[-1]]
            keep[own[(own >= first) & (own < first + len(table))] - first] = False
            if rung in cuts:
                spans_of_rows = [cuts[rung].get(row, []) for row in range(first, first + len(table))]
                cut = np.array([documents.cut_bytes(spans) for spans in spans_of_rows], np.int64)
                keep &= ~too_little_left(sizes, cut, spans_config(config).min_left)
            stats.append({"ladder": {pool: {rung: left} for pool, left in count(table, config, keep, cut).items()}})
        first += len(table)
    return Part({}, rows=first, stats=merge_stats(stats))


def choice_shards(context: Context) -> list[Shard]:
    """One."""
    return [Shard("all")] if context.config.targets else []


def choice(context: Context, shard: Shard) -> Part:
    """The rung of each pool."""
    table = merge_stats([record.stats for record in context.records("ladder").values()]).get("ladder", {})
    found = choose(context.config, table)
    return Part({RUNGS: json.dumps(found).encode()}, rows=len(found), stats={"rung": found})


def count(table: Any, config: DedupConfig, keep: np.ndarray, cut: np.ndarray) -> dict[str, dict[str, int]]:
    """Documents and tokens that are left of each pool with a target.

    Args:
        table: ``COLUMNS`` of a row group, before any cut.
        keep: bool, N.
        cut: bytes that go of each, int64, N; a text's tokens go in proportion.
    """
    pools = np.array(config.pools)[groups(table, config)]
    sizes = table["num_bytes"].to_numpy().astype(np.int64)
    tokens = pc.fill_null(table[TOKENS], 0).to_numpy().astype(np.int64)
    tokens = tokens * (sizes - cut) // np.maximum(sizes, 1)
    return {
        str(pool): {"documents": int(own.sum()), "tokens": int(tokens[own].sum())}
        for pool in config.targets
        for own in [keep & (pools == pool)]
    }


def _at(config: DedupConfig, rung: str) -> tuple[Levels, ...]:
    return config.levels_at(dict.fromkeys(config.targets, rung))


def _ranges(context: Context, rung: str) -> list[Shard]:
    return [Shard(f"{rung}-{number:05d}", number) for number in range(num_span_ranges(context))]
