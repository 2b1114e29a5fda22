"""Text to judge by: plain-text and source files of packages that nobody is trained on, which no extractor has made."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import MinHash
from smelt.settings import home_folder
from tasks.dedup import minhash
from tasks.sources import archive, deb

PACKAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("git-doc", r"\.txt$"),
        ("vim-runtime", r"/doc/\w+\.txt$"),
        ("developers-reference", r"/_sources/.*\.rst\.txt$"),
        ("doc-debian", r"\.txt(\.gz)?$"),
    ),
    "zh": (
        ("fortunes-zh", r"/(chinese|tang300)$"),
        ("installation-guide-amd64", r"/zh_CN/install\.zh_CN\.txt\.gz$"),
        ("maint-guide-zh-cn", r"\.txt\.gz$"),
        ("debian-faq-zh-cn", r"\.txt\.gz$"),
    ),
    "code": (("python3-docutils", r"\.py$"), ("python3-werkzeug", r"\.py$"), ("python3-jinja2", r"\.py$")),
}
"""Packages by language, and which of their files."""
PIECE_BYTES = 4000
"""A file is judged in pieces of about so many bytes, which end with a line."""
MAX_SHARED = 0.2
"""A piece of whose shingles the training text holds a larger share is no held-out text."""
LEAST_LETTERS = 0.5
"""Share of letters, digits and ideographs among what is not white space: below it a piece is a drawing or a table."""
_SHINGLES = MinHash()


@dataclass(frozen=True)
class Piece:
    """A piece of a held-out file."""

    lang: str
    text: str

    @property
    def bytes(self) -> int:
        """Its length in UTF-8."""
        return len(self.text.encode())


def gather(kilobytes: float) -> list[Piece]:
    """So many kilobytes of each language, the packages by turns, each file's pieces in order."""
    found: list[Piece] = []
    for lang, packages in PACKAGES.items():
        left = kilobytes * 1e3
        streams = [_of_package(lang, *package) for package in packages]
        for piece in (piece for row in zip_longest(*streams) for piece in row if piece is not None):
            found.append(piece)
            left -= piece.bytes
            if left <= 0:
                break
    return found


def pieces(lang: str, text: str) -> Iterator[Piece]:
    """A text in pieces, but for those that are mostly no words."""
    lines: list[str] = []
    size = 0
    for line in [*text.splitlines(keepends=True), ""]:
        lines.append(line)
        size += len(line.encode())
        if size >= PIECE_BYTES or not line:
            whole = "".join(lines).strip()
            marks = re.sub(r"\s", "", whole)
            if sum(map(str.isalnum, marks)) > LEAST_LETTERS * len(marks):
                yield Piece(lang, whole)
            lines, size = [], 0


def unseen(found: list[Piece], training: list[str]) -> list[Piece]:
    """The pieces that are no near-duplicates of training text: few of their shingles lie in it."""
    seen = np.unique(np.concatenate([np.zeros(0, np.uint32), *_shingles(training)]))
    shares = [np.isin(own, seen).mean() for own in _shingles([piece.text for piece in found])]
    return [piece for piece, share in zip(found, shares, strict=True) if share <= MAX_SHARED]


def _shingles(texts: list[str]) -> Iterator[np.ndarray]:
    column = pa.array(texts, pa.large_string())
    return (shingles for _, shingles in minhash.described(column, _SHINGLES, as_sets=True))


def _of_package(lang: str, package: str, pattern: str) -> Iterator[Piece]:
    for file in deb.files(archive.fetch(package, home_folder() / "cache")):
        if re.search(pattern, file.path):
            content = gzip.decompress(file.content) if file.path.endswith(".gz") else file.content
            yield from pieces(lang, content.decode(errors="replace").replace("\xa0", " ").replace("\n%\n", "\n\n"))
