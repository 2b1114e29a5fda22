"""Bodies of crawled answers: of several streams, in chunks or only called so, cut with and without a word."""

import gzip
import random
import time
import zlib
from collections import Counter

import brotli
import pytest
import zstandard

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.crawls.chunked import unchunked
from tasks.ingest.document import Document, RawFile
from tasks.ingest.read import read
from tests.tasks.ingest.crawls.making import answer, gzipped, page, record

OPTIONS = IngestOptions(max_file_bytes=1 << 20)
DRAW = random.Random(5)
WORDS = " ".join(str(DRAW.random()) for _ in range(20_000))
PAGE = f"<html><body><main><p>FIRST {WORDS}</p><p>LAST</p></main></body></html>".encode()
PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}


def chunked(*pieces: bytes, end: bytes = b"\r\n") -> bytes:
    return b"".join(b"%x%s%s%s" % (len(piece), end, piece, end) for piece in pieces)


def crawled(body: bytes, media: str = "text/html", status: int = 200, extra: bytes = b"", **headers: str):
    made = record(answer(body, media=media, status=status, **headers)).replace(b"WARC/1.0\r\n", b"WARC/1.0\r\n" + extra)
    return list(read(RawFile("s", "a.warc.gz", gzipped([made])), OPTIONS))


def shown(body: bytes, **more) -> str:
    """``whole``, ``part`` with its mark, or the reason of the refusal."""
    [item] = crawled(body, **more)
    if not isinstance(item, Document):
        return item.reason
    mark = (item.meta or {}).get("truncated", "")
    return f"{'whole' if 'FIRST' in item.text and 'LAST' in item.text else 'part'} {mark}".strip()


@pytest.mark.parametrize("coding", PACKERS)
def test_a_compressed_body_is_whole_marked_or_refused(coding: str) -> None:
    pack, named = PACKERS[coding], {"Content_Encoding": coding}
    packed = pack(PAGE)
    half = packed[: len(packed) // 2]
    assert shown(packed, **named) == "whole"
    assert shown(PAGE, **named) == "whole"  # the crawler has decoded it
    for size in (len(packed) // 2, len(packed) - 1, 20):
        assert shown(packed[:size], **named) == "truncated"
    assert shown(half, **named, extra=b"WARC-Truncated: length\r\n") == "part length"
    assert shown(half, **named, status=206) == "part status 206"
    assert shown(packed, **named, status=206, Content_Range="bytes 0-99/100") == "whole"
    assert shown(packed, **named, Content_Length="1000000") == "whole"
    assert shown(packed[:300] + bytes(40) + packed[340:], **named) in ("broken compression", "truncated")
    assert shown(chunked(packed[:500], packed[500:], b""), **named, Transfer_Encoding="chunked") == "whole"
    assert shown(chunked(packed), **named, Transfer_Encoding="chunked") == "whole"
    if coding != "br":
        assert shown(pack(PAGE[:300]) + pack(PAGE[300:900]) + pack(PAGE[900:]), **named) == "whole"
        assert shown(pack(PAGE[:300]) + pack(PAGE[300:])[:-9], **named) == "truncated"
        assert shown(packed + b"<!-- cached -->", **named) == "whole"


def test_deflate_may_have_no_header_or_another_window() -> None:
    for bits in (-15, -9, 9, 12, 15):
        packer = zlib.compressobj(wbits=bits)
        packed = packer.compress(PAGE) + packer.flush()
        assert shown(packed, Content_Encoding="deflate") == "whole"
        assert shown(packed[:-300], Content_Encoding="deflate") == "truncated"


@pytest.mark.parametrize("text", ["; FIRST LAST", "HK FIRST LAST", "x\x9c FIRST LAST", "FIRST 中文 LAST"])
@pytest.mark.parametrize("coding", PACKERS)
def test_text_that_was_decoded_is_not_taken_for_a_stream(text: str, coding: str) -> None:
    assert shown(text.encode(), media="text/plain", Content_Encoding=coding) == "whole"


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (chunked(PAGE[:50], PAGE[50:], b""), "whole"),
        (chunked(PAGE[:50], PAGE[50:], b"", end=b"\n"), "whole"),
        (chunked(PAGE) + b"0\r\nETag: x\r\n\r\n", "whole"),
        (chunked(PAGE), "whole no last chunk"),
        (chunked(PAGE[:50], PAGE[50:])[:-300], "truncated"),
        (chunked(PAGE)[:-300], "truncated"),
        (chunked(PAGE[:50], PAGE[50:99]) + b"zz\r\n" + PAGE[99:], "whole broken chunks"),
        (PAGE, "whole"),
    ],
)
def test_chunks_are_taken_away_where_there_are_any(body: bytes, result: str) -> None:
    assert shown(body, Transfer_Encoding="chunked") == result


