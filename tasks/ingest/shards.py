"""What the shards of ``ingest`` are: pieces of packages, groups of small files, ranges of large ones.

A shard has about ``shard_bytes`` of raw bytes. A file that can be divided becomes ranges of that size, and each
range reads the records that begin in it. A file that can't (one gzip stream, a PDF) is a shard of its own when it
is large. Files of different days of a crawl are never in one shard.
"""

from collections.abc import Iterator
from typing import Any

import xxhash

from smelt.log import logger
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import DebSource, ListedSource
from smelt.sources import hub
from smelt.sources.listing import ListedFile, Listing, listing_key
from smelt.stage import Context, Shard
from tasks.fetch import shard_name
from tasks.ingest.formats import by_name, divisible


def downloads(context: Context) -> list[Shard]:
    """One for each listed file that lies on a hub: it is brought into the lake whole, and checked there."""
    return [
        Shard(download_name(entry.uri), entry.model_dump())
        for entry in _listed(context).entries
        if hub.is_hub(entry.uri)
    ]


def download_name(uri: str) -> str:
    """Name of the shard that brings a hub's file into the lake."""
    return xxhash.xxh3_128_hexdigest(uri.encode())


def pieces(context: Context) -> list[Shard]:
    """The pieces of fetched packages in the recipe's order of sources, then the listed files and ranges of them."""
    listed = _listed(context)
    for note in listed.notes:
        logger.info("%s", note)
    payloads = [*_package_pieces(context), *_file_groups(context.config, listed)]
    return [Shard(f"{number:05d}", payload) for number, payload in enumerate(payloads)]


def _listed(context: Context) -> Listing:
    if not any(isinstance(source, ListedSource) for source in context.config.sources):
        return Listing(entries=(), digest="")
    return Listing.model_validate(context.lake.get_json(listing_key(context.external["listing"])))


def _package_pieces(context: Context) -> Iterator[dict[str, Any]]:
    fetched = context.inputs.get("fetch")
    for source in context.config.sources:
        if isinstance(source, DebSource):
            assert fetched is not None, "a recipe with packages has a fetch artifact"
            for package in source.packages:
                part = fetched.part(shard_name(source.name, package))
                for suffix in sorted(part.files):
                    yield {"source": source.name, "package": package, "part": part.name, "suffix": suffix}


def _file_groups(config: IngestConfig, listed: Listing) -> Iterator[dict[str, Any]]:
    formats = {source.name: source.format for source in config.sources if isinstance(source, ListedSource)}
    group: list[dict[str, Any]] = []
    size, day = 0, None
    for entry in listed.entries:
        if group and (entry.date != day or size + entry.bytes > config.shard_bytes):
            yield {"files": group}
            group, size = [], 0
        day = entry.date
        if entry.bytes > config.shard_bytes and _can_be_divided(entry, formats[entry.source]):
            for start in range(0, entry.bytes, config.shard_bytes):
                end = min(start + config.shard_bytes, entry.bytes)
                yield {"files": [entry.model_dump()], "start": start, "end": end}
        else:
            group.append(entry.model_dump())
            size += entry.bytes
    if group:
        yield {"files": group}


def _can_be_divided(entry: ListedFile, kind: str) -> bool:
    return divisible(entry.path, by_name(entry.path) if kind == "auto" else kind)
