"""Raw files of every kind become documents, and bad ones are refused with a reason while neighbours come through."""

import bz2
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from smelt.recipe.ingest import IngestConfig, IngestOptions
from smelt.recipe.sources import FilesSource
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.man import text_of as man_text
from tasks.ingest.read import read
from tasks.ingest.stage import STAGE
from tests.tasks.refinery import columns, listed, run

OPTIONS = IngestOptions(max_line_bytes=1 << 20)
WARC = b"".join(
    b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://x/%d\r\nContent-Type: application/http; msgtype=response\r\n"  # noqa: E501
    b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (number, len(body), body)
    for number, body in enumerate(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><body><p>page %d</p></body></html>" % n
        for n in range(3)
    )
)
PAGE = "<html><head><title>t</title></head><body><main><h1>标题</h1><p>正文第一段。</p>" + (
    "<pre>x = 1\n  y = 2</pre></main></body></html>"
)


def parquet(**fields: list) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(fields), sink)
    return sink.getvalue()


def texts(name: str, content: bytes | Path) -> list[str]:
    return [item.text for item in read(RawFile("s", name, content), OPTIONS) if isinstance(item, Document)]


def refusals(name: str, content: bytes | Path) -> list[str]:
    return [item.reason for item in read(RawFile("s", name, content), OPTIONS) if isinstance(item, Refusal)]


def test_lines_of_json_are_documents_however_they_are_compressed() -> None:
    content = "\n".join(json.dumps({"text": text}) for text in ("one", "二")).encode()
    packed = {"gz": gzip.compress(content), "zst": zstandard.compress(content), "bz2": bz2.compress(content)}
    for suffix, data in packed.items():
        assert texts(f"a.jsonl.{suffix}", data) == ["one", "二"]
    assert texts("a.jsonl", packed["gz"]) == ["one", "二"]  # the bytes count, not the name


def test_web_page_gives_its_main_content_with_code_lines_kept_apart() -> None:
    [text] = texts("a.html", PAGE.encode("gb18030").replace(b"<head>", b'<head><meta charset="gb18030">'))
    assert "正文第一段。" in text and "x = 1\n  y = 2" in text


def test_text_in_a_chinese_encoding_is_read() -> None:
    sentence = "这是一个没有声明编码的中文文本文件，里面有不少汉字，可以认出来。" * 5
    assert texts("a.txt", sentence.encode("gb18030")) == [sentence]
    assert texts("a.txt", sentence.encode("utf-16")) == [sentence]


def test_responses_of_a_crawl_are_documents_with_their_addresses() -> None:
    for name, content in (
        ("c.warc", WARC),
        ("c.warc.gz", gzip.compress(WARC)),
        ("c.warc.zst", zstandard.compress(WARC)),
    ):
        found = list(read(RawFile("s", name, content), OPTIONS))
        assert [(item.text, item.url) for item in found] == [(f"page {n}", f"http://x/{n}") for n in range(3)]


def test_rows_of_parquet_are_documents() -> None:
    assert texts("a.parquet", parquet(text=["a", "b"], url=["u", "v"])) == ["a", "b"]


def test_manual_page_reads_like_a_manual() -> None:
    source = ".TH LS 1\n.SH 名称\nls \\- 列出\n.TP\n\\fB\\-a\\fP, \\fB\\-\\-all\\fP\n不要忽略\n条目\n.nf\nls -l\n  x\n.fi\n.BR printf (3)\n"  # noqa: E501
    assert man_text(source) == "LS\n\n名称\n\nls - 列出\n\n-a, --all\n不要忽略条目\nls -l\n  x\nprintf(3)"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt.gz", gzip.compress(b"some text " * 1000)[:-40], "truncated"),
        ("a.txt.zst", zstandard.compress(bytes(range(256)) * 1000)[:-40], "truncated"),
        ("a.txt", b"good text \xc3\x28 and \xa0\xa1 bad", "invalid encoding"),
        ("a.txt", b"\x00\x01\x02\x03" * 100, "binary"),
        ("logo.png", b"\x89PNG", "binary"),
        ("a.txt", b"x" * (2 << 20), "line over limit"),
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n ", "empty"),
        ("a.pdf", b"%PDF-1.7 broken", "broken pdf"),
        ("a.parquet", b"PAR1 broken", "broken parquet"),
        ("a.parquet", parquet(body=["x"]), "no text field"),
        ("a.html", b"<html><body><script>1</script></body></html>", "html without text"),
        ("a.warc", b"nothing of the kind", "broken warc"),
        ("man1/a.1", b".so man1/b.1\n", "alias"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(name: str, content: bytes, reason: str) -> None:
    assert refusals(name, content) == [reason]


def test_bad_records_leave_their_neighbours_alone() -> None:
    content = b'{"text": "a"}\n{broken\n{"text": "' + b"x" * (2 << 20) + b'"}\n{"other": 1}\n{"text": "b"}\n'
    assert texts("a.jsonl", content) == ["a", "b"]
    assert refusals("a.jsonl", content) == ["broken json", "line over limit", "no text field"]


def test_what_came_before_a_break_is_kept() -> None:
    rows = b"".join(json.dumps({"text": f"document {number} {number**7}"}).encode() + b"\n" for number in range(90_000))
    cut = gzip.compress(rows)[:-100_000]
    assert len(texts("a.jsonl.gz", cut)) > 1000
    assert refusals("a.jsonl.gz", cut) == ["truncated"]


def test_listed_files_become_parts_with_a_quarantine(lake, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("good text")
    (tmp_path / "bad.bin").write_bytes(b"\0\1\2")
    (tmp_path / "two.jsonl").write_text('{"text": "eins"}\n{"text": "zwei"}\n')
    source = FilesSource(name="local", paths=(f"{tmp_path}/*",), lang="en")
    config = IngestConfig(sources=(source,))
    made = run(STAGE, listed(lake, config))
    rows = columns(lake, made, ["id", "text", "source", "lang", "format"])
    assert [row["text"] for row in rows] == ["good text", "eins", "zwei"]
    assert len({row["id"] for row in rows}) == 3
    assert {row["lang"] for row in rows} == {"en"}
    assert made.stats["documents"] == 3 and made.stats["quarantined"] == {"binary": 1}
    assert run(STAGE, listed(lake, config)).digest == made.digest
