"""A raw file to documents: find its format, read it, and refuse what can't be read with a reason."""

from collections.abc import Iterator

from smelt.recipe.ingest import IngestOptions
from tasks.ingest import formats, html, man, pdf
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError
from tasks.ingest.encoding import decode, looks_binary
from tasks.ingest.records import READERS
from tasks.ingest.streams import chunks, whole


def read(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """The documents of a raw file, and a refusal for each thing in it that is none.

    Whatever was read before a file broke off is kept; the rest is one refusal.
    """
    index = -1
    try:
        for index, item in enumerate(_read(raw, options)):  # noqa: B007
            yield item
    except UnreadableError as refused:
        yield Refusal(refused.reason, refused.detail, index + 1, raw.num_bytes)


def _read(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    if raw.num_bytes == 0:
        raise UnreadableError("empty")
    kind = raw.format if raw.format != "auto" else formats.by_name(raw.path)
    if kind == "binary":
        raise UnreadableError("binary")
    if kind is None or kind == "pdf":
        head = next(chunks(raw.content), b"")
        if kind is None and looks_binary(head[: 1 << 16]) and formats.by_content(head) == "text":
            raise UnreadableError("binary" if head.strip() else "empty")
        kind = kind or formats.by_content(head)
    if kind in READERS:
        yield from READERS[kind](raw, options)
    else:
        yield Document(_text(raw, kind, options), kind, raw_bytes=raw.num_bytes)


def _text(raw: RawFile, kind: str, options: IngestOptions) -> str:
    content = whole(raw.content, max_bytes=options.max_file_bytes)
    if kind == "pdf":
        return pdf.text_of(content, min_mapped_share=options.min_pdf_mapped_share)
    if kind == "html":
        return html.text_of(content, main_content=options.html == "main")
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
