"""A listing as it lies in the lake: a row a file, in order, read by stretches of it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smelt.errors import DamageError
from smelt.lake import Lake
from smelt.settings import Settings

if TYPE_CHECKING:
    import pyarrow.parquet as pq

LISTINGS = "listings/"
FILES_OF_A_GROUP = 20_000
"""Files that are written, and read, at once."""
_NOTES = b"notes"


class ListedFile(NamedTuple):
    """A raw file.

    Attributes:
        source: name of its source in the recipe.
        path: what it is called: relative to the checkout where it lies below it, else in full.
        uri: where it is read from: an absolute local path (``file:…`` where that isn't UTF-8), an ``s3://`` or an
            ``hf://`` address.
        bytes: its size.
        version: changes when the content does.
        date: the day of a crawl that it belongs to.
    """

    source: str
    path: str
    uri: str
    bytes: int
    version: str
    date: str | None = None


class ListedFiles:
    """The files of a listing, of which few are in memory at a time.

    Attributes:
        notes: what there was to say when they were listed.
    """

    def __init__(self, file: "pq.ParquetFile") -> None:
        self._file = file
        self.notes: tuple[str, ...] = tuple(json.loads(file.metadata.metadata[_NOTES]))

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __iter__(self) -> Iterator[ListedFile]:
        for number in range(self._file.num_row_groups):
            yield from self.group(number)

    def group(self, number: int) -> list[ListedFile]:
        """The files of the n-th group of ``FILES_OF_A_GROUP``."""
        columns = self._file.read_row_group(number, ListedFile._fields).columns
        return [ListedFile(*values) for values in zip(*(column.to_pylist() for column in columns), strict=True)]


def listing_key(listing_digest: str) -> str:
    """Key of the listing of that digest in the lake."""
    return f"{LISTINGS}{listing_digest}.parquet"


def written(files: Iterable[ListedFile], notes: Sequence[str], path: Path) -> int:
    """Write a listing, and say of how many files it is.

    Args:
        files: in order.
        notes: complete once all files are taken.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = [(name, pa.int64() if name == "bytes" else pa.string()) for name in ListedFile._fields]
    schema, waiting, count = pa.schema(types), iter(files), 0
    with pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False, write_page_checksum=True) as writer:
        while some := list(islice(waiting, FILES_OF_A_GROUP)):
            columns = zip(*some, strict=True)
            arrays = [pa.array(column, kind) for column, (_, kind) in zip(columns, types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(some)
        writer.add_key_value_metadata({_NOTES: json.dumps(list(notes)).encode()})
    return count


def read(path: Path) -> ListedFiles:
    """A listing that was written here."""
    import pyarrow.parquet as pq

    return ListedFiles(pq.ParquetFile(path))


def stored(lake: Lake, listing_digest: str) -> ListedFiles:
    """The listing of that digest in the lake.

    Raises:
        DamageError: when it is no listing, and later when something in it was damaged.
        LakeError: when it is not there, or the lake is out of reach.
    """
    from smelt.lake.held import HeldParquet

    key = listing_key(listing_digest)

    def wrong(what: str) -> DamageError:
        return DamageError(what, where=lake.path(key), mend="plan the recipe again: it is written anew")

    return ListedFiles(HeldParquet(lake.open(key), wrong, pre_buffer=True))


def stretch(lake: Lake, listing_digest: str, start: int, stop: int) -> list[ListedFile]:
    """The files of a listing in the lake from the ``start``-th up to the ``stop``-th, without that."""
    first, last = start // FILES_OF_A_GROUP, (stop - 1) // FILES_OF_A_GROUP
    groups = [_group(lake.settings, lake.url, listing_digest, number) for number in range(first, last + 1)]
    files = [file for group in groups for file in group]
    return files[start - first * FILES_OF_A_GROUP : stop - first * FILES_OF_A_GROUP]


@lru_cache(maxsize=1)  # a worker's shards lie beside each other
def _opened(settings: Settings, url: str, listing_digest: str) -> ListedFiles:
    return stored(Lake(settings, url=url), listing_digest)


@lru_cache(maxsize=2)
def _group(settings: Settings, url: str, listing_digest: str, number: int) -> list[ListedFile]:
    return _opened(settings, url, listing_digest).group(number)
