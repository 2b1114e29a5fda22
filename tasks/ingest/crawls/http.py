"""HTTP answers as crawlers keep them: status, headers, and the body without its transfer and content encodings.

A body that is less than was sent is *cut*. Where the answer or the record says so, what there is counts, and the cut
is told; where nobody says so, and a compressed stream or a chunk breaks off, the body is refused.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import brotli

from tasks.ingest.crawls.chunked import unchunked
from tasks.ingest.document import UnreadableError
from tasks.ingest.encodings.encoding import looks_binary
from tasks.ingest.packed import compression, unpacked

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_MEDIA = re.compile(r"\s*([a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+*-]+)", re.IGNORECASE)
_RANGE = re.compile(r"bytes\s+0-(\d{1,15})/(\d{1,15})")
_DECODERS = ("gzip", "x-gzip", "deflate", "br", "zstd")
_CHUNKS = {"open": "no last chunk", "torn": "no last chunk", "broken": "broken chunks"}
_BROTLI_STEP, _BROTLI_PIECE = 1 << 16, 1 << 20


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; names of headers are in lower case, the body is as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Body:
    """A body as its sender meant it.

    Attributes:
        cut: what says that it isn't whole, or an empty string.
    """

    content: bytes
    cut: str = ""


def parse(content: bytes) -> Answer:
    """An answer from its bytes.

    Raises:
        UnreadableError: when its first line is none of HTTP, or its headers don't end.
    """
    end = re.search(rb"\r?\n\r?\n", content)
    if end is None:
        raise UnreadableError("broken http", "the headers don't end")
    first, *rest = content[: end.start()].decode("latin-1").split("\n")
    status = first.split(None, 2)[1:2]
    if not status or not re.fullmatch(r"[0-9]{3}", status[0]):
        raise UnreadableError("broken http", f"no status in {first[:60]!r}")
    headers: dict[str, str] = {}
    name = ""
    for line in rest:
        if line[:1] in (" ", "\t") and name:
            headers[name] += " " + line.strip()
        else:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            headers[name] = value.strip()
    return Answer(int(status[0]), headers, content[end.end() :])


def media_type(value: str) -> str:
    """The media type of a ``Content-Type``, without its parameters; empty where there is none of the form ``a/b``."""
    found = _MEDIA.match(value)
    return found[1].lower() if found else ""


def charset(headers: dict[str, str]) -> str:
    """The encoding that the ``Content-Type`` names, or an empty string."""
    found = _CHARSET.search(headers.get("content-type", ""))
    return found[1] if found else ""


def decoded(answer: Answer, *, max_bytes: int, cut: str = "") -> Body:
    """The body as its sender meant it.

    A crawler may have decoded it already and left the headers; a body that isn't in the encoding named is taken
    as it is.

    Args:
        cut: what the record says of the body's being cut.

    Raises:
        UnreadableError: when it breaks off though nothing says so, is damaged, or becomes larger than ``max_bytes``.
    """
    body, cut = answer.body, cut or _partial(answer)
    told = bool(cut)
    transfer = _codings(answer.headers.get("transfer-encoding", ""))
    encodings = [*_codings(answer.headers.get("content-encoding", "")), *transfer]
    packed = [encoding for encoding in reversed(encodings) if encoding in _DECODERS]
    if "chunked" in transfer:
        body, state, lacks = unchunked(body)
        if state == "torn" and not told:
            raise UnreadableError("truncated", f"the last chunk lacks {lacks} bytes")
        cut = cut or _CHUNKS.get(state, "")
    elif not packed and _is_short(answer):
        cut = cut or "content-length"
    for encoding in packed:
        before, body = body, _decompressed(body, encoding, max_bytes, told=told)
        if body is not before and not told:
            cut = ""  # a stream that has its end is whole
    return Body(body, cut)


def _codings(value: str) -> list[str]:
    return value.lower().replace(" ", "").replace("\t", "").split(",")


def _is_short(answer: Answer) -> bool:
    length = answer.headers.get("content-length", "")
    return length.isdecimal() and len(length) < 16 and len(answer.body) < int(length)


def _partial(answer: Answer) -> str:
    """What a 206 says: nothing where its range is all there is."""
    found = _RANGE.match(answer.headers.get("content-range", "").lower())
    whole = found is not None and int(found[1]) + 1 == int(found[2])
    return "status 206" if answer.status == 206 and not whole else ""


def _decompressed(body: bytes, encoding: str, max_bytes: int, *, told: bool) -> bytes:
    """What ``body`` decompresses to, or ``body`` itself where it isn't compressed.

    Args:
        told: whether it is known to be cut, so that a stream without an end is no error.
    """
    if (kind := _stream(body, encoding)) == "":
        return body
    plain = kind not in ("gzip", "zstd") and _text(body)  # these two can't be mistaken
    out = bytearray()
    try:
        for piece in _brotli(body) if kind == "br" else unpacked(io.BytesIO(body), kind, trailing=not plain):
            out += piece
            if len(out) > max_bytes:
                raise UnreadableError("record over limit", f"more than {max_bytes} bytes after {encoding}")
    except UnreadableError as error:
        if plain and error.reason in ("truncated", "broken compression"):
            return body
        if told and error.reason == "truncated":
            return bytes(out)
        raise
    return bytes(out)


def _stream(body: bytes, encoding: str) -> str:
    """The stream that a body in that encoding is, as far as its first bytes tell; empty where it is none."""
    kind = compression(body[:6])
    if kind in ("gzip", "zstd") and encoding != "br":
        return kind
    if encoding == "br":
        return "br" if body else ""
    if encoding != "zstd" and len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0:
        return "zlib"  # RFC 1950, 2.2
    return "deflate" if encoding == "deflate" and body else ""


def _text(body: bytes) -> bool:
    """Whether a body can be text that the crawler has decoded already, rather than what a compressor has written."""
    return body.startswith((b"\xff\xfe", b"\xfe\xff")) or not looks_binary(body)


def _brotli(body: bytes) -> Iterator[bytes]:
    stream = brotli.Decompressor()
    try:
        for at in range(0, len(body), _BROTLI_STEP):
            piece = stream.process(body[at : at + _BROTLI_STEP], output_buffer_limit=_BROTLI_PIECE)
            while piece:
                yield piece
                piece = stream.process(b"", output_buffer_limit=_BROTLI_PIECE)
        if stream.is_finished():
            return
    except brotli.error as error:
        raise UnreadableError("broken compression", f"br: {error}") from error
    raise UnreadableError("truncated", "br: the stream has no end")
