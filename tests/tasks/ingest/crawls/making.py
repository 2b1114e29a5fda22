"""Crawls for tests: WARC records of our own making, and the ways in which they are put into files."""

import gzip
import struct

import zstandard


def record(body: bytes, *, kind: str = "response", url: str = "http://x/", media: str = "", length: int = -1) -> bytes:
    """A WARC record; ``length`` says another Content-Length than the true one."""
    headers = [b"WARC/1.0", b"WARC-Type: " + kind.encode(), b"WARC-Target-URI: " + url.encode()]
    headers += [b"WARC-Date: 2026-11-01T08:00:00Z", b"Content-Type: " + (media or _media(kind)).encode()]
    headers += [b"Content-Length: %d" % (len(body) if length < 0 else length)]
    return b"\r\n".join(headers) + b"\r\n\r\n" + body + b"\r\n\r\n"


def answer(body: bytes, *, status: int = 200, media: str = "text/html", **headers: str) -> bytes:
    """An HTTP answer as a crawler keeps it."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {media}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def page(number: int) -> bytes:
    """A small web page whose text names its number."""
    return f"<html><body><p>page {number} says {number**5 * 7919}</p></body></html>".encode()


def pages(count: int) -> list[bytes]:
    """A crawl as Common Crawl lays it out: a warcinfo record, then request, response and metadata of each page."""
    records = [record(b"software: test", kind="warcinfo")]
    for number in range(count):
        url = f"http://x/{number}"
        records.append(record(b"GET / HTTP/1.1\r\n\r\n", kind="request", url=url))
        records.append(record(answer(page(number)), url=url))
        records.append(record(b"fetchTimeMs: 7", kind="metadata", url=url))
    return records


def gzipped(records: list[bytes]) -> bytes:
    """Each record in a gzip member of its own."""
    return b"".join(gzip.compress(item, mtime=0) for item in records)


def zstandarded(records: list[bytes], *, with_dictionary: bool = False) -> bytes:
    """Each record in a zstd frame of its own, under a dictionary in a first skippable frame if asked."""
    if not with_dictionary:
        return b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(item) for item in records)
    dictionary = zstandard.train_dictionary(2048, records)
    packed = zstandard.compress(dictionary.as_bytes())
    compressor = zstandard.ZstdCompressor(dict_data=dictionary)
    return struct.pack("<II", 0x184D2A5D, len(packed)) + packed + b"".join(map(compressor.compress, records))


def arc(bodies: list[bytes], *, version: int = 1) -> list[bytes]:
    """The records of an ARC file that holds answers, the description of the file among them."""
    fields = (b"", b"200 - - 77 a.arc ")[version - 1]
    about = b"%d 0 test\nURL IP-address Archive-date Content-type Archive-length\n" % version
    made = [b"filedesc://a.arc 0.0.0.0 20080430204825 text/plain %s%d\n%s\n" % (fields, len(about), about)]
    made.append(b"dns:x.org 1.1.1.1 20080430204825 text/dns %s4\nx A\n\n" % fields)
    for number, body in enumerate(bodies):
        head = b"http://x/%d?a b 192.0.2.%d 20080430204825 text/html; charset=utf-8 %s%d" % (
            number,
            number,
            fields,
            len(body),
        )
        made.append(head + b"\n" + body + b"\n")
    return made


def _media(kind: str) -> str:
    return {"response": "application/http; msgtype=response", "conversion": "text/plain"}.get(kind, "text/plain")
