"""Crawls in WARC files: a document for each page that was fetched, or whose text was taken out before (WET).

https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/: a record is a line ``WARC/1.x``,
header lines, an empty line, ``Content-Length`` bytes, and two empty lines. Records of type ``response`` hold an HTTP
answer, ``resource`` the bare content, ``conversion`` text. All others (requests, metadata, revisits), answers that
are no page, and pages that the server gave with an error are no documents.

A record that is broken is refused, and reading goes on at the next line that begins a record.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from smelt.errors import SmeltError
from smelt.recipe.ingest import IngestOptions
from tasks.ingest import http, pages
from tasks.ingest.document import Document, RawFile, Refusal, UnreadableError, unforeseen
from tasks.ingest.encoding import decode
from tasks.ingest.members import MAGIC, Units, crawl_compression
from tasks.ingest.stored import opened
from tasks.ingest.streams import chunks

_PAGES = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
_MAX_HEADER_BYTES = 1 << 16
_LINE = 1 << 16


@dataclass(frozen=True)
class Record:
    """A record's headers (names in lower case) and its content, or None where it isn't wanted."""

    headers: dict[str, str]
    content: bytes | None


def read_warc(raw: RawFile, options: IngestOptions) -> Iterator[Document | Refusal]:
    """The documents whose record's gzip member or zstd frame begins in the file's range.

    A crawl that isn't compressed, or in another way, can't be divided: it belongs to the range that begins at 0.
    """
    with opened(raw.content) as file:
        kind = crawl_compression(file)
        if kind not in MAGIC:
            if raw.start == 0:
                yield from _documents(chunks(raw.content), "", raw, options)
            return
        units = Units(file, kind)
        first, at = units.skip(0), units.find(raw.start, raw.end)
        if at is None and raw.start == 0 and units.find(0, None) is None:
            raise UnreadableError("broken warc", f"no {kind} member begins with a record")
        if raw.start <= first < (raw.end or raw.file_bytes) and at != first:
            yield Refusal("broken compression", f"no record begins at byte {first}", str(first))
        while at is not None and (raw.end is None or at < raw.end):
            try:
                yield from _documents(units.pieces(at), str(at), raw, options)
                after = units.after()
                if after is not None and not units.is_start(after):
                    yield Refusal("broken compression", f"no {kind} member at byte {after}", str(after))
                    after = units.find(after, raw.end)
            except UnreadableError as refused:
                yield Refusal(refused.reason, refused.detail, str(units.at))
                after = units.find(units.at + 1, raw.end)
            at = after


def _documents(
    pieces: Iterator[bytes], unit: str, raw: RawFile, options: IngestOptions
) -> Iterator[Document | Refusal]:
    """The documents of a stream of records.

    Each is held back until more of the stream is read: a member's checksum comes after its record, and a record
    that fails it must not pass.
    """
    reader = _Reader(pieces)
    held: list[Document | Refusal] = []
    end = 0
    while True:
        try:
            more = reader.skip_blank()
        except UnreadableError:
            if reader.verified >= end:
                yield from held
            raise
        yield from held
        if not more:
            return
        held = []
        at = reader.at
        place = f"{unit}+{at}" if unit and at else unit or str(at)
        try:
            record = _record(reader, options)
            document = None if record.content is None else _document(record, record.content, place, raw, options)
            held = [document] if document is not None else []
        except UnreadableError as refused:
            if refused.reason in ("truncated", "broken compression"):  # of the stream, not of a record
                raise
            held = [Refusal(refused.reason, refused.detail, place, reader.at - at)]
            if refused.reason == "broken warc":
                reader.skip_to_record()
        except SmeltError:
            raise
        except Exception as error:
            held = [unforeseen(error, place, reader.at - at)]
        end = reader.at


def _record(reader: "_Reader", options: IngestOptions) -> Record:
    """The record that begins where the reader stands, which is behind it then."""
    version = reader.line()
    if not version.startswith(b"WARC/"):
        raise UnreadableError("broken warc", f"no record begins with {version[:40]!r}")
    headers = _headers(reader)
    length = headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 15:
        raise UnreadableError("broken warc", f"Content-Length is {length[:40]!r}")
    size, kind = int(length), headers.get("warc-type", "").lower()
    wanted = kind in ("response", "resource", "conversion")
    fits = size <= options.max_file_bytes + _MAX_HEADER_BYTES
    content = b""
    if fits:
        content = reader.read(size)
    else:
        reader.skip(size)
    if not reader.at_end_of_record():
        reader.put_back(content)  # the next record may begin in it
        raise UnreadableError("broken warc", f"the record does not end after its {size} bytes")
    if wanted and not fits:
        raise UnreadableError("record over limit", f"{size} bytes, more than {options.max_file_bytes}")
    return Record(headers, content if wanted else None)


def _document(record: Record, content: bytes, place: str, raw: RawFile, options: IngestOptions) -> Document | None:
    """The document in a record's content, or None where that is no page."""
    media, charset, robots, body = http.media_type(record.headers.get("content-type", "")), "", "", content
    kind = record.headers["warc-type"].lower()
    if kind == "response":
        if not content.startswith(b"HTTP/"):
            return None  # DNS answers, FTP
        answer = http.parse(content)
        if not 200 <= answer.status < 300:
            return None
        media, charset = http.media_type(answer.headers.get("content-type", "")), http.charset(answer.headers)
        if media not in _PAGES:
            return None
        robots = answer.headers.get("x-robots-tag", "")
        body = http.decoded(answer, max_bytes=options.max_file_bytes)
    if media not in _PAGES:
        return None
    url, day = record.headers.get("warc-target-uri"), record.headers.get("warc-date", "")[:10]
    if _PAGES[media] == "html":
        document = pages.document_of(body, raw, options, place=place, charset=charset, robots=robots)
    else:
        document = Document(decode(body), "text", place)
    return replace(document, url=url and url.strip("<>"), date=day or None, raw_bytes=len(content))


