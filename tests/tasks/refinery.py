"""Artifacts for tests of single stages: made by hand in a real lake, or by running a stage on them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from pydantic import BaseModel

from smelt.identity import digest, fingerprint
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats
from smelt.plan import Planned
from smelt.recipe.graph import spec
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.mixture import BlocksConfig
from smelt.recipe.resources import Resources
from smelt.recipe.sources import ListedSource
from smelt.sources.listing import kept_listing
from smelt.stage import Context, Part, Round, Shard, Stage, parts_as_shards
from tasks import documents
from tasks.indexed import checksums, index_bytes
from tasks.tally import tally
from tasks.tokenizer.sample import COLUMNS

Document = Mapping[str, Any]
STAGES = {
    "ingest": ("id", "date"),
    "clean": ("id", "text", "source", "url", "num_bytes", "num_tokens_estimate"),
    "score": ("id", "lang", "domain", "score_quality"),
    "select": ("id", "keep"),
}
TYPES = {name: pa.string() for name in ("id", "text", "source", "lang", "domain", "url", "date")} | {
    "keep": pa.bool_(),
    "num_bytes": pa.int32(),
    "num_tokens_estimate": pa.int32(),
    "score_quality": pa.float64(),
}


def identify(text: str) -> str:
    """An id as the lake has them: 16 hex digits."""
    return xxhash.xxh3_128_hexdigest(text.encode())[:16]


def scored(lake: Lake, parts: Sequence[Sequence[Document]]) -> dict[str, Manifest]:
    """Artifacts ingest, clean, score and select that hold documents; select has its statistics.

    Args:
        parts: documents of each part; ``text`` is needed, ``id``, ``lang``, ``domain``, ``source``, ``score_quality``,
            ``url``, ``date`` and ``keep`` have defaults.
    """
    columns: dict[str, list[pa.Table]] = {stage: [] for stage in STAGES}
    stats = []
    for number, part in enumerate(parts):
        rows = [
            {"id": identify(f"{number}/{row}/{item['text']}"), "lang": "en", "domain": "other", "source": "test"}
            | {
                "url": None,
                "date": None,
                "keep": True,
                "score_quality": 0.0,
                "num_bytes": len(item["text"].encode()),
                "num_tokens_estimate": len(item["text"].encode()) // 4,
                **item,
            }
            for row, item in enumerate(part)
        ]
        taken = {name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()}
        for stage, names in STAGES.items():
            columns[stage].append(pa.table({name: taken[name] for name in names}))
        stats.append(tally(**{name: taken[name] for name in ("num_bytes", "keep", "lang", "domain", "source")}))
    made = {stage: commit(lake, stage, tables) for stage, tables in columns.items()}
    made["select"] = made["select"].model_copy(update={"stats": merge_stats(stats)})
    return made


def decided(lake: Lake, parts: Sequence[Sequence[Document]]) -> dict[str, Manifest]:
    """As ``scored``, with dedup and decontaminate artifacts that keep all; ``keep`` stands in select."""
    inputs = scored(lake, parts)
    for stage in ("dedup", "decontaminate"):
        inputs[stage] = run(KEEP_ALL, context(lake, stage, None, inputs))
    return inputs


def sample(texts: Sequence[str], *, lang: str = "en", sources: Sequence[str] = ("test",)) -> pa.Table:
    """Documents as a tokenizer is trained on them; the sources take turns."""
    rows = [
        {"id": identify(f"{row}/{text}"), "text": text, "lang": lang, "domain": "other", "url": None}
        | {"source": sources[row % len(sources)]}
        for row, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in COLUMNS]))


def commit(lake: Lake, stage: str, tables: Sequence[pa.Table]) -> Manifest:
    """An artifact of Parquet parts ``00000``, ``00001``, …"""
    artifact = Artifact(stage, uuid.uuid4().hex[:20])
    records = [
        artifact.write_part(
            lake, "parts", f"{number:05d}", files={".parquet": documents.write(table)}, rows=len(table), stats={}
        )
        for number, table in enumerate(tables)
    ]
    return _manifest(artifact, records, records, {})


def tokenized(lake: Lake, parts: Sequence[Sequence[Document]], dtype: np.dtype) -> Manifest:
    """A tokens artifact of documents (``id``, ``lang``, ``domain``, ``tokens``) whose every token is ``number``.

    Where it is an array, it is the document's tokens.
    """
    artifact = Artifact("tokens", uuid.uuid4().hex[:20])
    records = []
    for place, part in enumerate(parts):
        sizes = np.array([item["tokens"] for item in part])
        content = np.concatenate([np.broadcast_to(item["number"], item["tokens"]) for item in part]).astype(dtype)
        index = pa.table({name: [item[name] for item in part] for name in ("id", "lang", "domain", "tokens")})
        index = index.append_column("offset", pa.array(np.cumsum(sizes) - sizes))
        index = index.append_column("checksum", pa.array(checksums(content.tobytes(), sizes, dtype)))
        files = {".bin": content.tobytes(), ".idx": index_bytes(sizes, dtype), ".docs.parquet": documents.write(index)}
        records.append(artifact.write_part(lake, "parts", f"{place:05d}", files=files, rows=len(part), stats={}))
    return _manifest(artifact, records, records, {})


def context(lake: Lake, stage: str, config: Any, inputs: dict[str, Manifest]) -> Context:
    """What a stage is given; each call makes an artifact of its own."""
    artifact = Artifact(stage, uuid.uuid4().hex[:20])
    return Context(lake, config, Resources(), inputs, {}, artifact)


def listed(lake: Lake, config: IngestConfig) -> Context:
    """What ``ingest`` is given: the listing of the config's sources is put where it looks for it."""
    found = kept_listing([source for source in config.sources if isinstance(source, ListedSource)], lake)
    return replace(context(lake, "ingest", config, {}), external={"listing": found.digest})


