"""What a worker of dedup takes of memory, on a corpus of some size and on one of sixteen times as much.

The stage's rounds run one shard after the other in a process of their own, as a worker does them, over a real object
store. Ranges are made as small as these corpora, so that the larger one has more of them, not larger ones. Each copy of
the texts has its letters moved on by another number of places: as long, as repetitive, and alike to no other copy.
"""

import multiprocessing
import string
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.memory import memory_mb
from bench.store import own_store
from smelt.engine.make import serially
from smelt.identity import digest
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import DedupConfig
from smelt.recipe.resources import Resources
from smelt.settings import Settings
from smelt.stage import Context, Shard
from tasks import documents
from tasks.dedup import STAGE, cutting, ranges
from tasks.dedup.substrings import rounds
from tasks.tally import tally

CONFIG = DedupConfig.model_validate({"spans": {}, "substrings": {}})
GROUP_ROWS = 64
_COLUMNS = {
    "ingest": ("id", "date"),
    "clean": ("id", "text", "source", "url", "num_bytes"),
    "score": ("id", "lang", "domain"),
    "select": ("id", "keep"),
}


def peak_mb(column: pa.Array, copies: int) -> float:
    """Peak resident memory in MB of a process that does all rounds over so many copies of the texts, a part each."""
    with own_store() as settings:
        lake = Lake(settings, url="s3://smelt/dedup")
        inputs = _inputs(lake, column, copies)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(_peak, (settings, inputs, int(column.nbytes)))


def _peak(settings: Settings, inputs: dict[str, Manifest], part_bytes: int) -> float:
    lake = Lake(settings, url="s3://smelt/dedup")
    ranges.BUCKET_BYTES, ranges.TEXT_BYTES = part_bytes // 4, part_bytes
    cutting.SPAN_TEXT_BYTES, rounds.TEXT_BYTES = part_bytes, part_bytes
    artifact = Artifact("dedup", uuid.uuid4().hex[:20])
    context = Context(lake, CONFIG, Resources(), inputs, {}, artifact)
    for number, current in enumerate(STAGE.rounds):
        list(serially(context, number, current.shards(context)))
    return memory_mb("VmHWM")


def _inputs(lake: Lake, column: pa.Array, copies: int) -> dict[str, Manifest]:
    """Artifacts that dedup reads: a part a copy, in row groups as ``ingest`` makes them."""
    artifacts = {name: Artifact(name, uuid.uuid4().hex[:20]) for name in _COLUMNS}
    records: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for number in range(copies):
        table = _documents(column, number)
        stats = tally(**{name: table[name] for name in ("num_bytes", "keep", "lang", "domain", "source")})
        for name, columns in _COLUMNS.items():
            context = Context(lake, None, Resources(), {}, {}, artifacts[name])
            with documents.PartWriter(context, Shard(f"{number:05d}")) as out:
                for first in range(0, len(table), GROUP_ROWS):
                    out.write(table.select(columns).slice(first, GROUP_ROWS))
            files: dict[str, bytes | Path] = out.files()
            record = artifacts[name].write_part(
                lake, "parts", f"{number:05d}", files=files, rows=out.rows, stats=stats if name == "select" else {}
            )
            records[name].append(record)
    return {
        name: Manifest(
            stage=name,
            version=1,
            fingerprint=artifacts[name].fingerprint,
            config=None,
            inputs={},
            parts=tuple(own),
            stats=merge_stats([record.stats for record in own]),
            digest=digest([record.digest for record in own]),
        )
        for name, own in records.items()
    }


def _documents(column: pa.Array, number: int) -> pa.Table:
    moved = string.ascii_lowercase[number:] + string.ascii_lowercase[:number]
    table = str.maketrans(string.ascii_lowercase, moved)
    texts = pa.array([text.translate(table) for text in column.to_pylist()], pa.large_string())
    same = {"source": "bench", "lang": "en", "domain": "docs", "url": None, "date": None}
    constant = {name: pa.array([value] * len(texts), pa.string()) for name, value in same.items()}
    ids = pa.array([f"{number:06x}{row:010x}" for row in range(len(texts))])
    sizes = pc.binary_length(texts).cast(pa.int32())
    return pa.table({"id": ids, "text": texts, "num_bytes": sizes, "keep": pa.array([True] * len(texts)), **constant})