def test_a_chunk_that_is_cut_with_a_word_is_marked() -> None:
    half = chunked(PAGE)[:-300]
    assert shown(half, Transfer_Encoding="chunked", extra=b"WARC-Truncated: disconnect\r\n") == "part disconnect"
    assert shown(chunked(gzip.compress(PAGE), b""), Transfer_Encoding="gzip, chunked") == "whole"


@pytest.mark.parametrize("first", ["1999", "bad", "0", "00", "face; of the sea", "C", "a"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_text_that_begins_like_a_size_keeps_its_first_line(first: str, end: str) -> None:
    text = end.join([first, "is where it all begins, and more than that.", "", "And it ends."])
    [item] = crawled(text.encode(), "text/plain", Transfer_Encoding="chunked")
    assert isinstance(item, Document) and item.text == text and item.meta is None


@pytest.mark.parametrize(
    ("headers", "mark"),
    [
        ({"status": 206}, "status 206"),
        ({"status": 206, "Content_Range": f"bytes 0-{len(PAGE) - 1}/{len(PAGE)}"}, ""),
        ({"status": 206, "Content_Range": f"bytes 7-{len(PAGE) + 6}/{len(PAGE) + 7}"}, "status 206"),
        ({"Content_Length": str(len(PAGE) + 1)}, "content-length"),
        ({"Content_Length": "9"}, ""),
        ({"extra": b"WARC-Truncated: TIME\r\n"}, "time"),
        ({"extra": b"WARC-Truncated:\r\n"}, "unspecified"),
        ({"extra": b"WARC-Segment-Number: 1\r\n"}, "segment"),
    ],
)
def test_what_is_less_than_there_was_is_marked(headers: dict, mark: str) -> None:
    assert shown(PAGE, **headers) == f"whole {mark}".strip()


@pytest.mark.parametrize(
    "media",
    ["", "html", "text/html charset=utf-8", "TEXT/HTML;", "text/htm", "*/*", "text/html,text/html", "text/xml", "none",
     "application/octet-stream", "application/x-page", "application/xml; charset=utf-8", "; charset=utf-8"],
)  # fmt: skip
def test_a_page_is_one_whatever_its_type_says(media: str) -> None:
    body = b'\xef\xbb\xbf <?xml version="1.0"?>\n<!-- x -->\n<!DOCTYPE html><html><body><p>FIRST LAST</p></body></html>'
    [item] = crawled(body, media)
    assert isinstance(item, Document) and (item.text, item.format) == ("FIRST LAST", "html")


def test_what_is_no_page_is_counted_by_kind() -> None:
    png, pdf = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"%PDF-1.4 x"
    medias = [("image/png", png), ("", png), ("application/pdf", pdf), ("application/octet-stream", b"some text")]
    medias += [("audio/x", b"x"), ("application/x-foo", b"x"), ("text/css", b"a{}"), ("x/y", png), ("", pdf)]
    records = [record(answer(body, media=media)) for media, body in medias]
    records += [record(answer(page(1), status=status)) for status in (301, 404, 503)]
    records += [record(b"x", kind=kind) for kind in ("warcinfo", "request", "metadata", "revisit", "continuation")]
    records += [record(b"x", kind="strange"), record(b"x", url="dns:x.org"), record(b"220 hello", url="ftp://x/")]
    records += [record(answer(b"plain text", media="")), record(b"\x89PNG", kind="resource", media="image/png")]
    counted: Counter[str] = Counter()
    found = list(read(RawFile("s", "a.warc.gz", gzipped(records)), OPTIONS, counted))
    assert [item.text for item in found if isinstance(item, Document)] == ["plain text"]
    assert len(found) + counted.total() == len(records)
    assert counted == {
        "image/*": 2, "no known Content-Type": 3, "application/pdf": 1, "application/octet-stream": 1, "audio/*": 1,
        "application/*": 1, "text/css": 1, "status 3xx": 1, "status 4xx": 1, "status 5xx": 1, "warcinfo": 1,
        "request": 1, "metadata": 1, "revisit": 1, "continuation": 1, "record of no known type": 1, "dns": 1, "ftp": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "unpack"),
    [
        (lambda count: gzip.compress(b"") * count, lambda body: crawled(body, "text/plain", Content_Encoding="gzip")),
        (lambda count: chunked(*[b"x"] * count), unchunked),
    ],
)
def test_time_grows_with_the_size_alone(make, unpack) -> None:
    spent = []
    for count in (10_000, 40_000):
        body, times = make(count), []
        for _ in range(3):
            began = time.process_time()
            unpack(body)
            times.append(time.process_time() - began)
        spent.append(min(times))
    assert spent[1] < 8 * spent[0] + 0.05
