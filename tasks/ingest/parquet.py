"""Parquet: a document a row, read by row groups, and of those the columns that the layout looks at."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import Layout, columns_of
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.rows import from_row
from tasks.ingest.stored import BLOCK, Stored

_BATCH_BYTES = 8 << 20  # decoded at a time, as far as the file's own figures say
_BATCH_ROWS = 64  # what they really hold may be far more: a dictionary's value is there once, however many have it
_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary_view)


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
    """The documents of one row group; one whose pages are damaged is refused from the damage on.

    Text may be of type string or binary, plain, large, as views or through a dictionary: all are read as bytes, so
    that bytes that are no UTF-8 cost their row alone.
    """
    group = file.metadata.row_group(number)
    mean = max(1, group.total_byte_size // max(1, group.num_rows))
    size = max(1, min(_BATCH_ROWS, _BATCH_BYTES // mean))
    row = first
    try:
        for batch in file.iter_batches(batch_size=size, row_groups=[number], columns=columns, use_threads=False):
            for values in zip(*(_values(column) for column in batch.columns), strict=True):
                yield _document(dict(zip(batch.schema.names, values, strict=True)), raw, str(row), options)
                row += 1
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        detail = f"row group {number} from row {row} on: {_first_line(error)}"
        yield Refusal("broken parquet", detail, str(row), group.total_byte_size)


def _values(column: pa.Array) -> Iterator[Any]:
    """The values of a column; text as bytes."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if any(test(column.type) for test in _TEXT):
        column = column.cast(pa.large_binary())
    try:
        yield from column.to_pylist()
    except UnicodeDecodeError:  # inside of a record
        yield from (_value(item) for item in column)


def _value(item: pa.Scalar) -> Any:
    try:
        return item.as_py()
    except UnicodeDecodeError as error:
        return error


def _document(row: dict[str, Any], raw: RawFile, place: str, options: IngestOptions) -> Document | Refusal:
    """The document of a row whose texts are bytes."""
    for name, value in row.items():
        if isinstance(value, UnicodeDecodeError):
            return Refusal("invalid encoding", f"{name}: {value}"[:300], place)
        try:
            row[name] = _decoded(value, name, raw.layout)
        except UnreadableError as refused:
            return Refusal(refused.reason, refused.detail, place, len(value))
    return from_row(row, raw, place, options)


def _decoded(value: Any, key: str, layout: Layout) -> Any:
    """The value under a key with text for bytes, in records and lists, too; a web page, which says itself how it is
    encoded, stays as it is.

    Raises:
        UnreadableError: when it is bytes that are no text, and must be.
    """
    if isinstance(value, bytes):
        if key in layout.text and value.strip():
            return value if layout.html else decode(value).text
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {name: _decoded(item, f"{key}.{name}", layout) for name, item in value.items()}
    return [_decoded(item, "", layout) for item in value] if isinstance(value, list) else value


def _source(raw: RawFile) -> Any:
    if isinstance(raw.content, Stored):
        return pa.PythonFile(raw.content.ranges(), "r")
    if isinstance(raw.content, bytes):
        return pa.PythonFile(io.BytesIO(raw.content), "r")
    return pa.OSFile(str(raw.content))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