def run(stage: Stage, given: Context, *, backwards: bool = False) -> Manifest:
    """Do a stage's rounds in this process, shard by shard (in reverse order if asked), and say what came of it."""
    everything = []
    for current in stage.rounds:
        shards = current.shards(given)
        records = []
        for shard in reversed(shards) if backwards else shards:
            part = current.work(given, shard)
            records.append(
                given.artifact.write_part(
                    given.lake, current.name, shard.name, files=part.files, rows=part.rows, stats=part.stats
                )
            )
        everything += records
    return _manifest(given.artifact, sorted(records, key=lambda record: record.name), everything, given.config)


def planned_blocks(config: BlocksConfig, inputs: Mapping[str, Manifest], **external: str) -> Planned:
    """Blocks as a plan has them, for the engine to make."""
    stage = spec("blocks-1")
    above = {kind: manifest.fingerprint for kind, manifest in inputs.items()} | external
    return Planned(
        stage=stage.name,
        version=stage.version,
        fingerprint=fingerprint(stage=stage.kind, version=stage.version, config=config, inputs=above),
        inputs=above,
        config=config.model_dump(mode="json"),
        suite="",
        cached=False,
        reason="",
    )


def columns(lake: Lake, manifest: Manifest, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of all parts of a document stage."""
    found = [documents.read(lake, {manifest.stage: manifest}, part.name, names) for part in manifest.parts]
    return pa.concat_tables(found).to_pylist()


def _keep_all(given: Context, shard: Shard) -> Part:
    columns = ["id", "num_bytes", "source", "lang", "domain", documents.KEPT]
    table = documents.read(given.lake, given.inputs, shard.name, columns)
    decisions = pa.table({"id": table["id"], "keep": pa.array([True] * len(table), pa.bool_())})
    stats = tally(
        num_bytes=table["num_bytes"],
        lang=table["lang"],
        domain=table["domain"],
        source=table["source"],
        before=table[documents.KEPT],
    )
    return Part({".parquet": documents.write(decisions)}, rows=len(table), stats=stats)


KEEP_ALL = Stage("keep", rounds=(Round("parts", parts_as_shards("clean"), _keep_all),))


def _manifest(artifact: Artifact, parts: list, everything: list, config: Any) -> Manifest:
    return Manifest(
        stage=artifact.stage,
        version=1,
        fingerprint=artifact.fingerprint,
        config=config.model_dump(mode="json") if isinstance(config, BaseModel) else config,
        inputs={},
        parts=tuple(parts),
        stats=merge_stats([record.stats for record in everything]),
        digest=digest([[record.name, record.digest] for record in parts]),
    )
