"""Documents and refusals as rows, written a row group at a time."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from smelt.lake.artifact import merge_stats
from smelt.stage import Context, Part, Shard
from tasks.documents import PartWriter
from tasks.ingest.document import Document, RawFile, Refusal, document_id
from tasks.ingest.web.metadata import Metadata
from tasks.invariants import violations
from tasks.sampling import ids_as_numbers
from tasks.tally import tally

GROUP_BYTES = 16 << 20
"""Bytes of text after which a row group ends; it is what every later stage holds at a time."""
GROUP_ROWS = 16_384
"""Rows after which a row group ends."""
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("format", pa.string()),
        ("lang", pa.string()),
        ("domain", pa.string()),
        ("date", pa.string()),
        ("meta", pa.string()),
        ("title", pa.string()),
        ("author", pa.string()),
        ("site", pa.string()),
        ("published", pa.string()),
        ("canonical", pa.string()),
        ("page_lang", pa.string()),
        ("licence", pa.string()),
        ("robots", pa.string()),
        ("page_kind", pa.string()),
        ("extraction", pa.string()),
        ("raw_bytes", pa.int64()),
    ]
)
QUARANTINE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw_bytes", pa.int64()),
    ]
)
QUARANTINE = ".quarantine.parquet"


class Rows:
    """The rows of a part, from the first document to the ``Part``; use as a ``with`` block.

    Attributes:
        passed_over: records that are no document by what they are, by kind.
    """

    def __init__(self, context: Context, shard: Shard) -> None:
        self._good = PartWriter(context, shard)
        self._bad = PartWriter(context, shard, QUARANTINE)
        self._documents: list[tuple[Any, ...]] = []
        self._refused: list[tuple[Any, ...]] = []
        self._bytes = self._raw_bytes = 0
        self._ids: list[np.ndarray] = []
        self._stats: dict[str, Any] = {}
        self._reasons: Counter[str] = Counter()
        self._truncated: Counter[str] = Counter()
        self._repaired: Counter[str] = Counter()
        self.passed_over: Counter[str] = Counter()

    def add(self, raw: RawFile, item: Document | Refusal) -> None:
        """Append a document of ``raw``, or put a refusal into quarantine."""
        name = document_id(raw.source, raw.path, item.place)
        self._raw_bytes += item.raw_bytes
        if isinstance(item, Refusal):
            self._reasons[item.reason] += 1
            self._refused.append((name, raw.source, valid(raw.path), item.reason, valid(item.detail), item.raw_bytes))
            if len(self._refused) == GROUP_ROWS:
                self._write_refused()
            return
        if item.repaired:
            self._repaired.update(repaired_documents=1, repaired_characters=item.repaired)
        text = utf8(item.text)
        code = "code" if item.format == "code" else None
        url = item.url or (f"{raw.path}#{item.place}" if item.place else raw.path)
        if item.meta and "truncated" in item.meta:
            self._truncated[str(item.meta["truncated"])] += 1
        meta = json.dumps(item.meta, ensure_ascii=False, sort_keys=True, default=str) if item.meta else None
        self._documents.append(
            (
                name,
                text,
                raw.source,
                valid(url),
                item.format,
                valid(raw.lang or item.lang or code),
                valid(raw.domain or item.domain or code),
                raw.date or item.date,
                valid(meta),
                *_said(item.about),
                item.page_kind,
                item.extraction,
                item.raw_bytes,
            )
        )
        self._bytes += len(text)
        if self._bytes >= GROUP_BYTES or len(self._documents) == GROUP_ROWS:
            self._write_documents()

    def part(self, num_files: int) -> Part:
        """What came of the shard; call it after the ``with`` block."""
        counts = {
            "quarantined": self._reasons,
            "passed_over": self.passed_over,
            "truncated": self._truncated,
        }
        stats: dict[str, Any] = {"files": num_files, "raw_bytes": self._raw_bytes}
        stats |= {name: dict(sorted(count.items())) for name, count in counts.items()}
        stats |= self._repaired
        ids = np.concatenate(self._ids)
        self._stats["violations"]["duplicate_ids"] = len(ids) - len(np.unique(ids))
        return Part({**self._good.files(), **self._bad.files(QUARANTINE)}, self._good.rows, {**self._stats, **stats})

    def __enter__(self) -> "Rows":
        return self

    def __exit__(self, *error: Any) -> None:
        with self._good, self._bad:
            if error[0] is not None:
                raise error[1]
            self._write_documents()
            if self._refused:
                self._write_refused()

    def _write_documents(self) -> None:
        """A row group; the first is written even when it has no row, so that every part has its columns."""
        if not self._documents and self._good.rows:
            return
        table = _table(self._documents, SCHEMA)
        self._documents, self._bytes = [], 0
        self._good.write(table)
        sizes = pa.compute.binary_length(table["text"])
        self._ids.append(ids_as_numbers(table["id"]))
        broken = violations("ingest", table, empty=pa.compute.sum(pa.compute.equal(sizes, 0)).as_py() or 0)
        counts = tally(num_bytes=sizes, source=table["source"], lang=table["lang"])
        self._stats = merge_stats([self._stats, counts, broken])

    def _write_refused(self) -> None:
        table = _table(self._refused, QUARANTINE_SCHEMA)
        self._refused = []
        self._bad.write(table)


def _said(about: Metadata | None) -> tuple[str | None, ...]:
    """The columns of what a web page says of itself, in the schema's order."""
    if about is None:
        return (None,) * len(Metadata._fields)
    said = (about.title, about.author, about.site, about.date, about.canonical, about.lang, about.licence, about.robots)
    return tuple(map(valid, said))


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [
        pa.array(values, pa.large_binary()).cast(field.type) if field.name == "text" else pa.array(values, field.type)
        for field, values in zip(schema, columns, strict=True)
    ]
    return pa.table(arrays, schema=schema)


def valid(text: str | None) -> str | None:
    """The text as UTF-8 can say it: halves of a pair that JSON has apart are joined, lone ones are U+FFFD."""
    return text if text is None or text.isascii() else utf8(text).decode()


def utf8(text: str) -> bytes:
    """The bytes of ``valid``."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
