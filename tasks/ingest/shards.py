"""What the shards of ``ingest`` are: pieces of packages, groups of small files, ranges of large ones.

A shard has at most ``shard_bytes`` of raw bytes. A file that can be divided becomes ranges of that size, and each
range reads the records that begin in it. A file that can't (one gzip stream, a PDF) is a shard of its own when it
is large. Files of different days of a crawl are never in one shard.

Where small files are parted depends on hashes of their addresses, so that one more file changes the shard that it
falls into and hardly another.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
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

    def divided(entry: ListedFile) -> bool:
        return entry.bytes > config.shard_bytes and _can_be_divided(entry, formats[entry.source])

    for (_, large), entries in groupby(listed.entries, lambda entry: (entry.date, divided(entry))):
        for group in [[entry] for entry in entries] if large else parted(list(entries), config.shard_bytes):
            files = [entry.model_dump() for entry in group]
            if not large:
                yield {"files": files}
                continue
            for start in range(0, group[0].bytes, config.shard_bytes):
                yield {"files": files, "start": start, "end": min(start + config.shard_bytes, group[0].bytes)}


def parted(entries: Sequence[ListedFile], most: int) -> Iterator[Sequence[ListedFile]]:
    """Neighbours in groups of at most ``most`` bytes; only a file that is larger itself makes a larger group.

    What is too large is parted before the file of the least hash, and each side again, so groups have about half of
    ``most`` in the mean. A border stands where its file's hash is the least of a stretch that is too large: one more
    file moves a border only if it falls into that very stretch and has a lesser hash still, or makes it too large.
    """
    hashes = np.array([xxhash.xxh3_64_intdigest(f"{e.source} {e.path}") for e in entries], np.uint64)
    ends = np.concatenate([[0], np.cumsum([entry.bytes for entry in entries], dtype=np.int64)])
    waiting = [(0, len(entries))]
    while waiting:
        start, end = waiting.pop()
        if end - start == 1 or ends[end] - ends[start] <= most:
            yield entries[start:end]
        else:
            border = start + 1 + int(np.argmin(hashes[start + 1 : end]))
            waiting += [(border, end), (start, border)]


def _can_be_divided(entry: ListedFile, kind: str) -> bool:
    return divisible(entry.path, by_name(entry.path) if kind == "auto" else kind)
