"""Crawls: which records are documents, in what encodings, and what a broken record costs."""

import gzip
import zlib

import brotli
import pytest
import zstandard

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.read import read
from tests.tasks.ingest.crawls.making import answer, gzipped, page, pages, record, zstandarded

OPTIONS = IngestOptions(max_file_bytes=1 << 20)


def items(content: bytes, name: str = "a.warc.gz") -> list[Document | Refusal]:
    return list(read(RawFile("s", name, content), OPTIONS))


def shown(content: bytes, name: str = "a.warc.gz") -> list[str]:
    """What came of each record: the page's number, or the reason of a refusal."""
    return [item.reason if isinstance(item, Refusal) else item.text.split()[1] for item in items(content, name)]


def test_responses_carry_address_and_day() -> None:
    for content in (gzipped(pages(3)), zstandarded(pages(3), with_dictionary=True), b"".join(pages(3))):
        found = items(content)
        assert [(item.url, item.date, item.format) for item in found if isinstance(item, Document)] == [
            (f"http://x/{number}", "2026-11-01", "html") for number in range(3)
        ]


def test_text_taken_out_before_is_a_document() -> None:
    wet = [record(b"", kind="warcinfo"), record("正文 text".encode(), kind="conversion", url="http://x/wet")]
    [item] = items(gzipped(wet), "a.warc.wet.gz")
    assert isinstance(item, Document) and (item.text, item.url, item.format) == ("正文 text", "http://x/wet", "text")


def test_bare_resources_that_are_pages_are_documents() -> None:
    made = [
        record(page(1), kind="resource", media="text/html; charset=utf-8"),
        record(b"\x89PNG", kind="resource", media="image/png"),
    ]
    assert shown(gzipped(made)) == ["1"]


def test_answers_that_are_no_page_or_an_error_are_no_documents() -> None:
    made = [
        record(answer(page(1), status=404)),
        record(answer(b"{}", media="application/json")),
        record(answer(b"", status=301)),
        record(b"dns answer", media="text/dns"),
        record(answer(page(2))),
    ]
    assert shown(gzipped(made)) == ["2"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(page(7)), {"Content_Encoding": "gzip"}),
        (zlib.compress(page(7)), {"Content_Encoding": "deflate"}),
        (zlib.compress(page(7))[2:-4], {"Content_Encoding": "deflate"}),
        (brotli.compress(page(7)), {"Content_Encoding": "br"}),
        (zstandard.compress(page(7)), {"Content_Encoding": "zstd"}),
        (brotli.compress(gzip.compress(page(7))), {"Content_Encoding": "gzip, br"}),
        (page(7), {"Content_Encoding": "gzip"}),  # decoded by the crawler, header left
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(page(7)), page(7)), {"Transfer_Encoding": "chunked"}),
        (
            b"5\r\n%s\r\n%x;x=y\r\n%s\r\n0\r\n\r\n" % (page(7)[:5], len(page(7)) - 5, page(7)[5:]),
            {"Transfer_Encoding": "chunked"},
        ),
        (page(7), {"Transfer_Encoding": "chunked"}),
    ],
)
def test_bodies_are_decoded_as_their_headers_say(body: bytes, headers: dict) -> None:
    assert shown(gzipped([record(answer(body, **headers))])) == ["7"]


def test_the_encoding_that_the_server_names_counts() -> None:
    body = "<html><body><p>中文网页没有声明编码</p></body></html>".encode("gb18030")
    [item] = items(gzipped([record(answer(body, media="text/html; charset=GB18030"))]))
    assert isinstance(item, Document) and item.text == "中文网页没有声明编码"


@pytest.mark.parametrize("pack", [gzipped, lambda records: gzip.compress(b"".join(records)), b"".join])
@pytest.mark.parametrize("wrong", [5, 5000, 10**9])
def test_a_wrong_length_costs_its_record_only(pack, wrong: int) -> None:
    bad = record(answer(page(99)), length=wrong)
    made = [record(answer(page(1))), bad, record(answer(page(2))), record(answer(page(3)))]
    whole = pack is gzipped or wrong < 10**9  # a stream that is to be skipped for ever has no neighbours
    assert shown(pack(made)) == (["1", "broken warc", "2", "3"] if whole else ["1", "broken warc"])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"WARC/1.0\r\nWARC-Type: response\r\n\r\nno length\r\n\r\n", "broken warc"),
        (record(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"), "broken http"),
        (record(b"HTTP/1.1 what\r\n\r\n" + page(9)), "broken http"),
        (record(answer(gzip.compress(b"x" * (2 << 20)), Content_Encoding="gzip")), "record over limit"),
        (record(answer(brotli.compress(b"x" * (2 << 20)), Content_Encoding="br")), "record over limit"),
        (record(answer(b"x" * (2 << 20))), "record over limit"),
        (record(answer(b"<html><body>" + b"<div>" * 100_000)), "html without text"),
        (record(answer(b"\0\1\2" * 100)), "binary"),
        (record(answer(b"")), "empty"),
    ],
)
def test_a_bad_record_is_refused_and_its_neighbours_come_through(bad: bytes, reason: str) -> None:
    made = [record(answer(page(1))), bad, record(answer(page(2)))]
    for content in (gzipped(made), zstandarded(made), gzip.compress(b"".join(made)), b"".join(made)):
        assert shown(content) == ["1", reason, "2"]


@pytest.mark.parametrize("pack", [gzipped, zstandarded])
def test_damage_in_a_member_costs_that_record(pack) -> None:
    members = [pack([record(answer(page(number)))]) for number in range(5)]
    for at in range(12, len(members[2]) - 1, 7):
        broken = bytearray(members[2])
        broken[at] ^= 0x55
        found = shown(b"".join([*members[:2], bytes(broken), *members[3:]]))
        assert found[:2] == ["0", "1"] and found[-2:] == ["3", "4"]
        assert found[2:-2] and set(found[2:-2]) <= {"broken compression", "truncated", "broken warc"}
    cut = b"".join(members)[:-9]
    assert shown(cut) == ["0", "1", "2", "3", "truncated"]


def test_what_lies_between_members_is_refused_once() -> None:
    members = [gzipped([record(answer(page(number)))]) for number in range(3)]
    assert shown(members[0] + b"garbage" + members[1] + b"\0" * 700 + members[2] + b"\0" * 512) == [
        "0", "broken compression", "1", "broken compression", "2",
    ]  # fmt: skip
