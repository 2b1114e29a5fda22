"""A raw file to documents: find its format, read it, and refuse what can't be read with a reason."""

from collections.abc import Callable, Iterator

from smelt.errors import SmeltError
from smelt.recipe.ingest import IngestOptions
from tasks.ingest import formats, man, pages, pdf
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError, unforeseen
from tasks.ingest.encoding import decode, looks_binary
from tasks.ingest.parquet import read_parquet
from tasks.ingest.rows import read_jsonl, read_lines
from tasks.ingest.streams import chunks, whole
from tasks.ingest.warc import read_warc

Reader = Callable[[RawFile, IngestOptions], Iterator[Document | Refusal]]
READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "lines": read_lines,
    "parquet": read_parquet,
    "warc": read_warc,
}
"""The formats that hold many documents."""


def read(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """The documents of a raw file, and a refusal for each thing in it that is none.

    Whatever was read before a file broke off is kept; the rest is one refusal. An error that no reader foresaw is
    a refusal too (``reader failed``): one file in a million may not end a stage. What the store or a service does
    is no fault of the file and is raised.
    """
    place = "end"
    try:
        for item in _read(raw, options):
            place = f"after {item.place}"
            yield item
    except SmeltError:
        raise
    except UnreadableError as refused:
        yield Refusal(refused.reason, refused.detail, place, raw.num_bytes)
    except Exception as error:
        yield unforeseen(error, place, raw.num_bytes)


def _read(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    if raw.num_bytes == 0:
        raise UnreadableError("empty")
    kind = raw.format if raw.format != "auto" else formats.by_name(raw.path)
    if kind == "binary":
        raise UnreadableError("binary")
    if kind is None:
        head = next(chunks(raw.content), b"")
        kind = formats.by_content(head)
        if kind == "text" and looks_binary(head[: 1 << 16]):
            raise UnreadableError("binary" if head.strip() else "empty")
    if kind in READERS:
        yield from READERS[kind](raw, options)
    elif kind == "html":
        yield pages.document_of(whole(raw.content, max_bytes=options.max_file_bytes), raw, options)
    else:
        yield Document(_text(raw, kind, options), kind, raw_bytes=raw.num_bytes)


def _text(raw: RawFile, kind: str, options: IngestOptions) -> str:
    content = whole(raw.content, max_bytes=options.max_file_bytes)
    if kind == "pdf":
        return pdf.text_of(content, options)
    if longest_line(content) > options.max_line_bytes:
        raise UnreadableError("line over limit", f"more than {options.max_line_bytes} bytes")
    text = decode(content)
    return man.text_of(text) if kind == "man" else text


def longest_line(content: bytes) -> int:
    """Bytes of the longest line, found by walking from line end to line end."""
    longest = start = 0
    while (end := content.find(b"\n", start)) >= 0:
        longest, start = max(longest, end - start), end + 1
    return max(longest, len(content) - start)
