"""Bytes of raw files, decompressed on the way and never all at once where a format has lines.

gzip, zstd, bzip2 and xz are opened by their first bytes, not their names, since both are often wrong.
A file that breaks off in the middle is an error: half a document must not pass for a whole one.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from tasks.ingest.document import UnreadableError

CHUNK = 1 << 20


def chunks(content: bytes | Path) -> Iterator[bytes]:
    """The decompressed content in pieces of about a mebibyte.

    Raises:
        UnreadableError: when the compressed data is broken or breaks off.
    """
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as file:
        head = file.read(6)
        file.seek(0)
        name = compression(head)
        try:
            yield from _zstd(file) if name == "zstd" else _plain(_opened(file, name))
        except EOFError as error:
            raise UnreadableError(f"truncated {name}", str(error)) from error
        except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError) as error:
            raise UnreadableError(f"broken {name}", str(error)) from error


def compression(head: bytes) -> str:
    """Name of the compression that a file with these first bytes has, or an empty string."""
    magics = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
    return next((name for magic, name in magics.items() if head.startswith(magic)), "")


def whole(content: bytes | Path, *, max_bytes: int) -> bytes:
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


def lines(content: bytes | Path, *, max_line_bytes: int) -> Iterator[bytes | None]:
    """The lines without their ends; None stands for one that is longer than ``max_line_bytes``."""
    carry, skipping = b"", False
    for piece in chunks(content):
        *full, rest = piece.split(b"\n")
        for line in full:
            yield None if skipping or len(carry) + len(line) > max_line_bytes else carry + line
            carry, skipping = b"", False
        if skipping or len(carry) + len(rest) > max_line_bytes:
            carry, skipping = b"", True
        else:
            carry += rest
    if carry or skipping:
        yield None if skipping else carry


def _opened(file: IO[bytes], name: str) -> IO[bytes]:
    openers = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
    return openers[name](file) if name in openers else file  # type: ignore[operator, no-any-return]


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _zstd(file: IO[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    for piece in _plain(file):
        while piece:
            yield decompressor.decompress(piece)
            piece = decompressor.unused_data
            if decompressor.eof:
                decompressor = zstandard.ZstdDecompressor().decompressobj() if piece else decompressor
    if not decompressor.eof:
        raise EOFError("the last frame has no end")
