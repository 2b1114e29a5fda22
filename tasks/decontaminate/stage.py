"""Decontamination: documents that hold an item of a benchmark go, so that the benchmark still measures something.

The whole document goes rather than the passage: what surrounds a leaked question is mostly its answer, and
a hole in a text teaches the model holes. ``item`` says which line of the benchmark was met.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.recipe.decontaminate import DecontaminateConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.decontaminate.grams import Grams, collect, find


@lru_cache(maxsize=2)
def _grams(config: DecontaminateConfig) -> Grams:
    return collect([benchmark.texts() for benchmark in config.benchmarks], config)


def work(context: Context, shard: Shard) -> Part:
    """Decide on a part's documents."""
    config: DecontaminateConfig = context.config
    grams = _grams(config)
    columns = ["id", "text", "num_bytes", "source", "lang", "domain", documents.KEPT]
    stats = []
    with documents.PartWriter(context, shard) as out:
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            decided = _decided(table, grams, config)
            out.write(decided)
            stats.append(documents.tally_decisions(table, decided))
    if shard.name == context.inputs["clean"].parts[0].name:  # of the benchmarks, not of the part: counted once
        short = {item.name: count for item, count in zip(config.benchmarks, grams.too_short, strict=True)}
        stats.append({"too_short_items": short})
    return Part(out.files(), out.rows, merge_stats(stats))


def _decided(table: pa.Table, grams: Grams, config: DecontaminateConfig) -> pa.Table:
    """Which documents of a row group hold an item, and which one."""
    rows = np.flatnonzero(table[documents.KEPT].to_numpy())
    found = np.full((len(table), 2), -1, np.int32)
    found[rows] = find(table["text"].take(rows), grams)
    clean = found[:, 0] < 0
    names = np.array([f"contaminated:{benchmark.name}" for benchmark in config.benchmarks] + [None], object)
    return pa.table(
        {
            "id": table["id"],
            "keep": pa.array(clean),
            "reason": pa.array(names[found[:, 0]], pa.string()),
            "item": pa.array(found[:, 1] + 1, pa.int32(), mask=clean),
        }
    )


STAGE = Stage("decontaminate", rounds=(Round("parts", parts_as_shards("clean"), work),))
