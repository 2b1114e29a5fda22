"""Documents across stages: aligned parts read side by side, a row group at a time.

A part of ``clean``, ``score``, ``select``, ``dedup`` or ``decontaminate`` holds the same rows in the
same order as the part of that name in ``ingest``. No stage removes rows: decisions are columns, and a
document is kept when every ``keep`` says so.

Row groups are aligned too: ``ingest`` begins a new one after about 16 MB of text, and every later stage writes
one for each that it has read. So a worker holds one row group of the columns that it asked for, whatever the
part's size, and the other columns never leave the store.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smelt.errors import StageError
from smelt.lake import Lake, Manifest, held
from smelt.stage import Context, Shard
from tasks.invariants import violations
from tasks.tally import tally

DECISIONS = ("select", "dedup", "decontaminate")
"""The stages that decide, in order."""
CUTS = "cuts"
"""A column of ``dedup`` and ``decontaminate`` where the recipe cuts spans: first byte and end of each span of the text,
as ``clean`` wrote it, that is left out. It can be asked for beside others: the spans of all stages together."""
KEPT = "kept"
"""A column that can be asked for anywhere: whether all deciding stages among the manifests keep the document."""
_FORMAT: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "store_schema": False,
    "write_page_checksum": True,
}


def batches(lake: Lake, manifests: Mapping[str, Manifest], part: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """Columns of one part, out of several aligned artifacts, merged by row: a table for each row group.

    Args:
        manifests: by stage name; stages that aren't document stages are not looked at.
        part: the part's name, the same in every artifact.
        columns: column names, each taken from the latest stage of ``manifests`` that has it; and ``kept``.

    Where ``dedup`` or ``decontaminate`` is among the manifests and has spans cut, ``text`` comes without them, and
    ``num_bytes`` counts what is left: nobody else cuts, and nobody writes text anew.

    Yields:
        The columns in the order asked for; one table without rows where the part has none.

    Raises:
        StageError: when no artifact has a column, or the parts don't hold the same documents.
    """
    stages = [stage for stage in ("ingest", "clean", "score", *DECISIONS) if stage in manifests]
    files = {stage: held.open_parquet(lake, manifests[stage], part) for stage in stages}
    asked = [name for name in columns if name != CUTS]
    wanted = _wanted(files, asked, part)
    cutting = [stage for stage in DECISIONS if stage in files and CUTS in files[stage].schema_arrow.names]
    if {"text", "num_bytes", CUTS} & set(columns):
        for stage in cutting:
            wanted.setdefault(stage, ["id"]).append(CUTS)
    shapes = {stage: _row_groups(files[stage]) for stage in wanted}
    first = next(iter(wanted), None)
    for stage, shape in shapes.items():
        if first is not None and shape != shapes[first]:
            raise _misaligned(part, stage, first)
    for number in range(max(1, len(shapes[first]) if first is not None else 0)):
        tables = {stage: _group(files[stage], number, names) for stage, names in wanted.items()}
        for stage, table in tables.items():
            if first is not None and not table["id"].equals(tables[first]["id"]):
                raise _misaligned(part, stage, first)
        found = {name: tables[stage][name] for stage, names in wanted.items() for name in names if name in asked}
        rows = len(next(iter(tables.values()))) if tables else 0
        if KEPT in columns:
            masks = [tables[stage]["keep"] for stage in DECISIONS if stage in tables]
            found[KEPT] = reduce(pc.and_, masks, pa.chunked_array([pa.repeat(pa.scalar(True), rows)]))
        cuts = [tables[stage][CUTS].to_pylist() for stage in cutting if CUTS in wanted.get(stage, [])]
        joined = [united(own) for own in zip(*cuts, strict=True)] if cuts else [[] for _ in range(rows)]
        found |= _cut(found, joined)
        if CUTS in columns:
            found[CUTS] = pa.chunked_array([pa.array(joined, pa.list_(pa.uint32()))])
        yield pa.table({name: found[name] for name in columns})


def without(text: str, cuts: Sequence[int]) -> str:
    """A text without its cut spans.

    Args:
        cuts: first byte and end of each, in order.
    """
    content = text.encode()
    bounds = [0, *cuts, len(content)]
    return b"".join(content[start:end] for start, end in zip(bounds[::2], bounds[1::2], strict=True)).decode().rstrip()


def cut_bytes(cuts: Sequence[int]) -> int:
    """Bytes of cut spans, given as ``without`` takes them."""
    return sum(cuts[1::2]) - sum(cuts[::2])


def united(cuts: Iterable[Sequence[int]]) -> list[int]:
    """Several lists of cut spans as one, in order; those that touch or overlap as one span."""
    spans = sorted(span for own in cuts for span in zip(own[::2], own[1::2], strict=True))
    found: list[int] = []
    for start, end in spans:
        if found and start <= found[-1]:
            found[-1] = max(found[-1], end)
        else:
            found += [start, end]
    return found


def _cut(found: Mapping[str, pa.ChunkedArray], cuts: list[list[int]]) -> dict[str, pa.ChunkedArray]:
    """``text`` and ``num_bytes``, those of them that are there, as the cuts leave them."""
    changed = [row for row, own in enumerate(cuts) if own]
    left = {}
    if "text" in found and changed:
        texts = found["text"].to_pylist()
        for row in changed:
            texts[row] = without(texts[row], cuts[row])
        left["text"] = pa.chunked_array([pa.array(texts, found["text"].type)])
    if "num_bytes" in found and changed:
        sizes = found["num_bytes"].to_pylist()
        for row in changed:
            sizes[row] -= cut_bytes(cuts[row])
        left["num_bytes"] = pa.chunked_array([pa.array(sizes, found["num_bytes"].type)])
    return left


def tally_decisions(table: pa.Table, decided: pa.Table) -> dict[str, Any]:
    """Statistics of a deciding stage: of those that were still there, who is kept and who goes for which reason.

    Args:
        table: ``id``, ``num_bytes``, ``source``, ``lang``, ``domain`` and ``kept`` of a row group.
        decided: ``id``, ``keep`` and ``reason`` of the same rows, as they are written.
    """
    labels = {name: table[name] for name in ("lang", "domain", "source")}
    decisions = {"keep": decided["keep"], "reason": decided["reason"]}
    stats = tally(num_bytes=table["num_bytes"], before=table[KEPT], **decisions, **labels)
    return stats | violations("decontaminate", decided, table)  # dedup's are the same


def read(lake: Lake, manifests: Mapping[str, Manifest], part: str, columns: Sequence[str]) -> pa.Table:
    """All rows of a part, as ``batches`` gives them: for columns that are small."""
    return pa.concat_tables(batches(lake, manifests, part, columns))


def write(table: pa.Table) -> bytes:
    """A table as Parquet, the same bytes for the same rows: for what is no document, or fits in memory at once."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=16_384, **_FORMAT)
    return sink.getvalue().to_pybytes()


