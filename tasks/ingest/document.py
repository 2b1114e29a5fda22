"""What reading a raw file gives: documents, and refusals that say why something is none."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import xxhash

from smelt.sources.layouts import PLAIN, Layout
from tasks.ingest.stored import Stored
from tasks.ingest.web.metadata import Metadata

Reason = Literal[
    "alias",
    "binary",
    "broken compression",
    "broken http",
    "broken json",
    "broken parquet",
    "broken pdf",
    "broken pdf lines",
    "broken warc",
    "empty",
    "endless man page",
    "expands too far",
    "file over limit",
    "hostile html",
    "html without text",
    "interleaved pdf",
    "invalid encoding",
    "line over limit",
    "man page without text",
    "no text field",
    "noai",
    "noindex",
    "ocr failed",
    "other format",
    "pdf reader ended",
    "pdf without text",
    "reader failed",
    "record over limit",
    "truncated",
    "unlicensed",
    "unmapped pdf",
]
"""All that a refusal can give as its reason; docs/sources.md says what each means."""


@dataclass(frozen=True)
class RawFile:
    """A raw file in reach, or a range of one.

    Attributes:
        source: name of its source in the recipe.
        path: what it is called inside the source; documents' ids depend on it.
        content: its bytes, the local file that holds them, or the stored object.
        format: the format the source says it has, or ``auto``.
        layout: where a row of jsonl or parquet keeps what.
        lang, domain, date: the source's hints.
        refuse: pages that the source won't take: ``noai``, ``noindex``, ``unlicensed``.
        start, end: the bytes whose records are wanted: those that begin in ``start <= byte < end``.
        reader: what makes a document of a page of the file; that of ``ingest`` where there is none.
    """

    source: str
    path: str
    content: bytes | Path | Stored
    format: str = "auto"
    layout: Layout = PLAIN
    lang: str | None = None
    domain: str | None = None
    date: str | None = None
    refuse: tuple[str, ...] = ()
    start: int = 0
    end: int | None = None
    reader: "Callable[[RawPage], Document] | None" = None

    @property
    def num_bytes(self) -> int:
        """Size of the raw file, or of its wanted range."""
        end = self.file_bytes if self.end is None else min(self.end, self.file_bytes)
        return max(0, end - self.start)

    @property
    def file_bytes(self) -> int:
        """Size of the whole raw file."""
        if isinstance(self.content, Stored):
            return self.content.num_bytes
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True)
class RawPage:
    """A web page as it lies in a raw file.

    Attributes:
        place: where it begins in the file; see ``Document``.
        url: its address, as the file says.
        charset, robots: what the server said of its encoding and of what robots may do (``X-Robots-Tag``).
    """

    content: bytes
    place: str = ""
    url: str | None = None
    charset: str = ""
    robots: str = ""


@dataclass(frozen=True)
class Document:
    """A document found in a raw file.

    Attributes:
        place: where it begins in the file, however the file is divided: the byte of a line (after decompression),
            the number of a row, the byte of a WARC record's gzip member or zstd frame; empty where a file is one
            document. Its id depends on it.
        url, lang, domain, date: what the file says of it.
        meta: other fields worth keeping; ``truncated`` is what says that this is less than there was: a crawler's
            ``WARC-Truncated``, ``status 206``, ``content-length`` and the like.
        about: what a web page says of itself.
        page_kind, extraction: what kind of page it is, and the way in which its text was found.
        raw_bytes: the raw bytes it took.
        repaired: bytes and broken characters that became U+FFFD in it, or were left out.
    """

    text: str
    format: str
    place: str = ""
    url: str | None = None
    lang: str | None = None
    domain: str | None = None
    date: str | None = None
    meta: dict[str, Any] | None = None
    about: Metadata | None = None
    page_kind: str | None = None
    extraction: str | None = None
    raw_bytes: int = 0
    repaired: int = 0


@dataclass(frozen=True)
class Refusal:
    """Something in a raw file that could not become a document, where it begins, and why."""

    reason: Reason
    detail: str = ""
    place: str = ""
    raw_bytes: int = 0


@dataclass(frozen=True)
class PassedOver:
    """A record that by its kind is no document, such as a request or a picture: it is counted and no more."""

    kind: str
    place: str = ""


class UnreadableError(Exception):
    """A raw file, or what is left of it, can't be read."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason: Reason = reason
        self.detail = detail
        super().__init__(reason)


def unforeseen(error: Exception, place: str, raw_bytes: int) -> Refusal:
    """The refusal for an error that no reader foresaw."""
    return Refusal("reader failed", f"{type(error).__name__}: {error}"[:300], place, raw_bytes)


def document_id(source: str, path: str, place: str) -> str:
    """16 hex digits that name a document: a hash over source, path and its place in the file."""
    return xxhash.xxh3_128_hexdigest(f"{source}\0{path}\0{place}".encode("utf-8", "surrogateescape"))[:16]
