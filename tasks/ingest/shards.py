"""What the shards of ``ingest`` are: pieces of packages, groups of small files, ranges of large ones.

A shard has at most ``shard_bytes`` of raw bytes. A file that can be divided becomes ranges of that size, and each
range reads the records that begin in it. A file that can't (one gzip stream, a PDF) is a shard of its own when it
is large. Files of different days of a crawl are never in one shard.

Where small files are parted depends on hashes of their addresses, so that one more file changes the shard that it
falls into and hardly another.
"""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import xxhash

from smelt.log import logger
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import DebSource, HubSource, ListedSource
from smelt.sources import hub, listed
from smelt.sources.listed import ListedFile, ListedFiles
from smelt.stage import Context, Shard
from tasks.fetch import shard_name
from tasks.ingest.formats import by_name, divisible


def downloads(context: Context) -> list[Shard]:
    """One for each listed file that lies on a hub: it is brought into the lake whole, and checked there."""
    files = _listed(context, HubSource) or ()
    return [Shard(download_name(file.uri), file._asdict()) for file in files if hub.is_hub(file.uri)]


def download_name(uri: str) -> str:
    """Name of the shard that brings a hub's file into the lake."""
    return xxhash.xxh3_128_hexdigest(uri.encode())


def pieces(context: Context) -> list[Shard]:
    """The pieces of fetched packages in the recipe's order of sources, then the listed files and ranges of them."""
    payloads = list(_package_pieces(context))
    if (files := _listed(context, ListedSource)) is not None:
        for note in files.notes:
            logger.info("%s", note)
        payloads += _file_groups(context.config, files)
    return [Shard(f"{number:05d}", payload) for number, payload in enumerate(payloads)]


def files_of(context: Context, payload: dict[str, Any]) -> list[ListedFile]:
    """The listed files of a shard."""
    return listed.stretch(context.lake, context.external["listing"], *payload["files"])


def _listed(context: Context, kind: type[ListedSource]) -> ListedFiles | None:
    """The files that were listed; None where no source is of that kind."""
    if not any(isinstance(source, kind) for source in context.config.sources):
        return None
    return listed.stored(context.lake, context.external["listing"])


def _package_pieces(context: Context) -> Iterator[dict[str, Any]]:
    fetched = context.inputs.get("fetch")
    for source in context.config.sources:
        if isinstance(source, DebSource):
            assert fetched is not None, "a recipe with packages has a fetch artifact"
            for package in source.packages:
                part = fetched.part(shard_name(source.name, package))
                for suffix in sorted(part.files):
                    yield {"source": source.name, "package": package, "part": part.name, "suffix": suffix}


def _file_groups(config: IngestConfig, files: ListedFiles) -> Iterator[dict[str, Any]]:
    """Payloads: of which files, by their places in the listing, and of a large one which bytes.

    Of each file of a day no more is held than its size and a hash.
    """
    formats = {source.name: source.format for source in config.sources if isinstance(source, ListedSource)}
    alike: tuple[str | None, bool] = (None, False)
    first, sizes, hashes = 0, array("q"), array("Q")

    def payloads() -> Iterator[dict[str, Any]]:
        for start, stop in [] if alike[1] else parted(np.array(sizes), np.array(hashes), config.shard_bytes):
            yield {"files": (first + start, first + stop)}
        for place, size in enumerate(sizes if alike[1] else (), first):
            for start in range(0, size, config.shard_bytes):
                yield {"files": (place, place + 1), "start": start, "end": min(start + config.shard_bytes, size)}

    for file in files:
        large = file.bytes > config.shard_bytes and _can_be_divided(file, formats[file.source])
        if (file.date, large) != alike:
            yield from payloads()
            alike, first = (file.date, large), first + len(sizes)
            sizes, hashes = array("q"), array("Q")
        sizes.append(file.bytes)
        hashes.append(hash_of(file))
    yield from payloads()


def hash_of(file: ListedFile) -> int:
    """What borders between small files go by."""
    return xxhash.xxh3_64_intdigest(f"{file.source} {file.path}")


def parted(sizes: np.ndarray, hashes: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Neighbours in groups of at most ``most`` bytes; only a file that is larger itself makes a larger group.

    What is too large is parted before the file of the least hash, and each side again, so groups have about half of
    ``most`` in the mean. A border stands where its file's hash is the least of a stretch that is too large: one more
    file moves a border only if it falls into that very stretch and has a lesser hash still, or makes it too large.

    Args:
        sizes, hashes: of each file, in order; int64 and uint64.

    Yields:
        The place of each group's first file, and that behind its last.
    """
    ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    waiting = [(0, len(sizes))]
    while waiting:
        start, end = waiting.pop()
        if start == end:
            continue
        if end - start == 1 or ends[end] - ends[start] <= most:
            yield start, end
        else:
            border = start + 1 + int(np.argmin(hashes[start + 1 : end]))
            waiting += [(border, end), (start, border)]


def _can_be_divided(file: ListedFile, kind: str) -> bool:
    return divisible(file.path, by_name(file.path) if kind == "auto" else kind)