class PartWriter:
    """A part's Parquet file on this machine, to which tables are appended, a row group each.

    The file comes into being with the first table, and is whole when the ``with`` block ends.

    Attributes:
        file: where it lies.
        rows: rows written.
    """

    def __init__(self, context: Context, shard: Shard, suffix: str = ".parquet") -> None:
        self.file = context.scratch / f"{shard.name}.{os.getpid()}{suffix}"
        self.rows = 0
        self._writer: pq.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append a row group; a table without rows only says what the columns are."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.file, table.schema, **_FORMAT)
        if len(table):
            self._writer.write_table(table, row_group_size=len(table))
            self.rows += len(table)

    def files(self, suffix: str = ".parquet") -> dict[str, bytes | Path]:
        """For ``Part.files``: the file under its suffix, or nothing where no table was written."""
        return {suffix: self.file} if self._writer is not None else {}

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
        if error is not None:
            self.file.unlink(missing_ok=True)


def _wanted(files: dict[str, held.HeldParquet], columns: Iterable[str], part: str) -> dict[str, list[str]]:
    """The columns to read of each stage, ``id`` among them so that the rows can be compared."""
    wanted: dict[str, list[str]] = {}
    for column in columns:
        if column == KEPT:
            for stage in DECISIONS:
                if stage in files:
                    wanted.setdefault(stage, ["id"]).append("keep")
            if not wanted:
                wanted[next(iter(files))] = ["id"]
            continue
        stage = next((stage for stage in reversed(files) if column in files[stage].schema_arrow.names), "")
        if not stage:
            raise StageError(f"no column {column!r} in {', '.join(files)}", where=f"part {part}")
        wanted.setdefault(stage, ["id"]).append(column)
    return {stage: list(dict.fromkeys(wanted[stage])) for stage in files if stage in wanted}


def _row_groups(file: held.HeldParquet) -> list[int]:
    """Rows of each row group."""
    return [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]


def _group(file: held.HeldParquet, number: int, columns: list[str]) -> pa.Table:
    return file.read_row_group(number, columns) if file.num_row_groups else file.read(columns)


def _misaligned(part: str, stage: str, other: str) -> StageError:
    return StageError(
        f"part {part} holds other documents than {other}", where=stage, mend="delete that artifact and run again"
    )
