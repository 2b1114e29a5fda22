"""One row of an artifact, by its number: only the row group that holds it is read."""

import pyarrow as pa

from smelt.errors import StageError
from smelt.explaining.find import Place
from smelt.lake import Lake, Manifest, held


def row(
    lake: Lake, manifest: Manifest, place: Place, suffix: str = ".parquet", *, columns: list[str] | None = None
) -> pa.Table:
    """The document's row in an artifact whose parts are aligned with those of ``ingest``.

    Args:
        columns: those that are read, ``id`` among them; all where nothing is said.

    Raises:
        StageError: when another document stands there.
    """
    file = held.open_parquet(lake, manifest, place.part, suffix)
    first = 0
    for number in range(file.num_row_groups):
        num_rows = file.metadata.row_group(number).num_rows
        if place.row < first + num_rows:
            found = file.read_row_group(number, columns).slice(place.row - first, 1)
            if found["id"][0].as_py() == place.id:
                return found
            break
        first += num_rows
    raise StageError(
        f"row {place.row} of part {place.part} is not document {place.id}",
        where=f"{manifest.stage}/{manifest.fingerprint}",
        mend="delete that artifact and run again",
    )
