"""HTTP answers as crawlers keep them: status, headers, and the body without its transfer and content encodings."""

import re
import zlib
from dataclasses import dataclass

import brotli
import zstandard

from tasks.ingest.document import UnreadableError

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_BROTLI_STEP = 1 << 10


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; names of headers are in lower case, the body is as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def parse(content: bytes) -> Answer:
    """An answer from its bytes.

    Raises:
        UnreadableError: when its first line is none of HTTP, or its headers don't end.
    """
    end = re.search(rb"\r?\n\r?\n", content)
    if end is None:
        raise UnreadableError("broken http", "the headers don't end")
    first, *rest = content[: end.start()].decode("latin-1").splitlines()
    status = first.split(" ", 2)[1:2]
    if not status or not re.fullmatch(r"[0-9]{3}", status[0]):
        raise UnreadableError("broken http", f"no status in {first[:60]!r}")
    pairs = (line.partition(":") for line in rest)
    return Answer(
        int(status[0]), {name.strip().lower(): value.strip() for name, _, value in pairs}, content[end.end() :]
    )


def media_type(value: str) -> str:
    """The media type of a ``Content-Type``, without its parameters."""
    return value.partition(";")[0].strip().lower()


def charset(headers: dict[str, str]) -> str:
    """The encoding that the ``Content-Type`` names, or an empty string."""
    found = _CHARSET.search(headers.get("content-type", ""))
    return found[1] if found else ""


def decoded(answer: Answer, *, max_bytes: int) -> bytes:
    """The body as its sender meant it.

    A crawler may have decoded it already and left the headers; a body that isn't in the encoding named is taken
    as it is.

    Raises:
        UnreadableError: when it breaks off, or becomes larger than ``max_bytes``.
    """
    body = answer.body
    if answer.headers.get("transfer-encoding", "").lower() == "chunked":
        body = _without_chunks(body)
    for encoding in reversed(answer.headers.get("content-encoding", "").lower().replace(" ", "").split(",")):
        if encoding in ("gzip", "x-gzip", "deflate", "br", "zstd"):
            body = _decompressed(body, encoding, max_bytes)
    return body


def _without_chunks(body: bytes) -> bytes:
    """The content of chunks (RFC 9112, 7.1); a body that has none is returned as it is."""
    out, at = [], 0
    while found := re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n").match(body, at):
        size = int(found[1], 16)
        out.append(body[found.end() : found.end() + size])
        at = found.end() + size
        at += 2 if body.startswith(b"\r\n", at) else 1 if body.startswith(b"\n", at) else 0
        if size == 0:
            break
    return b"".join(out) if at else body


def _decompressed(body: bytes, encoding: str, max_bytes: int) -> bytes:
    try:
        content = _inflate(body, encoding, max_bytes + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError):
        return body
    if len(content) > max_bytes:
        raise UnreadableError("record over limit", f"more than {max_bytes} bytes after {encoding}")
    return content


def _inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """What ``body`` decompresses to, as far as ``limit`` bytes."""
    if encoding == "br":
        decompressor, out, size = brotli.Decompressor(), [], 0
        for at in range(0, len(body), _BROTLI_STEP):
            out.append(decompressor.process(body[at : at + _BROTLI_STEP]))
            size += len(out[-1])
            if size > limit:
                break
        return b"".join(out)
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(body).read(limit)
    raw_deflate = encoding == "deflate" and (body[:1] != b"\x78")
    return zlib.decompressobj(-15 if raw_deflate else 47).decompress(body, limit)
