"""What the engine costs: ingest to select over Ray, from and to S3, against the bare work in one process.

The same raw documents (compressed JSON Lines in a real S3 server of its own) go through the four stages as a
recipe runs them, with one worker and with two; and through the same functions one after the other in memory,
without Ray, S3, Parquet, manifests and statistics. Times are of the wall: run it on a machine that does nothing else.

    python -m bench.pipeline --json FILE [--megabytes 60]
"""

import itertools
import json
import logging
import time
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import ray
import zstandard

from bench.command import command
from bench.store import own_store
from bench.texts import texts
from smelt import rules
from smelt.engine.make import make_artifact, make_context
from smelt.engine.spread import over_ray
from smelt.lake import Lake
from smelt.plan import make_plan
from smelt.recipe import Recipe, parse_recipe
from smelt.sources.listing import kept_listing
from tasks.clean import clean
from tasks.ingest.document import Document, RawFile
from tasks.ingest.read import read
from tasks.score.language import identify

STAGES = ("ingest", "clean", "score", "select")
FILE_BYTES = 4_000_000
"""Text of a raw file; each is a shard of its own."""


def raw_files(megabytes: float) -> dict[str, bytes]:
    """Compressed JSON Lines by name: English, Chinese and code in equal parts, over and over where there is less."""
    found = {}
    for lang in ("en", "zh", "code"):
        rows = texts(lang, megabytes / 3).to_pylist()
        lines: list[bytes] = []
        size, number = 0, 0
        for text in itertools.cycle(rows):
            lines.append(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n")
            size += len(lines[-1])
            if size >= FILE_BYTES:
                found[f"{lang}/{number:03d}.jsonl.zst"] = zstandard.compress(b"".join(lines))
                lines, size, number = [], 0, number + 1
            if number * FILE_BYTES >= megabytes / 3 * 1e6:
                break
    return found


def recipe_of(workers: int) -> Recipe:
    """The recipe's data part; model and phases are only there because a recipe has them."""
    sources = [
        {"name": lang, "kind": "files", "paths": [f"s3://smelt/raw/{lang}/*.jsonl.zst"], "domain": lang}
        | ({"lang": "code"} if lang == "code" else {})
        for lang in ("en", "zh", "code")
    ]
    raw = {
        "name": "bench",
        "sources": sources,
        "ingest": {"shard_bytes": 1},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        "resources": {stage: {"workers": workers} for stage in STAGES},
    }
    return parse_recipe(raw, where="bench")


def through_engine(lake: Lake, workers: int) -> dict[str, float]:
    """Seconds of each stage, in a lake that holds nothing yet."""
    recipe = recipe_of(workers)
    files = kept_listing(recipe.file_sources, lake)
    plan = make_plan(recipe, lake, listing_digest=files.digest)
    seconds: dict[str, float] = {}
    for planned in plan.stages:
        start = time.perf_counter()
        make_artifact(planned, make_context(recipe, planned, lake), over_ray)
        if planned.stage in STAGES:
            seconds[planned.stage] = time.perf_counter() - start
        if planned.stage == STAGES[-1]:
            break
    return seconds


def bare(raw: dict[str, bytes]) -> dict[str, float]:
    """Seconds of each stage's own work, file by file in memory."""
    recipe = recipe_of(1)
    seconds = dict.fromkeys(STAGES, 0.0)
    for name, content in raw.items():
        marks = [time.perf_counter()]
        documents = [
            item for item in read(RawFile("bench", name, content), recipe.ingest) if isinstance(item, Document)
        ]
        marks.append(time.perf_counter())
        is_code = np.full(len(documents), name.startswith("code"), np.bool_)
        column = pa.array([document.text for document in documents], pa.large_string())
        cleaned, edits, _, signals = clean(column, is_code, recipe.clean)
        marks.append(time.perf_counter())
        langs, _ = identify(
            cleaned.to_pylist(), num_chars=recipe.score.language_chars, min_score=recipe.score.min_lang_score
        )
        marks.append(time.perf_counter())
        labels = {"lang": langs, "domain": ["other"] * len(langs), "source": ["bench"] * len(langs)}
        rules.reasons(pl.DataFrame({**signals, **edits, **labels}), recipe.select.groups)
        marks.append(time.perf_counter())
        for stage, start, end in zip(STAGES, marks, marks[1:], strict=False):
            seconds[stage] += end - start
    return seconds


def measure(megabytes: float) -> dict[str, Any]:
    """Seconds and MB/s of each way, and ratios."""
    raw = raw_files(megabytes)
    size = sum(len(zstandard.decompress(content)) for content in raw.values()) / 1e6
    with own_store() as settings:
        lake = Lake(settings, url="s3://smelt/raw")
        for name, content in raw.items():
            lake.put(name, content)
        bare(dict(list(raw.items())[:1]))  # compiled code is loaded, and the model
        seconds = {"bare": bare(raw)}
        ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level=logging.ERROR)
        try:
            through_engine(Lake(settings, url="s3://smelt/warm-up"), 2)
            for workers in (1, 2):
                seconds[f"workers_{workers}"] = through_engine(
                    Lake(settings, url=f"s3://smelt/made-by-{workers}"), workers
                )
        finally:
            ray.shutdown()
    totals = {name: sum(by_stage.values()) for name, by_stage in seconds.items()}
    return {
        "ratios": {
            "one_worker_over_bare": totals["workers_1"] / totals["bare"],
            "two_workers_over_one": totals["workers_1"] / totals["workers_2"],
        },
        "figures": {
            "megabytes": size,
            "files": len(raw),
            "seconds": seconds,
            "mb_s": {name: size / total for name, total in totals.items()},
        },
    }


def table(figures: dict[str, Any]) -> list[str]:
    """MB/s of each way, and seconds of each stage."""
    return [
        f"{name:12} {figures['mb_s'][name]:7.2f} MB/s   "
        + "  ".join(f"{stage} {value:6.2f} s" for stage, value in by_stage.items())
        for name, by_stage in figures["seconds"].items()
    ]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=60.0)
