"""Malformed inputs of every kind, by a seed; and a long run: ``python -m tests.tasks.ingest.malformed FILES [SEED]``.

A file that is sound is damaged in one of many ways, or one is made that is hostile by itself. Whatever comes of
it, reading has to give documents or refusals, and the process has to live on. Where a file is made of records that
stand on their own, the damage to one may cost no other.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import resource
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import get_args

import brotli
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import Document, RawFile, Reason, Refusal
from tasks.ingest.read import read
from tasks.ingest.streams import chunks
from tests.tasks.ingest.crawls.making import answer, arc, gzipped, page, pages, record, zstandarded
from tests.tasks.ingest.pdf import making as pdfs
from tests.tasks.texts import CHINESE, CODE, english

OPTIONS = IngestOptions(max_line_bytes=1 << 18, max_file_bytes=1 << 20)
SUFFIXES = (
    "html",
    "pdf",
    "txt",
    "md",
    "py",
    "jsonl",
    "parquet",
    "warc",
    "warc.gz",
    "warc.zst",
    "arc.gz",
    "json",
    "json.gz",
    "php",
    "1",
    "bin",
    "",
)


def sound() -> dict[str, bytes]:
    """A sound file of each kind, small, by name."""
    rows = [{"text": f"{english(seed)} {CHINESE}", "link": f"http://x/{seed}"} for seed in range(40)]
    jsonl = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=9)
    body = "".join(f"<div class=a><p>{english(seed)}</p><table><tr><td>{seed}</table></div>" for seed in range(9))
    return {
        "a.html": f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode(),
        "a.pdf": pdfs.prose([english(seed, 9) for seed in range(30)]),
        "two.pdf": pdfs.columns(interleaved=True),
        "a.txt": (english(1) + CHINESE).encode(),
        "gb.txt": (CHINESE * 3).encode("gb18030"),
        "a.md": f"# T\n\n{english(2)}\n".encode(),
        "a.py": CODE.encode(),
        "man1/a.1": b".TH A 1\n.SH NAME\na \\- b\n.TP\n\\fB\\-a\\fP\ntext\n",
        "a.jsonl": jsonl,
        "a.jsonl.gz": gzip.compress(jsonl),
        "a.jsonl.zst": zstandard.compress(jsonl),
        "a.jsonl.bz2": bz2.compress(jsonl),
        "a.jsonl.xz": lzma.compress(jsonl),
        "a.parquet": sink.getvalue(),
        "a.warc": b"".join(pages(6)),
        "a.warc.gz": gzipped(pages(6)),
        "one.warc.gz": gzip.compress(b"".join(pages(6))),
        "a.warc.zst": zstandarded(pages(6)),
        "dict.warc.zst": zstandarded(pages(12), with_dictionary=True),
        "bodies.warc.gz": gzipped(_bodies()),
        "a.arc": b"".join(arc([answer(page(number)) for number in range(6)])),
        "a.arc.gz": gzipped(arc([answer(page(number)) for number in range(6)])),
        "a.json.gz": gzip.compress(jsonl),
        "a.json": json.dumps(rows, indent=1).encode(),
        "part-00000": jsonl,
        "page": f"\ufeff<!-- c -->\n<html><body>{body}</body></html>".encode(),
        "wide": f"<html><body>{body}</body></html>".encode("utf-16"),
        "two.jsonl.zst": zstandard.compress(jsonl) + zstandard.compress(jsonl),
        "bytes.parquet": _bytes_parquet(rows),
        "mail": b"From a@x Thu Feb  1 10:00:00 2024\nFrom: a@x\nMIME-Version: 1.0\n\n" + english(4).encode(),
        "rich": b"{\\rtf1 " + english(5).encode() + b"}",
    }


def _bodies() -> list[bytes]:
    """Answers in every coding that bodies have."""
    packers = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress, "deflate": zlib.compress}
    made = [
        record(answer(pack(page(number)) * (2 if name in ("gzip", "zstd") else 1), Content_Encoding=name))
        for number, (name, pack) in enumerate(packers.items())
    ]
    halves = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (page(4)[:9], page(4)[9:], b""))
    made.append(record(answer(halves, Transfer_Encoding="chunked")))
    return [*made, record(answer(page(5), media="")), record(answer(page(6), status=206))]


def _bytes_parquet(rows: list[dict[str, str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array([row["text"].encode() for row in rows])}), sink, row_group_size=9)
    return sink.getvalue()


def members() -> dict[str, list[bytes]]:
    """Files of records that stand on their own, by name: the pieces that hold one each."""
    crawl = [record(answer(page(number)), url=f"http://x/{number}") for number in range(8)]
    return {
        "a.warc.gz": [gzip.compress(item) for item in crawl],
        "a.warc.zst": [zstandard.ZstdCompressor(write_checksum=True).compress(item) for item in crawl],
        "a.arc.gz": [gzip.compress(item) for item in arc([answer(page(number)) for number in range(8)])[2:]],
        "a.jsonl": [json.dumps({"text": f"page {number} says"}).encode() + b"\n" for number in range(8)],
    }


def neighbours(name: str, pieces: list[bytes], draw: random.Random) -> None:
    """Damage one record of a file and read it.

    Raises:
        AssertionError: when another record is lost.
    """
    lines = name.endswith("jsonl")
    hit = draw.randrange(lines, len(pieces))  # the first bytes say how a file is compressed
    end = b"\n" if lines else b""
    broken = damaged(pieces[hit], draw, [piece for at, piece in enumerate(pieces) if at != hit])
    found = survives(name, b"".join([*pieces[:hit], broken + end, *pieces[hit + 1 :]]))
    texts = " ".join(item.text for item in found if isinstance(item, Document))
    assert all(f"page {number} says" in texts for number in range(len(pieces)) if number != hit), (name, hit)


def hostile() -> dict[str, bytes]:
    """Files that are made to break a reader."""
    nested = {
        f"{tag}.html": f"<html><body>{f'<{tag}>' * 60_000}text{f'</{tag}>' * 60_000}".encode()
        for tag in ("div", "b", "ul", "table", "li", "p", "svg", "x-y", "select")
    }
    zeros = b"\0" * (64 << 20)
    bomb = gzip.compress(zeros, 9)
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": ["x" * (1 << 20)] * 3, "url": [None] * 3}), sink)
    return nested | {
        "attributes.html": b"<html><body><p " + b" ".join(b"a%d=1" % number for number in range(60_000)) + b">text",
        "unclosed.html": b"<html><body>" + b"<a href='" * 100_000,
        "entities.html": b"<html><body>" + b"&amp;&#x10FFFF;&#xD800;&lt" * 30_000,
        "comments.html": b"<html><body>" + b"<!--" * 200_000,
        "surrogates.html": "<html><body><p>\ud800 text \udfff</p>".encode("utf-8", "surrogatepass"),
        "deep.jsonl": b"[" * 200_000 + b'\n{"text": ' + b'{"a":' * 100_000 + b'\n{"text": "after"}',
        "surrogates.jsonl": b'{"text": "a \\ud800 b", "url": "\\udfff"}\n{"text": "\\u0000"}\n{"text": 1e999}',
        "number.jsonl": b'{"text": ' + b"9" * 100_000 + b'}\n{"text": "after"}',
        "keys.jsonl": b'{"text": {"text": []}}\n[]\nnull\n"text"\n{"text": null}\n{"text": "  "}',
        "utf16.jsonl": '{"text": "wide"}\n'.encode("utf-16"),
        "line.txt": b"x" * (1 << 19),
        "nuls.txt": b"\0" * 1000,
        "bomb.txt.gz": bomb,
        "bomb.html.zst": zstandard.compress(zeros),
        "bomb.txt.bz2": bz2.compress(zeros),
        "bomb.txt.xz": lzma.compress(zeros),
        "bomb.jsonl.gz": bomb,
        "bomb.warc.gz": bomb,
        "twice.txt.gz": gzip.compress(bomb),
        "streams.txt.gz": gzip.compress(b"") * 100_000,
        "frames.txt.zst": zstandard.compress(b"") * 100_000,
        "window.txt.zst": b"\x28\xb5\x2f\xfd\x00\xa8" + b"\1\0\0" * 9,
        "bodies.warc.gz": gzipped(
            [
                record(answer(brotli.compress(zeros), Content_Encoding="br")),
                record(answer(zstandard.compress(zeros), Content_Encoding="zstd")),
                record(answer(gzip.compress(b"") * 40_000, Content_Encoding="gzip")),
                record(answer(b"1\r\nx\r\n" * 100_000, media="text/plain", Transfer_Encoding="chunked")),
                record(answer(b"f" * 500_000, media="text/plain", Transfer_Encoding="chunked")),
                record(answer(page(1))),
            ]
        ),
        "overlaps.warc": b"".join(b"WARC/1.0\nContent-Length: %d\n\nx\n" % (900_000 + n) for n in range(30_000)),
        "overlaps.arc": b"".join(b"http://x/ 1.1.1.1 20080101000000 a %d\nx\n" % (900_000 + n) for n in range(30_000)),
        "words.arc": b"filedesc://x " + b"1.1.1.1 20080101000000 " * 100_000,
        "marks": b"<!-- -->" * 100_000 + b"<?xml ?>" * 100_000,
        "fields": b"a:\n" * 300_000,
        "from": b"From " + b"x" * 100_000,
        "begins": b"begin 644 x\n" * 50_000,
        "lines": b"A1b+" * 250_000,
        "brackets": b"{" * 900_000,
        "objects": b'{"a":' * 150_000 + b"\n{}\n{}",
        "body.warc.gz": gzipped([record(answer(bomb, Content_Encoding="gzip")), record(answer(page(1)))]),
        "header.warc": b"WARC/1.0\r\n" + b"a: b\r\n" * 100_000 + b"\r\n",
        "lengths.warc": record(page(1), length=10**14) + record(answer(page(2)), length=3) + b"WARC/1.0\r\n\r\n",
        "minus.warc": b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: -5\r\n\r\n" + record(answer(page(3))),
        "empty.warc.gz": gzip.compress(b"") * 50,
        "magic.warc.gz": b"\x1f\x8b\x08" * 100_000,
        "magic.warc.zst": b"\x28\xb5\x2f\xfd" * 50_000,
        "skip.warc.zst": b"\x5d\x2a\x4d\x18\xff\xff\xff\xff" + b"x" * 100,
        "long.parquet": sink.getvalue(),
        "footer.parquet": b"PAR1" + b"\xff" * 300 + b"\xff\xff\xff\x7fPAR1",
        "pages.pdf": pdfs.prose(["x"]).replace(b"/Count 1", b"/Count 99999999"),
        "loop.pdf": pdfs.prose(["x"]).replace(b"/Kids [5 0 R]", b"/Kids [2 0 R]"),
        "xref.pdf": pdfs.prose([english(1, 9)] * 20).replace(b"startxref\n", b"startxref\n9"),
        "man.1": b".TH\n" + b".de x\n" * 2000 + b'.It "' * 9000,
    }  # fmt: skip


def growing() -> dict[str, bytes]:
    """Small files that stand for a thousand times as much, by name."""
    value = pa.DictionaryArray.from_arrays(pa.array([0] * 3000, pa.int32()), pa.array(["a b c " * 2000]))
    rows = {"values": pa.table({"text": value}), "nulls": pa.table({"text": pa.nulls(300_000, pa.string())})}
    sinks = {name: io.BytesIO() for name in rows}
    for name, table in rows.items():
        pq.write_table(table, sinks[name], store_schema=False)
    passed = record(b"", kind="metadata")
    return {f"{name}.parquet": sink.getvalue() for name, sink in sinks.items()} | {
        "lines.jsonl.zst": zstandard.compress(b'{"text": "a b c"}\n' * 300_000),
        "records.warc.zst": zstandard.compress(passed * 20_000),
    }


def damaged(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    """The content after one of the accidents that files meet, or several."""
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        content = draw.choice(_ACCIDENTS)(content, draw, others)
    return content


def survives(name: str, content: bytes) -> list[Document | Refusal]:
    """What reading gives; every item is checked to be one that can be written.

    Raises:
        AssertionError: when nothing comes of an input, not even a count of what was passed over, though there is
            something in it; or a refusal has no known reason.
    """
    passed_over: Counter[str] = Counter()
    found = list(read(RawFile("s", name, content), OPTIONS, passed_over))
    assert found or passed_over or not _holds_something(content), name
    for item in found:
        if isinstance(item, Refusal):
            assert item.reason in get_args(Reason), item
        else:
            assert item.text.strip(), name
    return found


def _holds_something(content: bytes) -> bool:
    """Whether a file is more than a table without rows, or white space, packed or not."""
    try:
        if content.startswith(b"PAR1"):
            return bool(pq.read_metadata(io.BytesIO(content)).num_rows)
        return bool(b"".join(chunks([content])).strip())
    except Exception:  # whatever these libraries say of damage: it is something
        return True


def _cut(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _flip(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice((1, 3, 30)) if changed else 0):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _drop(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    start = draw.randrange(len(content) + 1)
    return content[:start] + content[start + draw.choice((1, 10, 1000)) :]


def _insert(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    start, other = draw.randrange(len(content) + 1), draw.choice(others)
    piece = draw.choice((b"\0" * 50, b"\xff" * 50, b"\r\n\r\n", other[:200], other[-200:], draw.randbytes(30)))
    return content[:start] + piece + content[start:]


def _repeat(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    start = draw.randrange(len(content) + 1)
    return content[:start] + content[start : start + draw.choice((1, 40, 400))] * draw.choice((2, 50)) + content[start:]


def _join(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    return content + draw.choice(others)


def _pack(content: bytes, draw: random.Random, others: list[bytes]) -> bytes:
    return draw.choice((gzip.compress, zstandard.compress))(content)


_ACCIDENTS: tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...] = (
    _cut, _flip, _flip, _drop, _insert, _repeat, _join, _pack,
)  # fmt: skip


def main() -> None:
    """Damage and read so many files; print what came of them, the slowest, and the memory at its highest."""
    files, total, seed = sound(), int(sys.argv[1]), int((sys.argv[2:] or ["0"])[0])
    outcomes: Counter[str] = Counter()
    slowest = (0.0, "")
    for name, content in hostile().items():
        began = time.process_time()
        survives(name, content)
        slowest = max(slowest, (time.process_time() - began, name))
    print(f"hostile files: slowest {slowest[1]}, {slowest[0]:.1f} s; peak {_peak_mb():.0f} MB", flush=True)
    slowest, kept = (0.0, ""), members()
    for count in range(total):
        draw = random.Random(f"{seed}/{count}")
        name = draw.choice(list(files))
        content = damaged(files[name], draw, list(files.values()))
        if draw.random() < 0.1:
            name = f"a.{draw.choice(SUFFIXES)}"
        began = time.process_time()
        found = survives(name, content)
        slowest = max(slowest, (time.process_time() - began, f"{name} ({count})"))
        outcomes.update({item.reason if isinstance(item, Refusal) else "document" for item in found} or {"nothing"})
        if count % 5 == 0:
            neighbours(*next(islice(kept.items(), count // 5 % len(kept), None)), draw)
    print(f"{total} damaged files, and {(total + 4) // 5} whose neighbours were all there: slowest {slowest[1]},")
    print(f"{slowest[0]:.1f} s; peak {_peak_mb():.0f} MB; files with")
    for outcome, number in outcomes.most_common():
        print(f"  {outcome}: {number}")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
