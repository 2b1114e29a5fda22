"""Bytes of raw files, decompressed on the way and never all at once where a format has lines.

gzip, zstd, bzip2 and xz are opened by their first bytes, not their names, since both are often wrong.
A file that breaks off in the middle is an error: half a document must not pass for a whole one.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tasks.ingest.document import RawFile, UnreadableError
from tasks.ingest.packed import compression, unpacked
from tasks.ingest.stored import Stored, opened

CHUNK = 1 << 20


def chunks(content: bytes | Path | Stored) -> Iterator[bytes]:
    """The decompressed content in pieces of a mebibyte or less.

    Raises:
        UnreadableError: when the compressed data is broken or breaks off.
    """
    with opened(content) as file:
        name = compression(file.read(6))
        file.seek(0)
        yield from unpacked(file, name) if name else _plain(file)


def whole(content: bytes | Path | Stored, *, max_bytes: int) -> bytes:
    """The decompressed content in one piece.

    Raises:
        UnreadableError: also when it is larger than ``max_bytes``.
    """
    pieces, size = [], 0
    for piece in chunks(content):
        size += len(piece)
        if size > max_bytes:
            raise UnreadableError("file over limit", f"more than {max_bytes} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def lines(raw: RawFile, *, max_line_bytes: int, encoding: str | None = None) -> Iterator[tuple[int, bytes | None]]:
    """The lines that begin in the file's range: where each begins (after decompression), and its bytes without the end.

    None stands for a line that is longer than ``max_line_bytes``. A compressed file can't be divided, and one in
    UTF-16 or UTF-32 isn't: all of it belongs to the range that begins at 0. The lines of the latter come as UTF-8.
    """
    if is_wide(encoding):
        if raw.start == 0:
            decoder = codecs.getincrementaldecoder(encoding or "")("replace")
            pieces = (decoder.decode(piece).removeprefix("\ufeff").encode() for piece in chunks(raw.content))
            yield from _split(pieces, 0, None, max_line_bytes)
        return
    with opened(raw.content) as file:
        if not compression(file.read(6)):
            at = _line_start(file, raw.start)
            yield from _split(_plain(file), at, raw.end, max_line_bytes)
        elif raw.start == 0:
            yield from _split(chunks(raw.content), 0, None, max_line_bytes)


def is_wide(encoding: str | None) -> bool:
    """Whether an encoding writes ASCII characters as several bytes, so that a byte 10 is no line end."""
    return encoding is not None and encoding.startswith(("utf-16", "utf-32"))


def _line_start(file: BinaryIO, start: int) -> int:
    """The first byte from ``start`` on where a line begins; the file stands there then."""
    at = max(0, start - 1)
    file.seek(at)
    while start > 0 and (piece := file.readline(CHUNK)):
        at += len(piece)
        if piece.endswith(b"\n"):
            break
    return at


def _split(
    pieces: Iterator[bytes], at: int, end: int | None, max_line_bytes: int
) -> Iterator[tuple[int, bytes | None]]:
    """Lines out of ``pieces``, the first of which begins at ``at``, as long as they begin before ``end``."""
    carry: list[bytes] = []
    carried = 0
    for piece in pieces:
        *full, rest = piece.split(b"\n")
        for line in full:
            if end is not None and at >= end:
                return
            size = carried + len(line)
            yield at, None if size > max_line_bytes else b"".join([*carry, line]) if carry else line
            at += size + 1
            carry, carried = [], 0
        carried += len(rest)
        carry = [*carry, rest] if carried <= max_line_bytes else []
    if carried and (end is None or at < end):
        yield at, None if carried > max_line_bytes else b"".join(carry)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece
