"""Decontamination: documents that hold an item of a benchmark go, so that the benchmark still measures something.

The whole document goes rather than the passage: what surrounds a leaked question is mostly its answer, and
a hole in a text teaches the model holes. ``item`` says which line of the benchmark was met.
"""

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.decontaminate import DecontaminateConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.decontaminate.grams import Grams, collect, find
from tasks.tally import tally


@lru_cache(maxsize=2)
def _grams(config: DecontaminateConfig) -> Grams:
    return collect([benchmark.texts() for benchmark in config.benchmarks], config)


def work(context: Context, shard: Shard) -> Part:
    """Decide on a part's documents."""
    config: DecontaminateConfig = context.config
    table = documents.read(
        context.lake, context.inputs, shard.name, {"clean": ["id", "text", "source"], "score": ["lang", "domain"]}
    )
    before = documents.kept(context.lake, context.inputs, shard.name)
    rows = np.flatnonzero(before.to_numpy(zero_copy_only=False))
    grams = _grams(config)
    found = np.full((len(table), 2), -1, np.int32)
    found[rows] = find(table["text"].take(rows), grams)

    clean = found[:, 0] < 0
    names = np.array([f"contaminated:{benchmark.name}" for benchmark in config.benchmarks] + [None], object)
    columns = pa.table(
        {
            "id": table["id"],
            "keep": pa.array(clean),
            "reason": pa.array(names[found[:, 0]], pa.string()),
            "item": pa.array(found[:, 1] + 1, pa.int32(), mask=clean),
        }
    )
    stats = tally(
        num_bytes=pc.binary_length(table["text"]),
        keep=columns["keep"],
        reason=columns["reason"],
        lang=table["lang"],
        domain=table["domain"],
        source=table["source"],
        before=before,
    )
    if shard.name == context.inputs["clean"].parts[0].name:  # of the benchmarks, not of the part: counted once
        short = {item.name: count for item, count in zip(config.benchmarks, grams.too_short, strict=True)}
        stats["too_short_items"] = short
    return Part({".parquet": documents.write(columns)}, rows=len(table), stats=stats)


STAGE = Stage("decontaminate", rounds=(Round("parts", parts_as_shards("clean"), work),))
