"""Where a document lies: its part and row in ``ingest``, or its line in the quarantine."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from smelt.errors import StageError
from smelt.lake import Lake, Manifest, PartRecord, held
from smelt.words import listed

QUARANTINE = ".quarantine.parquet"
_THREADS = 16
_LISTED = 5


@dataclass(frozen=True)
class Place:
    """A row of a part of ``ingest``, in its documents or in its quarantine."""

    id: str
    url: str
    part: str
    row: int
    suffix: str = ".parquet"


def find(lake: Lake, ingest: Manifest, wanted: str) -> Place:
    """The document of that id, beginning of an id, address or path; only small columns travel.

    Raises:
        StageError: when there is none, or there are several.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        found = [
            place
            for part in threads.map(lambda part: list(_in_part(lake, ingest, part, wanted)), ingest.parts)
            for place in part
        ]
    matches = [place for place in found if wanted in (place.id, place.url)] or found
    by_id = {place.id: place for place in sorted(matches, key=lambda place: place.suffix == ".parquet")}
    if not by_id:
        mend = "give an id, its beginning, an address or a path, as `ingest` has them; --recipe looks in another run"
        raise StageError("no such document", where=wanted, mend=mend)
    if len(by_id) > 1:
        some = listed([f"{place.id} {place.url}" for place in sorted(by_id.values(), key=lambda p: p.id)], _LISTED)
        raise StageError(f"{len(by_id)} documents match", where=wanted, mend=f"say which: {some}")
    return next(iter(by_id.values()))


def _in_part(lake: Lake, ingest: Manifest, part: PartRecord, wanted: str) -> Iterator[Place]:
    for suffix in (".parquet", QUARANTINE):
        if suffix not in part.files:
            continue
        first = 0
        file = held.open_parquet(lake, ingest, part, suffix)
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, ["id", "url"])
            for row in pc.indices_nonzero(_matches(table, wanted)).to_pylist():
                yield Place(table["id"][row].as_py(), table["url"][row].as_py() or "", part.name, first + row, suffix)
            first += len(table)


def _matches(table: pa.Table, wanted: str) -> pa.ChunkedArray:
    """Which rows are meant: by the id's beginning, the whole address, the file, or the end of its path."""
    url = table["url"].fill_null("")
    file = pc.replace_substring_regex(url, r"#[^/]*$", "")
    by_address = pc.or_(pc.equal(url, wanted), pc.or_(pc.equal(file, wanted), pc.ends_with(file, "/" + wanted)))
    return pc.or_(pc.starts_with(table["id"], wanted), by_address)
