"""Decontamination: what documents hold of the items of benchmarks goes, so that these still measure something.

By default the whole document goes rather than the passage: what surrounds a leaked question is mostly its answer, and
a hole in a text teaches the model holes. Where ``remove`` is ``passage``, the sentences that hold the hit go.
``benchmark`` and ``item`` (its line) say what was met first; ``.hits.parquet`` has every hit with its passage.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.recipe.decontaminate import HITS, DecontaminateConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards, small
from tasks import documents
from tasks.decontaminate.grams import Grams, collect, find
from tasks.decontaminate.passages import before_cuts, cuts_around

PASSAGE = 300
"""Characters of a passage that are kept."""


@lru_cache(maxsize=2)
def _grams(config: DecontaminateConfig) -> Grams:
    return collect([benchmark.texts() for benchmark in config.benchmarks], config)


def work(context: Context, shard: Shard) -> Part:
    """Decide on a part's documents."""
    config: DecontaminateConfig = context.config
    grams = _grams(config)
    columns = ["id", "text", "num_bytes", "source", "lang", "domain", documents.KEPT, documents.CUTS]
    stats, passages = list[dict[str, Any]](), list[pa.Table]()
    with documents.PartWriter(context, shard) as out:
        for table in documents.batches(context.lake, context.inputs, shard.name, columns):
            hits = _hits(table, grams)
            decided = _decided(table, hits, config)
            out.write(decided)
            passages.append(_passages(table, hits, config))
            stats += [documents.tally_decisions(_left(table, decided), decided), _counted(hits, decided, config)]
    if shard.name == context.inputs["clean"].parts[0].name:  # of the benchmarks, not of the part: counted once
        short = {item.name: count for item, count in zip(config.benchmarks, grams.too_short, strict=True)}
        stats.append({"too_short_items": short})
    files = {**out.files(), HITS: documents.write(pa.concat_tables(passages))}
    return Part(files, out.rows, merge_stats(stats))


def _hits(table: pa.Table, grams: Grams) -> np.ndarray:
    """The hits (HIT) in the documents of a row group that are still there."""
    rows = np.flatnonzero(table[documents.KEPT].to_numpy())
    hits = find(table["text"].take(rows), grams)
    hits["row"] = rows[hits["row"]]
    return hits


def _decided(table: pa.Table, hits: np.ndarray, config: DecontaminateConfig) -> pa.Table:
    """Which documents of a row group go for an item, which one they hold, and what is cut of those that stay."""
    met, first = np.unique(hits["row"], return_index=True)
    names = np.full(len(table), None, object)
    names[met] = [config.benchmarks[number].name for number in hits["benchmark"][first].tolist()]
    item = np.zeros(len(table), np.int32)
    item[met] = hits["item"][first] + 1
    gone = item > 0
    columns = {"id": table["id"]}
    if config.remove == "passage":
        cuts: list[list[int]] = [[] for _ in range(len(table))]
        sizes = table["num_bytes"].to_pylist()
        for row, own in cuts_around(table["text"], hits).items():
            gone[row] = sizes[row] - documents.cut_bytes(own) < config.min_left * sizes[row]
            if not gone[row]:
                cuts[row] = before_cuts(own, table[documents.CUTS][row].as_py())
        columns[documents.CUTS] = pa.array(cuts, pa.list_(pa.uint32()))
    reasons = [f"contaminated:{name}" if lost else None for name, lost in zip(names, gone.tolist(), strict=True)]
    return pa.table(
        columns
        | {
            "keep": pa.array(~gone),
            "reason": pa.array(reasons, pa.string()),
            "benchmark": pa.array(names, pa.string()),
            "item": pa.array(item, pa.int32(), mask=item == 0),
        }
    )


def _left(table: pa.Table, decided: pa.Table) -> pa.Table:
    """The row group with ``num_bytes`` of what is left of each document."""
    if documents.CUTS not in decided.column_names:
        return table
    already = table[documents.CUTS].to_pylist()
    more = decided[documents.CUTS].to_pylist()
    sizes = [
        size + documents.cut_bytes(own) - documents.cut_bytes(documents.united([own, cut]))
        for size, own, cut in zip(table["num_bytes"].to_pylist(), already, more, strict=True)
    ]
    place = table.column_names.index("num_bytes")
    return table.set_column(place, "num_bytes", pa.array(sizes, table["num_bytes"].type))


def _counted(hits: np.ndarray, decided: pa.Table, config: DecontaminateConfig) -> dict[str, Any]:
    """How many documents hold each item, by benchmark, and how many any of its items."""
    found: dict[str, Any] = {}
    for number in np.unique(hits["benchmark"]).tolist():
        own = hits[hits["benchmark"] == number]
        pairs = np.unique(own[["row", "item"]])
        items, counts = np.unique(pairs["item"], return_counts=True)
        found[config.benchmarks[number].name] = {
            "documents": len(np.unique(own["row"])),
            "items": {str(item + 1): count for item, count in zip(items.tolist(), counts.tolist(), strict=True)},
        }
    stats: dict[str, Any] = {"hits": found}
    if documents.CUTS in decided.column_names:
        cut = [documents.cut_bytes(own) for own in decided[documents.CUTS].to_pylist()]
        stats |= {"cut_documents": sum(size > 0 for size in cut), "cut_bytes": sum(cut)}
    return stats


def _passages(table: pa.Table, hits: np.ndarray, config: DecontaminateConfig) -> pa.Table:
    """The hits as they are kept to be looked at."""
    texts = {row: table["text"][row].as_py().encode() for row in np.unique(hits["row"]).tolist()}
    passages = [texts[row][start:end].decode(errors="replace")[:PASSAGE] for row, start, end, *_ in hits.tolist()]
    return pa.table(
        {
            "id": table["id"].take(pa.array(hits["row"])),
            "benchmark": pa.array([config.benchmarks[number].name for number in hits["benchmark"]], pa.string()),
            "item": pa.array(hits["item"] + 1, pa.int32()),
            "passage": pa.array(passages, pa.string()),
        }
    )


STAGE = Stage("decontaminate", rounds=(Round("parts", parts_as_shards("clean"), work, in_driver=small),))
