"""Crawls in WARC and ARC files: a document for each page that was fetched, or whose text was taken out before (WET).

All other records (requests, metadata, revisits), answers that are no page, and pages that the server gave with an
error are passed over, and counted by their kind. What is a page is said by the ``Content-Type``, and where that says
nothing by the content.

A record that is broken is refused, and reading goes on at the next line that begins a record.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from smelt.errors import SmeltError
from smelt.recipe.ingest import IngestOptions
from tasks.ingest import pages
from tasks.ingest.crawls import arc, http, media, warc
from tasks.ingest.crawls.members import MAGIC, Units
from tasks.ingest.crawls.records import Reader, Record
from tasks.ingest.document import Document, PassedOver, RawFile, RawPage, Refusal, UnreadableError, unforeseen
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.foreign import refuse_foreign
from tasks.ingest.formats import compressed
from tasks.ingest.packed import compression, unpacked
from tasks.ingest.stored import opened
from tasks.ingest.streams import chunks

Item = Document | Refusal | PassedOver


@dataclass(frozen=True)
class _Style:
    """How records are written: with what they begin, of which ``head_bytes`` are enough, and what reads one."""

    head_bytes: int
    begins: Callable[[bytes], bool]
    record: Callable[[Reader, IngestOptions], Record]


_WARC = _Style(warc.HEAD_BYTES, warc.begins, warc.record)
_NAMED = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_SEARCHED = 64 << 20  # where the first sound record must begin
_ARC = _Style(arc.HEAD_BYTES, arc.begins, arc.record)


def read_crawl(raw: RawFile, options: IngestOptions) -> Iterator[Item]:
    """What is in the records whose gzip member or zstd frame begins in the file's range.

    A crawl that isn't compressed, or in another way, can't be divided: it belongs to the range that begins at 0.
    """
    with opened(raw.content) as file:
        kind, style = _written(file, raw.path.lower())
        if kind not in MAGIC:
            if raw.start == 0:
                yield from _items(chunks(raw.content), "", style, raw, options)
            return
        units = Units(file, kind, style.begins, style.head_bytes)
        first, at = units.skip(0), units.find(raw.start, raw.end)
        if at is None and raw.start == 0 and units.find(0, None) is None:
            raise UnreadableError("broken warc", f"no {kind} member begins with a record")
        if raw.start <= first < (raw.end or raw.file_bytes) and at != first:
            yield Refusal("broken compression", f"no record begins at byte {first}", str(first))
        while at is not None and (raw.end is None or at < raw.end):
            try:
                yield from _items(units.pieces(at), str(at), style, raw, options)
                after = units.after()
                if after is not None and not units.is_start(after):
                    yield Refusal("broken compression", f"no {kind} member at byte {after}", str(after))
                    after = units.find(units.last + 1, raw.end)  # a frame that is cut swallows what follows it
            except UnreadableError as refused:
                yield Refusal(refused.reason, refused.detail, str(units.at))
                after = units.find(units.at + 1, raw.end)
            at = after


def _written(file: BinaryIO, path: str) -> tuple[str, _Style]:
    """The compression of a crawl, and how its records are written.

    The bytes say it and not the name, unless they are damaged where the first record is.
    """
    kind = compression(file.read(6))
    file.seek(0)
    head = b""
    try:
        for piece in unpacked(file, kind) if kind else iter([file.read(arc.HEAD_BYTES)]):
            head += piece
            if len(head) >= arc.HEAD_BYTES:
                break
    except UnreadableError:
        pass  # said where the records are read
    file.seek(0)
    if warc.begins(head) or arc.begins(head):
        return kind, _WARC if warc.begins(head) else _ARC
    style, named = _ARC if ".arc" in path.rpartition("/")[2] else _WARC, _NAMED.get(compressed(path), "")
    units = Units(file, named, style.begins, style.head_bytes) if named not in ("", kind) else None
    return named if units and units.find(0, _SEARCHED) is not None else kind, style


def _items(pieces: Iterator[bytes], unit: str, style: _Style, raw: RawFile, options: IngestOptions) -> Iterator[Item]:
    """What is in a stream of records.

    Each is held back until more of the stream is read: a member's checksum comes after its record, and a record
    that fails it must not pass.
    """
    reader = Reader(pieces)
    held: list[Item] = []
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
        at = reader.at
        place = f"{unit}+{at}" if unit and at else unit or str(at)
        try:
            record = style.record(reader, options)
        except UnreadableError as refused:
            if refused.reason in ("truncated", "broken compression"):  # of the stream, not of a record
                raise
            held = [Refusal(refused.reason, refused.detail, place, reader.at - at)]
            if refused.reason == "broken warc":
                reader.skip_to_record(style.begins)
        else:
            held = [_readable(record, place, raw, options)]
        end = reader.at


def _readable(record: Record, place: str, raw: RawFile, options: IngestOptions) -> Item:
    """As ``_item``; what can't be read is refused."""
    size = len(record.content or b"")
    try:
        return _item(record, place, raw, options)
    except SmeltError:
        raise
    except UnreadableError as refused:
        return Refusal(refused.reason, refused.detail, place, size)
    except Exception as error:
        return unforeseen(error, place, size)


def _item(record: Record, place: str, raw: RawFile, options: IngestOptions) -> Item:
    """The document in a record, or what else it is."""
    content, cut, charset, robots = record.content, record.cut, "", ""
    if content is None:
        return PassedOver(record.kind, place)
    declared, body = record.media, content
    if record.kind == "response":
        if not content.startswith(b"HTTP/"):
            scheme = (record.url or "").partition(":")[0].lower()
            return PassedOver(scheme if scheme in ("dns", "ftp", "whois") else "answer without HTTP", place)
        answer = http.parse(content)
        if not 200 <= answer.status < 300:
            return PassedOver(f"status {answer.status // 100}xx", place)
        declared, charset = answer.headers.get("content-type", ""), http.charset(answer.headers)
        if media.never_page(declared):
            return PassedOver(media.kind(declared), place)
        robots = answer.headers.get("x-robots-tag", "")
        decoded = http.decoded(answer, max_bytes=options.max_file_bytes, cut=cut)
        body, cut = decoded.content, decoded.cut
    form = media.form(declared, body)
    if form is None:
        return PassedOver(media.kind(declared), place)
    refuse_foreign(body)
    if form == "html":
        document = pages.document_of(RawPage(body, place, record.url, charset, robots), raw, options)
    else:
        found = decode(body, declared=(charset,))
        document = Document(found.text, "text", place, repaired=found.repaired)
    marks = {"truncated": cut} if cut else None
    return replace(document, url=record.url, date=record.day, meta=marks, raw_bytes=len(content))
