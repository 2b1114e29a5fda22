"""Ingest: raw files to documents of plain text, all in one schema.

The first round brings what lies on a hub into the lake, a file a shard; the second reads. A file that cannot be
read, or a record in it, goes to the part's quarantine with its reason, and its neighbours come through. A document's
id depends on its source, its file and its place in that, never on how files are put into shards. Artifacts share both
downloads, which are what they are whatever reads them, and documents.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from smelt.errors import StageError
from smelt.lake import Lake, held
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import ListedSource
from smelt.sources import hub
from smelt.sources.download import download
from smelt.sources.listed import ListedFile
from smelt.sources.local import located
from smelt.stage import Context, Part, Round, Shard, Stage
from tasks.ingest.document import RawFile
from tasks.ingest.read import read
from tasks.ingest.shards import download_name, downloads, files_of, pieces
from tasks.ingest.stored import Stored
from tasks.ingest.table import Rows

DOWNLOADS = "raw"
SUFFIX = ".raw"


def fetch(context: Context, shard: Shard) -> Part:
    """Bring a hub's file into the lake: resumed where it broke off, and held to its listed digest."""
    entry = ListedFile(**shard.payload)
    target = context.scratch / f"{shard.name}{SUFFIX}"
    download(hub.address(entry.uri), target, digest=entry.version, headers=hub.headers())
    return Part({SUFFIX: target}, 0, {"fetched_files": 1, "fetched_bytes": entry.bytes})


def work(context: Context, shard: Shard) -> Part:
    """Read the raw files of a shard."""
    config: IngestConfig = context.config
    num_files = 0
    with Rows(context, shard) as rows:
        for raw in raw_files(context, shard.payload):
            num_files += raw.start == 0
            with unchanged(raw):
                for item in read(raw, config, rows.passed_over):
                    rows.add(raw, item)
    return rows.part(num_files)


def download_of(context: Context, shard: Shard) -> dict[str, Any]:
    """A download is its content, wherever it lies and whoever wants it."""
    return {"version": shard.payload["version"], "bytes": shard.payload["bytes"]}


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """Documents are a function of the options, of the shard's own files, and of what their sources say of them."""
    config: IngestConfig = context.config
    options, by_name = config.model_dump(exclude={"sources", "shard_bytes"}), {s.name: s for s in config.sources}
    payload = shard.payload
    if "part" in payload:
        content = context.inputs["fetch"].part(payload["part"]).files[payload["suffix"]].sha256
        source = by_name[payload["source"]].model_dump(include={"name", "lang", "domain"})
        return {"options": options, "package": payload["package"], "content": content, "source": source}
    told = set(ListedSource.model_fields) - {"paths"}
    files = [
        {"path": file.path, "bytes": file.bytes, "version": file.version, "date": file.date}
        | {"source": by_name[file.source].model_dump(include=told)}
        for file in files_of(context, payload)
    ]
    return {"options": options, "files": files, "start": payload.get("start"), "end": payload.get("end")}


def raw_files(context: Context, payload: dict[str, Any]) -> Iterator[RawFile]:
    """The raw files of a shard, or the range of one.

    Raises:
        StageError: when a local file is gone, or is not what was listed.
    """
    by_name = {source.name: source for source in context.config.sources}
    if "part" in payload:
        source = by_name[payload["source"]]
        content = held.read(context.lake, context.inputs["fetch"], payload["part"], payload["suffix"])
        for batch in pq.ParquetFile(io.BytesIO(content)).iter_batches(batch_size=64):
            for row in batch.to_pylist():
                path = f"{payload['package']}/{row['path']}"
                yield RawFile(source.name, path, row["content"], lang=source.lang, domain=source.domain)
        return
    for entry in files_of(context, payload):
        listed = by_name[entry.source]
        assert isinstance(listed, ListedSource), "only these are listed"
        yield RawFile(
            listed.name,
            entry.path,
            _content(context, entry, first=payload.get("start", 0) == 0),
            listed.format,
            listed.row_layout,
            lang=listed.lang,
            domain=listed.domain,
            date=entry.date,
            refuse=listed.refuse,
            start=payload.get("start", 0),
            end=payload.get("end"),
        )


def _content(context: Context, entry: ListedFile, *, first: bool) -> Path | Stored:
    """The listed file where it lies: on this machine, in a bucket, or in the lake since it was fetched.

    Args:
        first: whether its beginning is wanted; who reads that looks at a download as a whole.
    """
    if hub.is_hub(entry.uri):
        record = context.artifact.record(context.lake, DOWNLOADS, download_name(entry.uri))
        key = context.artifact.key_of(record, SUFFIX)
        if first and (wrong := held.checked(context.lake, key, record.files[SUFFIX])):
            raise held.damaged(context.lake, context.artifact, key, wrong)
        return Stored(context.lake, key, entry.bytes)
    if entry.uri.startswith("s3://"):
        bucket, _, key = entry.uri.removeprefix("s3://").partition("/")
        return Stored(Lake(context.lake.settings, url=f"s3://{bucket}"), key, entry.bytes, entry.version)
    file = located(entry.uri)
    if not file.is_file() or (file.stat().st_size, str(file.stat().st_mtime_ns)) != (entry.bytes, entry.version):
        raise _changed(file)
    return file


@contextmanager
def unchanged(raw: RawFile) -> Iterator[None]:
    """Holds a local file to being the same, and the same inside, before the first read of it and after the last.

    What was read is then a file's content at one time. (Each request for an object asks for the version that was
    listed.)

    Raises:
        StageError: when it was written to, or another took its place; what was read of it counts for nothing.
    """
    before = _state(raw.content) if isinstance(raw.content, Path) else None
    yield
    if isinstance(raw.content, Path) and _state(raw.content) != before:
        raise _changed(raw.content)


def _state(file: Path) -> tuple[int, ...] | None:
    """What changes when a file's content does, or when the path is another file's; None where there is none."""
    try:
        about = file.stat()
    except FileNotFoundError:
        return None
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _changed(file: Path) -> StageError:
    return StageError("is not what it was when it was listed", where=str(file), mend="plan the run again")


STAGE = Stage(
    "ingest",
    (
        Round(DOWNLOADS, downloads, fetch, download_of, as_it_is=True),
        Round("parts", pieces, work, made_of),
    ),
)
