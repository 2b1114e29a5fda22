"""Ingest: raw files to documents of plain text, all in one schema.

A shard is a piece of a fetched package, or a group of listed files of about ``shard_bytes``; a large
file is a shard of its own. A file that cannot be read, or a record in it, goes to the part's
quarantine with its reason, and its neighbours come through.
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pyarrow as pa
import pyarrow.parquet as pq

from smelt.lake import Lake
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import DebSource, FilesSource
from smelt.sources.listing import ListedFile, Listing, listing_key
from smelt.stage import Context, Part, Round, Shard, Stage
from tasks.documents import write
from tasks.fetch import shard_name
from tasks.ingest.document import Document, RawFile, Refusal, document_id
from tasks.ingest.read import read
from tasks.tally import tally

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("format", pa.string()),
        ("lang", pa.string()),
        ("domain", pa.string()),
        ("raw_bytes", pa.int64()),
    ]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw_bytes", pa.int64()),
    ]
)


def shards(context: Context) -> list[Shard]:
    """The pieces of fetched packages in the recipe's order of sources, then groups of listed files."""
    config: IngestConfig = context.config
    payloads = [*_package_pieces(config, context), *_file_groups(config, context)]
    return [Shard(f"{number:05d}", payload) for number, payload in enumerate(payloads)]


def work(context: Context, shard: Shard) -> Part:
    """Read the raw files of a shard."""
    config: IngestConfig = context.config
    documents: dict[str, list[Any]] = {name: [] for name in SCHEMA.names}
    refused: dict[str, list[Any]] = {name: [] for name in QUARANTINE_SCHEMA.names}
    num_files = 0
    for raw in _raw_files(context, shard.payload):
        num_files += 1
        for item in read(raw, config):
            row = {
                "id": document_id(raw.source, raw.path, item.index),
                "source": raw.source,
                "raw_bytes": item.raw_bytes,
            }
            if isinstance(item, Refusal):
                _append(refused, {**row, "url": raw.path, "reason": item.reason, "detail": item.detail})
            else:
                _append(documents, {**row, **_described(raw, item)})
    table = pa.table(documents, schema=SCHEMA)
    files: dict[str, bytes | Path] = {".parquet": write(table)}
    if refused["id"]:
        files[".quarantine.parquet"] = write(pa.table(refused, schema=QUARANTINE_SCHEMA))
    sizes = [len(text.encode()) for text in documents["text"]]
    reasons = {reason: refused["reason"].count(reason) for reason in sorted(set(refused["reason"]))}
    stats = tally(num_bytes=sizes, source=documents["source"], lang=documents["lang"])
    raw_bytes = sum(documents["raw_bytes"]) + sum(refused["raw_bytes"])
    return Part(files, table.num_rows, {**stats, "files": num_files, "raw_bytes": raw_bytes, "quarantined": reasons})


def _append(columns: dict[str, list[Any]], row: dict[str, Any]) -> None:
    for name, values in columns.items():
        values.append(row[name])


def _described(raw: RawFile, document: Document) -> dict[str, Any]:
    lang = raw.lang or ("code" if document.format == "code" else None)
    domain = raw.domain or ("code" if document.format == "code" else None)
    url = document.url or (raw.path if document.index == 0 else f"{raw.path}#{document.index}")
    return {"text": document.text, "url": url, "format": document.format, "lang": lang, "domain": domain}


def _package_pieces(config: IngestConfig, context: Context) -> Iterator[dict[str, Any]]:
    fetched = context.inputs.get("fetch")
    for source in config.sources:
        if isinstance(source, DebSource):
            assert fetched is not None, "a recipe with packages has a fetch artifact"
            for package in source.packages:
                part = fetched.part(shard_name(source.name, package))
                for suffix in sorted(part.files):
                    yield {"source": source.name, "package": package, "part": part.name, "suffix": suffix}


def _file_groups(config: IngestConfig, context: Context) -> Iterator[dict[str, Any]]:
    if not any(isinstance(source, FilesSource) for source in config.sources):
        return
    listed = Listing.model_validate(context.lake.get_json(listing_key(context.external["listing"])))
    group: list[dict[str, Any]] = []
    size = 0
    for entry in listed.entries:
        if group and size + entry.bytes > config.shard_bytes:
            yield {"files": group}
            group, size = [], 0
        group.append(entry.model_dump())
        size += entry.bytes
    if group:
        yield {"files": group}


def _raw_files(context: Context, payload: dict[str, Any]) -> Iterator[RawFile]:
    config: IngestConfig = context.config
    by_name = {source.name: source for source in config.sources}
    if "part" in payload:
        source = by_name[payload["source"]]
        content = context.lake.get(context.inputs["fetch"].key(payload["part"], payload["suffix"]))
        for batch in pq.ParquetFile(io.BytesIO(content)).iter_batches(batch_size=64):
            for row in batch.to_pylist():
                path = f"{payload['package']}/{row['path']}"
                yield RawFile(source.name, path, row["content"], lang=source.lang, domain=source.domain)
    else:
        for value in payload["files"]:
            entry = ListedFile(**value)
            listed = by_name[entry.source]
            assert isinstance(listed, FilesSource), "only files are listed"
            local = _local(context, entry)
            yield RawFile(
                listed.name, entry.path, local, listed.format, listed.text_field, lang=listed.lang, domain=listed.domain
            )
            if entry.uri.startswith("s3://"):
                local.unlink()


def _local(context: Context, entry: ListedFile) -> Path:
    """The listed file on this machine; an object is fetched into the scratch folder."""
    if not entry.uri.startswith("s3://"):
        return Path(entry.uri)
    parsed = urlparse(entry.uri)
    target = context.scratch / document_id(entry.source, entry.uri, 0)
    Lake(context.lake.settings, url=f"s3://{parsed.netloc}").download(entry.uri.split("/", 3)[3], target)
    return target


STAGE = Stage("ingest", (Round("parts", shards, work),))
