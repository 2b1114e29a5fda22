"""Compressed streams, one or several behind each other, decompressed in pieces.

RFC 1952 (2.2) and RFC 8878 (3) say that the content of several gzip members or zstd frames is that of all; bzip2 and
xz are used the same way. What follows the last stream is zeros that pad it, or an error.

A stream says how much of its content must be held to read on: zstd up to 2 GB (``zstd --long=31``), which is the most
that is held here, and xz the same. It is taken from the system as content fills it, so a small file costs little
whatever it says.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

import zstandard

from tasks.ingest.document import UnreadableError

MAX_WINDOW = 1 << 31
"""Most bytes of content that a stream may look back on."""
SKIPPABLE = range(0x184D2A50, 0x184D2A60)
"""Magic numbers of zstd's skippable frames."""
ZSTD_STEP = 8 << 10
"""Compressed bytes that zstd is given at a time: at its highest ratio they become 256 MB."""
_BLOCK = 1 << 16
_FIRST_STEP = 1 << 9  # what is left of a step is copied, so short streams want short steps
_MAX_PIECE = 1 << 20
_MAGICS = {"gzip": (b"\x1f\x8b",), "bzip2": (b"BZh",), "xz": (b"\xfd7zXZ\0",)} | {
    "zstd": (b"\x28\xb5\x2f\xfd", *(number.to_bytes(4, "little") for number in SKIPPABLE))
}
_NEXT = _MAGICS | {"zlib": (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")}
_ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


def compression(head: bytes) -> str:
    """Name of the compression that begins with these bytes (six are enough), or an empty string."""
    return next((name for name, magics in _MAGICS.items() if head.startswith(magics)), "")


def unpacked(file: IO[bytes], name: str, *, trailing: bool = False) -> Iterator[bytes]:
    """The content of all streams from where ``file`` stands.

    Args:
        name: what ``compression`` says, or ``zlib``, or ``deflate``, which is one stream.
        trailing: whether something else behind the last stream is passed over.

    Raises:
        UnreadableError: when a stream is broken or breaks off, or something else follows the last.
    """
    make = _maker(name)
    block, at = file.read(_BLOCK), 0
    while True:
        stream, step = make(), _FIRST_STEP
        while not stream.eof:
            if at == len(block) and _hungry(stream):
                block, at = file.read(_BLOCK), 0
                if not block:
                    raise UnreadableError("truncated", f"{name}: the last stream has no end")
            given = block[at : at + step] if _hungry(stream) else b""
            piece = _decompressed(stream, given, name)
            at += len(given) - len(stream.unused_data if stream.eof else getattr(stream, "unconsumed_tail", b""))
            step = min(2 * step, ZSTD_STEP if name == "zstd" else _BLOCK)
            if piece:
                yield piece
        block, at = _behind(file, block[at:]), 0
        if not block:
            return
        if not block.startswith(_NEXT.get(name, ())):
            if trailing:
                return
            raise UnreadableError("broken compression", f"{name}: something else follows the last stream")


def _behind(file: IO[bytes], rest: bytes) -> bytes:
    """What follows a stream, without the zeros before it; nothing where the file ends."""
    while not (found := rest.lstrip(b"\0")):
        rest = file.read(_BLOCK)
        if not rest:
            return b""
    return found if len(found) >= 6 else found + file.read(_BLOCK)


def _decompressed(stream: Any, given: bytes, name: str) -> bytes:
    try:
        return bytes(stream.decompress(given) if name == "zstd" else stream.decompress(given, _MAX_PIECE))
    except _ERRORS as error:
        raise UnreadableError("broken compression", f"{name}: {error}") from error


def _hungry(stream: Any) -> bool:
    """Whether the stream takes more; bzip2 and xz keep what they were given until all of it has come out."""
    return bool(getattr(stream, "needs_input", True))


def _maker(name: str) -> Callable[[], Any]:
    if name == "zstd":
        return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj
    if name == "bzip2":
        return bz2.BZ2Decompressor
    if name == "xz":
        return lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW + (64 << 20))
    return lambda: zlib.decompressobj({"gzip": 31, "zlib": 15, "deflate": -15}[name])
