"""Raw files that hold many documents: jsonl, parquet and WARC, read as streams."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fastwarc.warc import ArchiveIterator, WarcRecordType

from smelt.recipe.ingest import IngestOptions
from tasks.ingest import html
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError
from tasks.ingest.encoding import decode
from tasks.ingest.streams import chunks, lines


def read_jsonl(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a line; its text lies under ``raw.text_field``, its address under ``url`` where there is one."""
    for index, line in enumerate(lines(raw.content, max_line_bytes=options.max_line_bytes)):
        if line is None:
            yield Refusal("line over limit", f"line {index + 1}", index)
        elif line.strip():
            try:
                yield _from_json(json.loads(line), raw, index, len(line))
            except ValueError as error:
                yield Refusal("broken json", f"line {index + 1}: {error}", index, len(line))


def read_parquet(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a row."""
    try:
        content = pa.BufferReader(raw.content) if isinstance(raw.content, bytes) else pa.memory_map(str(raw.content))
        file = pq.ParquetFile(content)
        names = file.schema_arrow.names
        if raw.text_field not in names:
            raise UnreadableError("no text field", f"columns {', '.join(names[:20])}, not {raw.text_field!r}")
        columns = [raw.text_field, *(["url"] if "url" in names else [])]
        index = 0
        for batch in file.iter_batches(batch_size=1024, columns=columns):
            for row in batch.to_pylist():
                size = len(row[raw.text_field] or "")
                yield _from_json(row, raw, index, size)
                index += 1
    except (pa.ArrowException, OSError) as error:
        raise UnreadableError("broken parquet", str(error).splitlines()[0]) from error


def read_warc(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document for each response that is a web page or plain text; other responses are no documents."""
    stream = _Stream(chunks(raw.content))
    index = -1
    try:
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response, parse_http=True, auto_decode="all"):
            index += 1
            kind = (record.http_content_type or "").lower()
            if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
                continue
            body = record.reader.read(options.max_file_bytes)
            url = record.headers.get("WARC-Target-URI")
            try:
                if kind == "text/plain":
                    yield Document(decode(body), "text", index, url, len(body))
                else:
                    text = html.text_of(body, main_content=options.html == "main")
                    yield Document(text, "html", index, url, len(body))
            except UnreadableError as refused:
                yield Refusal(refused.reason, refused.detail, index, len(body))
    except OSError as error:
        raise UnreadableError("broken warc", str(error)) from error
    if index < 0:
        raise UnreadableError("broken warc", "no response record")


def _from_json(row: object, raw: RawFile, index: int, size: int) -> Document | Refusal:
    text = row.get(raw.text_field) if isinstance(row, dict) else None
    if not isinstance(text, str):
        return Refusal("no text field", f"record {index}: no text under {raw.text_field!r}", index, size)
    if not text.strip():
        return Refusal("empty", f"record {index}", index, size)
    url = row.get("url") if isinstance(row, dict) else None
    clean = text.encode("utf-8", "replace").decode()  # JSON may say lone surrogates, which UTF-8 can't
    return Document(clean, "text", index, url if isinstance(url, str) else None, size)


class _Stream(io.RawIOBase):
    """Decompressed pieces as a file that can only be read forward."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.carry, self.at = pieces, b"", 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def readinto(self, target: Any) -> int:
        if not self.carry:
            self.carry = next(self.pieces, b"")
        size = min(len(target), len(self.carry))
        target[:size] = self.carry[:size]
        self.carry = self.carry[size:]
        self.at += size
        return size


READERS = {"jsonl": read_jsonl, "parquet": read_parquet, "warc": read_warc}
