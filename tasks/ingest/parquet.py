"""Parquet: a document a row, read by row groups, and of those the columns that the layout looks at."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import columns_of
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError
from tasks.ingest.rows import from_row
from tasks.ingest.stored import BLOCK, Stored

_BATCH_BYTES = 8 << 20  # decoded at a time, as far as the file's own figures say
_BATCH_ROWS = 1024


def read_parquet(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """The rows of the row groups that begin in the file's range; a row's place is its number in the file.

    Where a group begins is reckoned from the groups' sizes: pyarrow's own figures for columns end the process when a
    footer is damaged.
    """
    with _source(raw) as source:
        try:
            file = pq.ParquetFile(source, buffer_size=BLOCK)
            names = file.schema_arrow.names
        except (pa.ArrowException, OSError) as error:
            if raw.start > 0:  # said by the range that begins at 0
                return
            raise UnreadableError("broken parquet", _first_line(error)) from error
        columns = [name for name in columns_of(raw.layout) if name in names]
        if raw.layout.text[-1].partition(".")[0] not in names:
            if raw.start > 0:
                return
            raise UnreadableError(
                "no text field", f"columns {', '.join(names[:20])}, not {raw.layout.text[-1]!r}"[:500]
            )
        groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
        sizes = [max(0, group.total_byte_size) for group in groups]
        first = before = 0
        for number, group in enumerate(groups):
            begin = raw.file_bytes * before // max(1, sum(sizes))
            if raw.start <= begin and (raw.end is None or begin < raw.end):
                yield from _rows(file, number, first, columns, raw, options)
            first += group.num_rows
            before += sizes[number]


def _rows(
    file: pq.ParquetFile, number: int, first: int, columns: list[str], raw: RawFile, options: IngestOptions
) -> Iterator[Document | Refusal]:
    """The documents of one row group; one whose pages are damaged is refused from the damage on."""
    group = file.metadata.row_group(number)
    mean = max(1, group.total_byte_size // max(1, group.num_rows))
    size = max(1, min(_BATCH_ROWS, _BATCH_BYTES // mean))
    row = first
    try:
        for batch in file.iter_batches(batch_size=size, row_groups=[number], columns=columns, use_threads=False):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield from_row(dict(zip(batch.schema.names, values, strict=True)), raw, str(row), options)
                row += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        detail = f"row group {number} from row {row} on: {_first_line(error)}"
        yield Refusal("broken parquet", detail, str(row), group.total_byte_size)


def _source(raw: RawFile) -> Any:
    if isinstance(raw.content, Stored):
        return pa.PythonFile(raw.content.ranges(), "r")
    if isinstance(raw.content, bytes):
        return pa.PythonFile(io.BytesIO(raw.content), "r")
    return pa.OSFile(str(raw.content))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
