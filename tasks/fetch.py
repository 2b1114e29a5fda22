"""Fetch: the files of Debian packages, brought into the lake as they are.

One shard is one package of one source. Its part holds the package's regular files in archive order,
as ``path`` and ``content``, in pieces of about 16 MB so that ``ingest`` can spread them over workers.
A file whose content came before under another path of the package is left out and counted. Artifacts share
packages: one more package fetches that one alone.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from smelt.recipe.ingest import FetchConfig
from smelt.recipe.sources import DebPackages
from smelt.sources.globs import matches
from smelt.stage import Context, Part, Round, Shard, Stage
from tasks.documents import PartWriter
from tasks.sources import archive, deb

PIECE_BYTES = 16 << 20
SCHEMA = pa.schema([("path", pa.string()), ("content", pa.large_binary())])


def shard_name(source: str, package: str) -> str:
    """Name of the shard of a source's package; a source's name has no dot, so it can be read back."""
    return f"{source}.{package}"


def shards(context: Context) -> list[Shard]:
    """A shard for each package of each source."""
    config: FetchConfig = context.config
    pairs = [(source, package) for source in config.sources for package in source.packages]
    return [Shard(shard_name(s.name, p), {"source": s.name, "package": p}) for s, p in pairs]


def work(context: Context, shard: Shard) -> Part:
    """Fetch a package, and write its files in pieces ``.00000.parquet``, ``.00001.parquet`` ..."""
    config: FetchConfig = context.config
    source = next(source for source in config.sources if source.name == shard.payload["source"])
    package = shard.payload["package"]
    file = archive.fetch(package, context.lake.settings.cache)
    counts = {"files": 0, "bytes": 0, "duplicates": 0}
    pieces: dict[str, bytes | Path] = {}
    for number, table in enumerate(_pieces(_wanted(file, source, counts))):
        suffix = f".{number:05d}.parquet"
        with PartWriter(context, shard, suffix) as piece:
            piece.write(table)
        pieces.update(piece.files(suffix))
    stats = {
        **counts,
        "packages": {package: deb.control(file)["Version"]},
        "sha256": {package: archive.sha256_of(file)},
    }
    return Part(files=pieces, rows=counts["files"], stats=stats)


def made_of(context: Context, shard: Shard) -> dict[str, Any]:
    """A package's part is the same under any source's name, until ``snapshot`` changes."""
    config: FetchConfig = context.config
    source = next(source for source in config.sources if source.name == shard.payload["source"])
    return {"package": shard.payload["package"], **source.model_dump(include={"snapshot", "include", "exclude"})}


def _wanted(file: Path, source: DebPackages, counts: dict[str, int]) -> Iterator[deb.PackageFile]:
    seen: set[bytes] = set()
    for found in deb.files(file):
        if not matches(found.path, source.include) or matches(found.path, source.exclude):
            continue
        content_digest = hashlib.sha256(found.content).digest()
        if content_digest in seen:
            counts["duplicates"] += 1
            continue
        seen.add(content_digest)
        counts["files"] += 1
        counts["bytes"] += len(found.content)
        yield found


def _pieces(found: Iterator[deb.PackageFile]) -> Iterator[pa.Table]:
    batch: list[deb.PackageFile] = []
    size = 0
    for file in found:
        if batch and size + len(file.content) > PIECE_BYTES:
            yield _table(batch)
            batch, size = [], 0
        batch.append(file)
        size += len(file.content)
    if batch:
        yield _table(batch)


def _table(batch: list[deb.PackageFile]) -> pa.Table:
    return pa.table({"path": [f.path for f in batch], "content": [f.content for f in batch]}, schema=SCHEMA)


STAGE = Stage("fetch", (Round("parts", shards, work, made_of),))
