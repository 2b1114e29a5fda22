"""Rows to documents: lines of JSON, lines of text, and what every row has in common."""

import json
from collections.abc import Iterator
from typing import Any

from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import fields_of
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError
from tasks.ingest.encoding import decode
from tasks.ingest.streams import lines


def read_jsonl(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a line; a line's place is the byte at which it begins."""
    for at, line in lines(raw, max_line_bytes=options.max_line_bytes):
        if line is None:
            yield Refusal("line over limit", f"more than {options.max_line_bytes} bytes", str(at))
        elif line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield Refusal("broken json", str(error)[:300], str(at), len(line))
            else:
                yield from_row(row, raw, str(at), options, len(line))


def read_lines(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """A document a line of text; empty lines are none."""
    for at, line in lines(raw, max_line_bytes=options.max_line_bytes):
        if line is None:
            yield Refusal("line over limit", f"more than {options.max_line_bytes} bytes", str(at))
        elif line.strip():
            try:
                yield Document(decode(line).rstrip("\r"), "text", str(at), raw_bytes=len(line))
            except UnreadableError as refused:
                yield Refusal(refused.reason, refused.detail, str(at), len(line))


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
    return Document(
        found.text, "text", place, found.url, found.lang, found.domain, found.date, found.meta, raw_bytes=size
    )
