"""A raw file to documents: find its format, read it, and refuse what can't be read with a reason."""

from collections import Counter
from collections.abc import Callable, Iterator

from smelt.errors import SmeltError
from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import PLAIN
from tasks.ingest import formats, man, pages, pdf, sniff
from tasks.ingest.crawls.crawl import read_crawl
from tasks.ingest.document import Document, PassedOver, RawFile, RawPage, Refusal, UnreadableError, unforeseen
from tasks.ingest.encodings.encoding import decode, looks_binary
from tasks.ingest.foreign import refuse_foreign
from tasks.ingest.parquet import read_parquet
from tasks.ingest.rows import read_jsonl, read_lines
from tasks.ingest.streams import chunks, whole

Reader = Callable[[RawFile, IngestOptions], Iterator[Document | Refusal | PassedOver]]
READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "lines": read_lines,
    "parquet": read_parquet,
    "warc": read_crawl,
}
"""The formats that hold many documents."""
MOST_GROWTH = 500
"""How many times its size a file's records may come to, beyond ``FREE_BYTES``. Text packs to a fifth or a twentieth;
what a few bytes expand to for ever was made to fill a disk."""
FREE_BYTES = 256 << 20
_RECORD_BYTES = 100
"""What each record counts besides its text: it is a row somewhere, and takes time."""


def read(raw: RawFile, options: IngestOptions, passed_over: Counter[str] | None = None) -> Iterator[Document | Refusal]:
    """The documents of a raw file, and a refusal for each thing in it that is none.

    Whatever was read before a file broke off is kept; the rest is one refusal. An error that no reader foresaw is
    a refusal too (``reader failed``): one file in a million may not end a stage. What the store or a service does
    is no fault of the file and is raised.

    Args:
        passed_over: where records are counted, by kind, that are no document by what they are.
    """
    place, size, most = "end", 0, FREE_BYTES + MOST_GROWTH * raw.file_bytes
    try:
        for item in _read(raw, options):
            place = f"after {item.place}"
            size += _RECORD_BYTES + (len(item.text) if isinstance(item, Document) else 0)
            if size > most:
                raise UnreadableError("expands too far", f"its records come to more than {most} bytes")
            if not isinstance(item, PassedOver):
                yield item
            elif passed_over is not None:
                passed_over[item.kind] += 1
    except SmeltError:
        raise
    except UnreadableError as refused:
        yield Refusal(refused.reason, refused.detail, place, raw.num_bytes)
    except Exception as error:
        yield unforeseen(error, place, raw.num_bytes)


def _read(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal | PassedOver]:
    if raw.num_bytes == 0:
        raise UnreadableError("empty")
    kind = raw.format if raw.format != "auto" else _kind(raw)
    if kind == "binary":
        raise UnreadableError("binary")
    if kind in READERS:
        yield from READERS[kind](raw, options)
    else:
        yield _document(raw, kind, options)


def _kind(raw: RawFile) -> str:
    """The format by name, and by content where the name doesn't say or says too little."""
    named = formats.by_name(raw.path)
    if named not in (None, "json", "php", "text"):
        return str(named)
    head = next(chunks(raw.content), b"")
    alone = named is None or bool(formats.compressed(raw.path))
    if named != "php" and sniff.are_rows(head, raw.layout, alone=alone):
        return "jsonl"
    if named == "json":
        if raw.layout != PLAIN and head.strip():
            raise UnreadableError("no text field", "no JSON Lines, which a source with a layout or text_field holds")
        return "code"
    if named == "php":
        return "html" if sniff.is_page(head) and not sniff.is_program(head) else "code"
    shown = sniff.by_content(head)
    if named == "text":
        return shown if shown in ("pdf", "parquet", "warc") or sniff.is_page(head, surely=True) else "text"
    if shown == "text" and not sniff.has_mark(head) and looks_binary(head[: 1 << 16]):
        refuse_foreign(head)
        raise UnreadableError("binary" if head.strip() else "empty")
    return shown


def _document(raw: RawFile, kind: str, options: IngestOptions) -> Document:
    content = whole(raw.content, max_bytes=options.max_file_bytes)
    if kind == "pdf":
        return Document(pdf.text_of(content, options), kind, raw_bytes=raw.num_bytes)
    if kind in ("html", "markdown", "text"):
        refuse_foreign(content)
    if kind == "html":
        return pages.document_of(RawPage(content), raw, options)
    if longest_line(content) > options.max_line_bytes:
        raise UnreadableError("line over limit", f"more than {options.max_line_bytes} bytes")
    found = decode(content)
    text = man.text_of(found.text) if kind == "man" else found.text
    return Document(text, kind, raw_bytes=raw.num_bytes, repaired=found.repaired)


def longest_line(content: bytes) -> int:
    """Bytes of the longest line, found by walking from line end to line end."""
    longest = start = 0
    while (end := content.find(b"\n", start)) >= 0:
        longest, start = max(longest, end - start), end + 1
    return max(longest, len(content) - start)
