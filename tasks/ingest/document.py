"""What reading a raw file gives: documents, and refusals that say why something is none."""

from dataclasses import dataclass
from pathlib import Path

import xxhash


@dataclass(frozen=True)
class RawFile:
    """A raw file in reach.

    Attributes:
        source: name of its source in the recipe.
        path: what it is called inside the source; documents' ids depend on it.
        content: its bytes, or the local file that holds them.
        format: the format the source says it has, or ``auto``.
        text_field: key or column of the text, for jsonl and parquet.
        lang, domain: the source's hints.
    """

    source: str
    path: str
    content: bytes | Path
    format: str = "auto"
    text_field: str = "text"
    lang: str | None = None
    domain: str | None = None

    @property
    def num_bytes(self) -> int:
        """Size of the raw file."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size


@dataclass(frozen=True)
class Document:
    """A document found in a raw file: its text, where it is from, and the raw bytes it took."""

    text: str
    format: str
    index: int = 0
    url: str | None = None
    raw_bytes: int = 0


@dataclass(frozen=True)
class Refusal:
    """Something in a raw file that could not become a document, and why."""

    reason: str
    detail: str = ""
    index: int = 0
    raw_bytes: int = 0


class UnreadableError(Exception):
    """A raw file, or what is left of it, can't be read; the reason is one of a small set of words."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason)


def document_id(source: str, path: str, index: int) -> str:
    """16 hex digits that name a document: a hash over source, path and its number in the file."""
    return xxhash.xxh3_128_hexdigest(f"{source}\0{path}\0{index}".encode())[:16]