def _headers(reader: "_Reader") -> dict[str, str]:
    headers: dict[str, str] = {}
    size, name = 0, ""
    while line := reader.line().rstrip(b"\r\n"):
        size += len(line)
        if size > _MAX_HEADER_BYTES:
            raise UnreadableError("broken warc", f"more than {_MAX_HEADER_BYTES} bytes of header")
        text = line.decode("utf-8", "replace")
        if text[0] in " \t" and name:
            headers[name] += " " + text.strip()
        else:
            name, _, value = text.partition(":")
            name = name.strip().lower()
            headers[name] = value.strip()
    return headers


class _Reader:
    """Pieces of bytes read forward: by lines, by counts, and on to the next record.

    Attributes:
        at: bytes read so far.
        verified: bytes up to the last end of a member, whose checksum was right.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.buffer, self.taken, self.at, self.verified = pieces, b"", 0, 0, 0

    def line(self) -> bytes:
        """The next line with its end; one that is too long comes in pieces, and at the end of all there is none."""
        while (end := self.buffer.find(b"\n", self.taken)) < 0 and len(self.buffer) - self.taken < _LINE:
            if not self._more():
                break
        stop = end + 1 if end >= 0 else len(self.buffer)
        return self._take(min(stop, self.taken + _LINE))

    def read(self, size: int) -> bytes:
        """``size`` bytes.

        Raises:
            UnreadableError: when fewer are left.
        """
        while len(self.buffer) - self.taken < size:
            if not self._more(size):
                raise UnreadableError("broken warc", f"the record has {len(self.buffer) - self.taken} of {size} bytes")
        return self._take(self.taken + size)

    def skip(self, size: int) -> None:
        """Leave out ``size`` bytes."""
        while len(self.buffer) - self.taken < size:
            size -= len(self._take(len(self.buffer)))
            if not self._more():
                raise UnreadableError("broken warc", f"the record lacks {size} bytes")
        self._take(self.taken + size)

    def put_back(self, content: bytes) -> None:
        """Have ``content``, which was read last, before the reader again."""
        self.buffer, self.taken = content + self.buffer[self.taken :], 0
        self.at -= len(content)

    def skip_blank(self) -> bool:
        """Leave out empty lines; whether anything follows."""
        while True:
            while self.taken < len(self.buffer):
                if self.buffer[self.taken] not in b"\r\n":
                    return True
                self._take(self.taken + 1)
            if not self._more():
                return False

    def at_end_of_record(self) -> bool:
        """Whether what follows is an empty line, or nothing."""
        while self.taken == len(self.buffer):
            if not self._more():
                return True
        return self.buffer[self.taken] in b"\r\n"

    def skip_to_record(self) -> None:
        """Leave out all before the next line that begins a record."""
        at_line_start = True
        while True:
            while len(self.buffer) - self.taken < 5 and self._more():
                pass
            if at_line_start and self.buffer.startswith(b"WARC/", self.taken):
                return
            line = self.line()
            if not line:
                return
            at_line_start = line.endswith(b"\n")

    def _take(self, stop: int) -> bytes:
        found = self.buffer[self.taken : stop]
        self.taken += len(found)
        self.at += len(found)
        return found

    def _more(self, size: int = 0) -> bool:
        """Add a piece to what is at hand, or as many as make ``size`` bytes; whether there was one."""
        kept = [self.buffer[self.taken :]]
        held = len(kept[0])
        while (piece := next(self.pieces, None)) is not None:
            if not piece:
                self.verified = self.at + held
            kept.append(piece)
            held += len(piece)
            if piece and held >= size:
                break
        grown = held > len(kept[0])
        self.buffer, self.taken = b"".join(kept), 0
        return grown
