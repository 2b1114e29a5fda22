"""What a file is, by name and content: rows under names of code, pages under any, and what only looks like text."""

import base64
import bz2
import codecs
import gzip
import io
import json
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from smelt.recipe.ingest import IngestOptions
from smelt.sources.layouts import LAYOUTS
from tasks.ingest.document import Document, RawFile
from tasks.ingest.read import read
from tasks.ingest.table import valid
from tests.tasks.texts import CODE, english

LINES = [json.dumps({"text": text, "n": number}) for number, text in enumerate(("eins", "zwei", "drei"))]
ROWS = "\n".join(LINES).encode()
BASE64 = base64.encodebytes(b"".join(uuid.uuid5(uuid.NAMESPACE_DNS, str(n)).bytes for n in range(90)))


def ingested(name: str, content: bytes, **more) -> list[str]:
    """``format: text`` of each document, ``reason: detail`` of what is refused."""
    found = read(RawFile("s", name, content, **more), IngestOptions())
    return [
        f"{item.format}: {item.text}" if isinstance(item, Document) else f"! {item.reason}: {item.detail}"
        for item in found
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c4-validation.00000-of-00008.json.gz", gzip.compress(ROWS)),
        ("cc_en_head-0000.json.zst", zstandard.compress(ROWS)),
        ("x.json.bz2", bz2.compress(ROWS)),
        ("x.json", ROWS),
        ("x.json", codecs.BOM_UTF8 + ROWS + b"\n"),
        ("x.JSONL.ZSTD", zstandard.compress(ROWS)),
        ("x.jsonlines", ROWS),
        ("x.txt", ROWS),
        ("part-00017", ROWS),
        ("part-00017", ROWS.replace(b"\n", b"\r\n")),
        ("shard=3", gzip.compress(ROWS)),
    ],
)
def test_rows_are_read_whatever_they_are_called(name: str, content: bytes) -> None:
    assert ingested(name, content) == ["text: eins", "text: zwei", "text: drei"]


def test_a_broken_row_and_a_single_one_are_rows_too() -> None:
    found = ingested("x.json.gz", b"\n".join([b'{"text": "broken', *ROWS.split(b"\n")]))
    assert [item[:6] for item in found] == ["! brok", "text: ", "text: ", "text: "]
    assert ingested("x.json.gz", gzip.compress(ROWS.split(b"\n")[0])) == ["text: eins"]
    assert ingested("part-1", ROWS.split(b"\n")[0]) == ["text: eins"]
    long = json.dumps({"text": "x" * (3 << 20)}).encode()
    assert len(ingested("x.json.gz", gzip.compress(b"\n".join([ROWS, long, ROWS])))) == 7


@pytest.mark.parametrize(
    "content",
    [
        b'{\n  "text": {\n    "a": 1\n  }\n}\n',
        b'{"text": "one"}\n',
        b'["a", "b"]',
        b'[\n{"text": "a"},\n{"text": "b"}\n]',
        b"12",
    ],
)
def test_one_document_of_json_stays_code(content: bytes) -> None:
    assert ingested("package.json", content) == [f"code: {content.decode()}"]


def test_a_source_with_a_layout_holds_rows() -> None:
    raw = b'{"raw_content": "eins", "url": "http://a"}'
    layout = LAYOUTS["redpajama-v2"]
    assert ingested("a.json", raw, layout=layout) == ["text: eins"]
    assert ingested("a", raw, layout=layout) == ["text: eins"]
    [refused] = ingested("a.json", b'[\n  "x"\n]', layout=layout)
    assert refused.startswith("! no text field: no JSON Lines")


@pytest.mark.parametrize("name", ["page", "index.html?C=N;O=D", "a.aspx", "show.cgi", "index.php", "saved.txt"])
@pytest.mark.parametrize(
    "before", ["", "\ufeff", " \n\t", "<!-- a --><!-- b > c -->\r\n", '<?xml version="1.0" encoding="utf-8"?>\n']
)
def test_pages_are_known_by_content(name: str, before: str) -> None:
    for start in (
        "<!DOCTYPE html>\n<html>",
        "<!doctype HTML PUBLIC '-//W3C//DTD XHTML 1.0'><HTML lang=en>",
        "<html xmlns='x'\n>",
    ):
        content = f"{before}{start}<head><title>t</title></head><body><p>Hello there</p></body></html>".encode()
        assert ingested(name, content) == ["html: Hello there"]


def test_pages_without_an_html_element_and_in_utf16_are_known() -> None:
    for start in (
        "<head><title>t</title></head><body>",
        "<title>t</title>",
        "<div class='x'>",
        "<body>",
        "<table><tr><td>",
    ):
        assert ingested("page", f"{start}<p>Hello there</p>".encode()) == ["html: Hello there"]
    assert ingested("page", "<html><body><p>Hello there</p></body></html>".encode("utf-16")) == ["html: Hello there"]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("README", "<!-- licence -->\n# Title\n\ntext", "text"),
        ("README", "<p align=center>\n<img src=x>\n</p>\n\n## Title\n", "text"),
        ("notes", "<who> says: hello", "text"),
        ("notes", "a < b and <html> is an element", "text"),
        ("a.md", "<div>\n\ntext\n\n</div>", "markdown"),
        ("a.txt", "<b>bold</b> begins this text", "text"),
        ("feed", "<?xml version='1.0'?>\n<rss><title>t</title></rss>", "code"),
        ("data", "<?xml version='1.0'?>\n<html2><title>t</title></html2>", "code"),
        ("index.php", "<?php echo 1; ?>\n<html></html>", "code"),
        ("view.php", "<html><body><?= $x ?></body></html>", "code"),
        ("comment", "<!-- never closed <html>", "text"),
    ],
)  # fmt: skip
def test_what_only_has_tags_in_it_is_no_page(name: str, content: str, form: str) -> None:
    assert ingested(name, content.encode()) == [f"{form}: {content}"]


