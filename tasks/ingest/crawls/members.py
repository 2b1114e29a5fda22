"""Compressed crawls by members: the gzip members or zstd frames of which a crawl is made, found from anywhere.

Crawlers compress each record on its own, so that one can be read without those before it. A *unit* is a member whose
content begins as a record does, with the members after it that don't (a record cut over several). It belongs to the
range of the file in which its first byte lies, so ranges that touch give every unit once. From the middle of a
file, a unit's begin is found by its magic number and by what decompressing there gives.

A zstd crawl may begin with a skippable frame that holds the dictionary of all others
(https://iipc.github.io/warc-specifications/specifications/warc-zstd/).
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import zstandard

from tasks.ingest.document import UnreadableError
from tasks.ingest.packed import MAX_WINDOW, SKIPPABLE, ZSTD_STEP

MAGIC = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd"}
_BLOCK = 1 << 20
_STEP = 1 << 16
_PEEK = 1 << 12  # a gzip header and the first bytes of content
_PEEKS = 1 + (128 << 10) // ZSTD_STEP  # the largest block of zstd
_MAX_PIECE = 1 << 20
_DICTIONARY = 0x184D2A5D
_MAX_DICTIONARY = 64 << 20


class Units:
    """The units of one compressed crawl.

    Attributes:
        at: the byte at which the member begins that is being read, or after which all were.
        last: the byte at which the member begins that was read last.

    Args:
        file: the file, seekable; it belongs to this object.
        kind: ``gzip`` or ``zstd``.
        begins: whether a record begins with these bytes.
        head_bytes: as many as it has to see.
    """

    def __init__(self, file: BinaryIO, kind: str, begins: Callable[[bytes], bool], head_bytes: int) -> None:
        self.file, self.kind, self.begins, self.head_bytes = file, kind, begins, head_bytes
        self._dictionary = _dictionary_of(file) if kind == "zstd" else None
        self.at = self.last = 0

    def find(self, start: int, end: int | None) -> int | None:
        """The first byte in ``start <= byte < end`` at which a unit begins, or None."""
        magic = MAGIC[self.kind]
        at = start
        while end is None or at < end:
            self.file.seek(at)
            block = self.file.read(_BLOCK)
            found = block.find(magic)
            while found >= 0 and (end is None or at + found < end):
                if self._begins(at + found):
                    return at + found
                found = block.find(magic, found + 1)
            if len(block) < _BLOCK:
                return None
            at += len(block) - len(magic) + 1
        return None

    def pieces(self, at: int) -> Iterator[bytes]:
        """The decompressed content of the unit that begins at byte ``at``; then ``after`` says what follows.

        An empty piece marks the end of a member, whose checksum was right.

        Raises:
            UnreadableError: when the compressed data is broken or breaks off.
        """
        self.at = at
        while True:
            try:
                yield from self._member(self.at)
            except (zlib.error, zstandard.ZstdError) as error:
                raise UnreadableError("broken compression", f"{self.kind} at byte {self.at}: {error}") from error
            yield b""
            head = self._head(self.at) if self.is_start(self.at) else None
            if head is None or self.begins(head):
                return

    def after(self) -> int | None:
        """Where the file goes on after the unit that was read last; None at the file's end or before its padding."""
        self.file.seek(self.at)
        while block := self.file.read(_BLOCK):
            if block.strip(b"\0"):
                return self.at
        return None

    def skip(self, at: int) -> int:
        """The first byte from ``at`` on that is in no skippable frame of zstd."""
        while self.kind == "zstd":
            self.file.seek(at)
            header = self.file.read(8)
            if len(header) < 8 or struct.unpack("<I", header[:4])[0] not in SKIPPABLE:
                return at
            at += 8 + struct.unpack("<I", header[4:])[0]
        return at

    def is_start(self, at: int) -> bool:
        """Whether a member begins at byte ``at``."""
        self.file.seek(at)
        return self.file.read(4).startswith(MAGIC[self.kind])

    def _member(self, at: int) -> Iterator[bytes]:
        """One member's content; ``at`` is the byte after it then."""
        self.last = at
        self.file.seek(at)
        decompressor, read = self._decompressor(), at
        step = _STEP if self.kind == "gzip" else ZSTD_STEP
        while not decompressor.eof:
            given = self.file.read(step)
            if not given:
                raise UnreadableError("truncated", f"{self.kind} at byte {at}")
            read += len(given)
            if self.kind == "gzip":
                while given and not decompressor.eof:
                    if piece := decompressor.decompress(given, _MAX_PIECE):
                        yield piece
                    given = decompressor.unconsumed_tail
            elif piece := decompressor.decompress(given):
                yield piece
        self.at = self.skip(read - len(decompressor.unused_data))

    def _decompressor(self) -> Any:
        if self.kind == "gzip":
            return zlib.decompressobj(31)
        return zstandard.ZstdDecompressor(self._dictionary, max_window_size=MAX_WINDOW).decompressobj()

    def _begins(self, at: int) -> bool:
        """Whether a member begins at byte ``at`` whose content begins as a record does."""
        return self.begins(self._head(at) or b"")

    def _head(self, at: int) -> bytes | None:
        """The first bytes of the content of the member at byte ``at``, or None where there is none."""
        self.file.seek(at)
        decompressor, head = self._decompressor(), b""
        try:
            if self.kind == "gzip":
                return bytes(decompressor.decompress(self.file.read(_PEEK), self.head_bytes))
            for _ in range(_PEEKS):  # a block comes out whole or not at all
                if len(head) < self.head_bytes and not decompressor.eof:
                    head += decompressor.decompress(self.file.read(ZSTD_STEP))
        except (zlib.error, zstandard.ZstdError):
            return None
        return head


def _dictionary_of(file: BinaryIO) -> zstandard.ZstdCompressionDict | None:
    file.seek(0)
    header = file.read(8)
    if len(header) < 8 or struct.unpack("<I", header[:4])[0] != _DICTIONARY:
        return None
    content = file.read(min(struct.unpack("<I", header[4:])[0], _MAX_DICTIONARY))
    try:
        if content.startswith(MAGIC["zstd"]):
            content = zstandard.ZstdDecompressor().stream_reader(content).read(_MAX_DICTIONARY)
        dictionary = zstandard.ZstdCompressionDict(content)
        zstandard.ZstdDecompressor(dict_data=dictionary)  # says whether it is one
    except zstandard.ZstdError as error:
        raise UnreadableError("broken compression", f"the dictionary: {error}") from error
    return dictionary
