"""Documents across stages: aligned parts read as one table.

A part of ``clean``, ``score``, ``select``, ``dedup`` or ``decontaminate`` holds the same rows in the
same order as the part of that name in ``ingest``. No stage removes rows: decisions are columns, and a
document is kept when every ``keep`` says so. So several artifacts are read side by side, by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smelt.errors import StageError
from smelt.lake import Lake, Manifest

DECISIONS = ("select", "dedup", "decontaminate")
"""The stages that decide, in order."""


def read(
    lake: Lake, manifests: Mapping[str, Manifest], part: str, columns: Mapping[str, Sequence[str]] | Sequence[str]
) -> pa.Table:
    """Columns of one part, out of several aligned artifacts, merged by row.

    Args:
        manifests: by stage name; stages that aren't document stages are not looked at.
        part: the part's name, the same in every artifact.
        columns: column names, each taken from the latest stage of ``manifests`` that has it; or stage name
            to the columns wanted of that stage.

    Raises:
        StageError: when no artifact has a column, or the parts don't hold the same documents.
    """
    tables = {name: _Part(lake, manifests[name], part) for name in _aligned(manifests)}
    wanted = columns if isinstance(columns, Mapping) else _latest(tables, columns, part)
    found: dict[str, pa.ChunkedArray] = {}
    first: tuple[str, pa.ChunkedArray] | None = None
    for stage, names in wanted.items():
        table = tables[stage].read(list(dict.fromkeys(["id", *names])))
        if first is not None and not table["id"].equals(first[1]):
            raise StageError(
                f"part {part} holds other documents than {first[0]}",
                where=stage,
                mend="delete that artifact and run again",
            )
        first = first or (stage, table["id"])
        found.update({name: table[name] for name in names})
    return pa.table(found)


def kept(lake: Lake, manifests: Mapping[str, Manifest], part: str) -> pa.BooleanArray:
    """One bool a row: whether all deciding stages among ``manifests`` keep the document."""
    masks = [
        _Part(lake, manifests[stage], part).read(["keep"])["keep"].combine_chunks()
        for stage in DECISIONS
        if stage in manifests
    ]
    if not masks:
        rows = next(iter(_Part(lake, manifests[name], part).file.metadata.num_rows for name in _aligned(manifests)))
        return pa.array([True] * rows, pa.bool_())
    return reduce(pc.and_, masks)


def write(table: pa.Table) -> bytes:
    """The table as Parquet, zstd, the same bytes for the same rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=3, row_group_size=16_384, store_schema=False)
    return sink.getvalue().to_pybytes()


class _Part:
    """One part's Parquet file, fetched once."""

    def __init__(self, lake: Lake, manifest: Manifest, part: str) -> None:
        self.file = pq.ParquetFile(pa.BufferReader(lake.get(manifest.key(part, ".parquet"))))

    def read(self, columns: list[str]) -> pa.Table:
        return self.file.read(columns=columns)


def _aligned(manifests: Iterable[str]) -> list[str]:
    order = ("ingest", "clean", "score", *DECISIONS)
    return [stage for stage in order if stage in manifests]


def _latest(tables: Mapping[str, _Part], columns: Sequence[str], part: str) -> dict[str, list[str]]:
    schemas = {stage: set(table.file.schema_arrow.names) for stage, table in tables.items()}
    wanted: dict[str, list[str]] = {}
    for column in columns:
        stage = next((stage for stage in reversed(schemas) if column in schemas[stage]), None)
        if stage is None:
            raise StageError(f"no column {column!r} in {', '.join(schemas)}", where=f"part {part}")
        wanted.setdefault(stage, []).append(column)
    return {stage: wanted[stage] for stage in schemas if stage in wanted}
