"""Bytes of raw files, decompressed on the way and never all at once where a format has lines.

gzip, zstd, bzip2 and xz are opened by their first bytes, not their names, since both are often wrong.
A file that breaks off in the middle is an error: half a document must not pass for a whole one.
"""

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

import zstandard

from tasks.ingest.document import RawFile, UnreadableError
from tasks.ingest.stored import Stored, opened

CHUNK = 1 << 20
ZSTD_STEP = 8 << 10
"""Compressed bytes that zstd is given at a time: at its highest ratio they become 256 MB."""


def chunks(content: bytes | Path | Stored) -> Iterator[bytes]:
    """The decompressed content in pieces of about a mebibyte.

    Raises:
        UnreadableError: when the compressed data is broken or breaks off.
    """
    with opened(content) as file:
        head = file.read(6)
        file.seek(0)
        name = compression(head)
        try:
            yield from _zstd(file) if name == "zstd" else _plain(_decompressed(file, name))
        except EOFError as error:
            raise UnreadableError("truncated", f"{name}: {error}") from error
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError) as error:
            raise UnreadableError("broken compression", f"{name}: {error}") from error


def compression(head: bytes) -> str:
    """Name of the compression that a file with these first bytes has, or an empty string."""
    magics = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
    return next((name for magic, name in magics.items() if head.startswith(magic)), "")


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


def _decompressed(file: IO[bytes], name: str) -> IO[bytes]:
    openers = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    return openers[name](file) if name in openers else file  # type: ignore[operator]


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    while piece := file.read(ZSTD_STEP):
        while piece:
            yield decompressor.decompress(piece)
            piece = decompressor.unused_data
            if decompressor.eof:
                decompressor = zstandard.ZstdDecompressor().decompressobj() if piece else decompressor
    if not decompressor.eof:
        raise EOFError("the last frame has no end")
