"""Rows to documents: lines of JSON, lines of text, and what every row has in common."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import Fields, fields_of
from tasks.ingest import pages
from tasks.ingest.document import Document, RawFile, RawPage, Refusal, UnreadableError
from tasks.ingest.encodings.detection import nearly_utf8
from tasks.ingest.encodings.encoding import decode, decode_line
from tasks.ingest.streams import CHUNK, chunks, is_wide, lines
from tasks.ingest.table import utf8

_HEAD = 4 * CHUNK  # bytes of a file in which its first line beyond ASCII is looked for
_SAMPLE = 1 << 16  # bytes of such lines that tell its encoding


def encoding_of_lines(raw: RawFile) -> str | None:
    """The encoding of a file of lines, whichever range of it is read; None where its beginning is all ASCII.

    A line is too little to tell an encoding by, and a file has one.
    """
    head, is_ascii = bytearray(), True
    with suppress(UnreadableError):  # it is raised again where the lines are read
        for piece in chunks(raw.content):
            head += piece
            is_ascii = is_ascii and piece.isascii() and b"\x1b$" not in piece
            if len(head) >= (_HEAD if is_ascii else CHUNK):
                break
    if is_ascii and b"\0" not in head:
        return None
    content, sample = bytes(head), bytearray()
    for line in content.split(b"\n"):
        if not sample or not line.isascii() or b"\x1b$" in line:
            sample += line[:_SAMPLE] + b"\n"
            if len(sample) >= _SAMPLE:
                break
    if b"\0" not in content[:_SAMPLE] and nearly_utf8(bytes(sample)) is not None:
        return "utf-8"
    with suppress(UnreadableError):
        return decode(content[:_SAMPLE] if b"\0" in content[:_SAMPLE] else bytes(sample)).encoding
    return None


def read_jsonl(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a line; a line's place is the byte at which it begins."""
    for at, line, encoding in _lines(raw, options):
        if isinstance(line, Refusal):
            yield line
            continue
        try:
            row, repaired = _parsed(line, encoding)
        except UnreadableError as refused:
            yield Refusal(refused.reason, refused.detail, str(at), len(line))
        except (ValueError, RecursionError) as error:
            yield Refusal("broken json", str(error)[:300], str(at), len(line))
        else:
            found = from_row(row, raw, str(at), options, len(line))
            if repaired and isinstance(found, Document):
                found = replace(found, repaired=found.repaired + repaired)
            yield found


def read_lines(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a line of text; empty lines are none."""
    for at, line, encoding in _lines(raw, options):
        if isinstance(line, Refusal):
            yield line
            continue
        try:
            found = decode_line(line, encoding)
        except UnreadableError as refused:
            yield Refusal(refused.reason, refused.detail, str(at), len(line))
        else:
            yield Document(found.text.rstrip("\r"), "text", str(at), raw_bytes=len(line), repaired=found.repaired)


def _lines(raw: RawFile, options: IngestOptions) -> Iterator[tuple[int, bytes | Refusal, str | None]]:
    """The lines that aren't empty, or the refusal of one that is too long, and the encoding of their bytes."""
    encoding = encoding_of_lines(raw)
    for at, line in lines(raw, max_line_bytes=options.max_line_bytes, encoding=encoding):
        if line is None:
            yield at, Refusal("line over limit", f"more than {options.max_line_bytes} bytes", str(at)), None
        elif line.strip():
            yield at, line, "utf-8" if is_wide(encoding) else encoding


def _parsed(line: bytes, encoding: str | None) -> tuple[Any, int]:
    """The row that a line of JSON is, and what of it was repaired."""
    if encoding in (None, "utf-8"):
        with suppress(UnicodeDecodeError):
            return json.loads(line), 0
    found = decode_line(line, encoding)
    return json.loads(found.text), found.repaired


def from_row(
    row: Any, raw: RawFile, place: str, options: IngestOptions, num_bytes: int | None = None
) -> Document | Refusal:
    """The document that a row is in the file's layout.

    Args:
        num_bytes: raw bytes of the row, where they are more than its text.
    """
    found = fields_of(row, raw.layout) if isinstance(row, dict) else None
    if found is None or found.text is None:
        return Refusal("no text field", f"no text under {raw.layout.text[-1]!r}", place, num_bytes or 0)
    size = len(found.text) if num_bytes is None else num_bytes
    if not found.text.strip():
        return Refusal("empty", "", place, size)
    if len(found.text) > options.max_line_bytes:
        return Refusal("record over limit", f"more than {options.max_line_bytes} characters", place, size)
    try:
        document = _document(found, raw, place, options)
    except UnreadableError as refused:
        return Refusal(refused.reason, refused.detail, place, size)
    return replace(
        document,
        url=found.url,
        lang=found.lang,
        domain=found.domain,
        date=found.date,
        meta=found.meta,
        raw_bytes=size,
    )


def _document(fields: Fields, raw: RawFile, place: str, options: IngestOptions) -> Document:
    """The document of a row's text, or of its page; bytes are always a page's.

    Raises:
        UnreadableError: when the page has no text, or says what its source refuses.
    """
    text = fields.text or ""
    if isinstance(text, str) and not raw.layout.html:
        return Document(text, "text", place)
    content, charset = (utf8(text), "utf-8") if isinstance(text, str) else (text, "")
    return pages.document_of(RawPage(content, place, fields.url, charset), raw, options)