FOREIGN = {
    "RTF": rb"{\rtf1\ansi{\fonttbl\f0 Helvetica;}\f0\pard Some text.\par}",
    "MBOX": b"From a@x.org Thu Feb  1 10:00:00 2024\nFrom: a@x.org\nSubject: hi\n\nHello there.\n",
    "MHTML or mail": b"From: <Saved by Blink>\r\nSnapshot-Content-Location: http://x/\r\nSubject: =?utf-8?Q?x?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"b\"\r\n\r\n--b\r\n"
    b"Content-Type: text/html\r\n\r\n<html>=3D</html>\r\n",
    "PostScript": b"%!PS-Adobe-3.0\n%%Title: x\n/Times findfont 12 scalefont setfont (hello) show\n",
    "PGP message": b"-----BEGIN PGP MESSAGE-----\n\nabc\n",
    "uuencoded": b"Here it comes:\nbegin 644 x.gif\nM" + b"5" * 60 + b"\nM" + b"6" * 60 + b"\n",
    "base64": BASE64,
    "DjVu": b"AT&TFORM text and more text",
    "ZIP (EPUB, DOCX, ODT and others)": b"PK\x03\x04 text and more text, and more of it, and still more of it " * 9,
    "iCalendar": b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", ["a", "a.txt", "a.html", "a.md"])
def test_what_looks_like_text_and_is_none_is_refused_by_name(kind: str, name: str) -> None:
    assert ingested(name, FOREIGN[kind]) == [f"! other format: {kind}"]


@pytest.mark.parametrize("suffix", ["rtf", "mbox", "mht", "eml", "epub", "odt", "ps", "djvu", "docx.gz"])
def test_names_say_it_too(suffix: str) -> None:
    assert ingested(f"a.{suffix}", b"whatever") == ["! binary: "]


@pytest.mark.parametrize(
    "text",
    [
        "From Monday on, the shop is closed.",
        "From: the author\nTo: the reader\n\nDear reader, this is a letter.",
        "Title: A book\nAuthor: Somebody\n\n" + english(3),
        "%TEX root = a.tex\n\\section{x}",
        "begin 644 things today\nand end them tomorrow\n",
        "ACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGTACGT\n" * 20,
        "RTF begins with {\\rtf1, as " + CODE,
    ],
)
def test_texts_that_look_like_one_of_them_stay(text: str) -> None:
    assert ingested("a.txt", text.encode()) == [f"text: {text}"]


def parquet(array: pa.Array, **more: pa.Array) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": array, **more}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()]
)
@pytest.mark.parametrize("encoded", [False, True])
def test_text_in_parquet_may_be_of_any_type(kind: pa.DataType, encoded: bool) -> None:
    array = pa.array(["eins", "二", None, "eins"]).cast(kind)
    if encoded:
        array = pa.array(["eins", "二", None, "eins"]).cast(
            pa.string() if "string" in str(kind) else pa.binary()
        ).dictionary_encode()  # fmt: skip
    content = parquet(array, url=pa.array([b"http://x"] * 4))
    assert ingested("a.parquet", content)[::3] == ["text: eins", "text: eins"]
    found = [item.url for item in read(RawFile("s", "a", content), IngestOptions()) if isinstance(item, Document)]
    assert found == ["http://x"] * 3


def test_bytes_that_are_no_text_cost_their_row_alone() -> None:
    wrong = pa.array([b"eins", b"\0\1\2\3" * 9, "二".encode()], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 3, wrong.buffers())
    for array in (wrong, broken):
        assert ingested("a.parquet", parquet(array)) == ["text: eins", "! binary: ", "text: 二"]
    inside = pa.StructArray.from_arrays(
        [pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"b"]).buffers())], ["x"]
    )
    found = ingested("a.parquet", parquet(pa.array(["1", "2", "3"]), meta=inside), layout=LAYOUTS["pile"])
    assert [item[:10] for item in found] == ["text: 1", "! invalid ", "text: 3"]


def test_halves_of_pairs_are_joined_or_marked() -> None:
    rows = (
        rb'{"text": "a\ud83d\ude00b"}' + b'\n{"text": "a\xed\xa0\xbd\xed\xb8\x80b"}\n' + rb'{"text": "a\ud83db\ude00"}'
    )
    texts = [item.text for item in read(RawFile("s", "a.jsonl", rows), IngestOptions()) if isinstance(item, Document)]
    assert [valid(text) for text in texts] == ["a😀b", "a😀b", "a\ufffdb\ufffd"]


def test_zstd_may_look_back_as_far_as_its_format_allows() -> None:
    for log in (27, 29, 31):
        parameters = zstandard.ZstdCompressionParameters.from_level(1, window_log=log)
        stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        packed = stream.compress(ROWS + b"\n") + stream.flush()
        assert len(ingested("a.jsonl.zst", packed + packed)) == 6
