"""Streams of records read forward: what WARC and ARC have in common."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasks.ingest.document import UnreadableError

MAX_HEADER_BYTES = 1 << 16
"""Most bytes of a record's header."""
_LINE = 1 << 16
_BLANK = re.compile(rb"[\r\n]*")


@dataclass(frozen=True)
class Record:
    """A record of a crawl.

    Attributes:
        content: its content; None where it is passed over.
        kind: what it is: ``response`` (an answer with its header), ``resource`` or ``conversion`` (content alone), or
            what it is counted as where it is passed over.
        url, day: where it was fetched, and when (``2026-11-01``).
        media: the ``Content-Type`` of its content, as it stands.
        cut: what the record says of its being cut, or an empty string.
    """

    content: bytes | None
    kind: str
    url: str | None = None
    day: str | None = None
    media: str = ""
    cut: str = ""


class Reader:
    """Pieces of bytes read forward: by lines, by counts, and on to the next record.

    Attributes:
        at: bytes read so far.
        verified: bytes up to the last end of a member, whose checksum was right.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.buffer, self.taken, self.at, self.verified = pieces, b"", 0, 0, 0
        self.ended = False

    def line(self) -> bytes:
        """The next line with its end; one that is too long comes in pieces, and at the end of all there is none."""
        while (end := self._line_end()) < 0 and len(self.buffer) - self.taken < _LINE:
            if not self._more():
                break
        return self._take(end + 1 if end >= 0 else min(len(self.buffer), self.taken + _LINE))

    def sized(self, size: int, max_bytes: int) -> bytes | None:
        """The ``size`` bytes of a record's content, which an empty line or nothing must follow.

        None stands for more than ``max_bytes``, which are left out. Where there is an error and they could be held,
        the reader stands before them: the next record may begin there.

        Raises:
            UnreadableError: when they don't end the record, or fewer are left.
        """
        if not (fits := size <= max_bytes):
            self._skip(size)
            size = 0
        while len(self.buffer) - self.taken <= size and self._more(size + 1):
            pass
        if (left := len(self.buffer) - self.taken) < size:
            raise UnreadableError("broken warc", f"the record has {left} of {size} bytes")
        if left > size and self.buffer[self.taken + size] not in b"\r\n":
            raise UnreadableError("broken warc", "the record does not end where its length says")
        return self._take(self.taken + size) if fits else None

    def skip_blank(self) -> bool:
        """Leave out empty lines; whether anything follows."""
        while True:
            found = _BLANK.match(self.buffer, self.taken)
            assert found is not None, "it matches nothing, too"
            self._take(found.end())
            if self.taken < len(self.buffer):
                return True
            if not self._more():
                return False

    def skip_to_record(self, begins: Callable[[bytes], bool]) -> None:
        """Leave out all before the next line with which a record ``begins``."""
        at_line_start = True
        while line := self.line():
            if at_line_start and begins(line):
                self.taken -= len(line)  # a line is taken out of the buffer that is at hand
                self.at -= len(line)
                return
            at_line_start = line.endswith(b"\n")

    def _skip(self, size: int) -> None:
        """Leave out ``size`` bytes."""
        while len(self.buffer) - self.taken < size:
            size -= len(self._take(len(self.buffer)))
            if not self._more():
                raise UnreadableError("broken warc", f"the record lacks {size} bytes")
        self._take(self.taken + size)

    def _line_end(self) -> int:
        return self.buffer.find(b"\n", self.taken, self.taken + _LINE)

    def _take(self, stop: int) -> bytes:
        found = self.buffer[self.taken : stop]
        self.taken += len(found)
        self.at += len(found)
        return found

    def _more(self, size: int = 0) -> bool:
        """Add a piece to what is at hand, or as many as make ``size`` bytes; whether there was one."""
        if self.ended:
            return False
        kept = [self.buffer[self.taken :]]
        held = len(kept[0])
        while (piece := next(self.pieces, None)) is not None:
            if not piece:
                self.verified = self.at + held
            kept.append(piece)
            held += len(piece)
            if piece and held >= size:
                break
        else:
            self.ended = True
        grown = held > len(kept[0])
        self.buffer, self.taken = b"".join(kept), 0
        return grown
