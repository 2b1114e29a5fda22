"""Clean: edits of the text and all signals about it, in one pass over the bytes of a part.

Measuring is costly and done once; deciding is cheap and left to ``select``. The text is edited by
compiled kernels, handed to the reference steps that the recipe names, and measured, a row group at a time.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.recipe.clean import KEYWORDS, CleanConfig
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards, small
from tasks import invariants
from tasks.clean import steps
from tasks.clean.edits.edit import edit
from tasks.clean.edits.rewrite import buffers
from tasks.clean.personal import judge
from tasks.clean.signals.keywords import hits
from tasks.clean.signals.measure import signals
from tasks.documents import PartWriter, batches
from tasks.tally import tally

_PASSED_ON = ("id", "source", "url", "format", "lang", "domain")


def shards(context: Context) -> list[Shard]:
    """The parts of ``ingest``; the kernels are compiled here, so that workers find them ready."""
    config: CleanConfig = context.config
    for step in config.steps:
        steps.build(step)
    clean(pa.array(["x"], pa.large_string()), np.zeros(1, np.bool_), config)
    return parts_as_shards("ingest")(context)


def work(context: Context, shard: Shard) -> Part:
    """Clean the documents of a part."""
    stats = []
    with PartWriter(context, shard) as out, PartWriter(context, shard, ".rejects.parquet") as rejects:
        for table in batches(context.lake, context.inputs, shard.name, [*_PASSED_ON, "text"]):
            cleaned, figures = _cleaned(table, context.config)
            out.write(cleaned)
            stats.append(figures)
            rejected = cleaned.filter(cleaned["drop_reason"].is_valid())
            if len(rejected):
                rejects.write(rejected.select(["id", "text", "source", "url", "drop_reason"]))
    return Part(out.files() | rejects.files(".rejects.parquet"), out.rows, merge_stats(stats))


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """Cleaned documents are a function of the config and the documents."""
    return {"config": context.config, "ingest": context.inputs["ingest"].part(shard.name).digest}


def config_alone(context: Context) -> list[Shard]:
    """One shard, which is the config, where there is any document."""
    return [Shard("personal")] if context.inputs["ingest"].parts else []


def judged(context: Context, shard: Shard) -> Part:
    """How well the config finds personal data: statistics that no document has a part in."""
    return Part({}, 0, {"pii_quality": judge.judge(context.config)})


def _cleaned(table: pa.Table, config: CleanConfig) -> tuple[pa.Table, dict[str, Any]]:
    """The cleaned documents of a row group with their columns, and its statistics."""
    texts = _flat(table["text"])
    is_code = np.array([kind == "code" for kind in table["format"].to_pylist()], np.bool_)
    texts, edits, reasons, found = clean(texts, is_code, config, table.select(_PASSED_ON))
    columns: dict[str, Any] = {"id": table["id"], "text": texts}
    columns |= {name: table[name] for name in _PASSED_ON[1:]}
    columns |= {name: pa.array(values, _type_of(name)) for name, values in found.items()}
    columns |= {name: pa.array(values, pa.int32()) for name, values in edits.items()}
    columns["drop_reason"] = pa.array(reasons, pa.string())
    keep = [reason is None for reason in reasons]
    stats = tally(num_bytes=found["num_bytes"].astype(np.int64), keep=keep, reason=reasons, source=table["source"])
    stats["edits"] = {name: int(values.sum()) for name, values in edits.items()}
    stats["personal_data_left"] = invariants.personal_data_left(texts, *buffers(texts), config.pii.model_dump())
    written = pa.table(columns)
    return written, stats | invariants.violations("clean", written, table)


def clean(
    texts: pa.LargeStringArray, is_code: np.ndarray, config: CleanConfig, about: pa.Table | None = None
) -> tuple[pa.LargeStringArray, dict[str, np.ndarray], list[str | None], dict[str, np.ndarray]]:
    """Edited texts, edit counts, reasons of reference steps, and signals, of a batch of documents."""
    texts, edits = edit(texts, is_code, config)
    reasons: list[str | None] = [None] * len(texts)
    if config.steps:
        metadata = about.to_pylist() if about is not None else [{} for _ in range(len(texts))]
        after, reasons = steps.run(config.steps, texts.to_pylist(), metadata)
        texts = pa.array(after, pa.large_string())
    return texts, edits, reasons, signals(*buffers(texts), is_code) | hits(*buffers(texts), config)


def _flat(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """One array of all chunks, with 64-bit offsets."""
    flat = column.cast(pa.large_string()).combine_chunks()
    return flat.chunk(0) if isinstance(flat, pa.ChunkedArray) else flat


def _type_of(signal: str) -> pa.DataType:
    counts = ("num_", "c4_", "longest_", KEYWORDS)
    return pa.int32() if signal.startswith(counts) or signal == "dup_line_chars" else pa.float32()


STAGE = Stage(
    "clean",
    (
        Round("judged", config_alone, judged, lambda context, shard: context.config, in_driver=small),
        Round("parts", shards, work, made_of, in_driver=small),
    ),
)
