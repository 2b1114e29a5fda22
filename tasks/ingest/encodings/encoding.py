"""Bytes to text, one way for all that is text.

A byte order mark counts first, then whether the bytes are UTF-8, then what the server and the content declare (by the
web's table of labels), then what the bytes look like. A byte that an encoding has not becomes U+FFFD and is counted;
an encoding that lacks more than a few is not the right one. What no encoding fits is refused.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ingest.document import UnreadableError
from tasks.ingest.encodings.decoders import REPLACED, decoded, with_whole_characters
from tasks.ingest.encodings.detection import MOST_REPLACED, choose, utf16
from tasks.ingest.encodings.labels import ESCAPED, declared_in, encoding_of

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32le"),
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_SAMPLE = 1 << 16
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))  # those that text has no use for
_MOST_CONTROLS = 0.02
_FEW_IN_PAGE = 4  # that make no page binary, however short it is
_MOST_NUL = 0.001  # of a text that is no page
_TELLING = 32  # bytes above 127 that a line needs to tell an encoding of its own


@dataclass(frozen=True)
class Decoded:
    """Text out of bytes.

    Attributes:
        encoding: the one it was in, by the web's name where it has one.
        repaired: bytes and broken characters that became U+FFFD, and NUL bytes that were left out.
        same: the content, where it is this text in UTF-8.
    """

    text: str
    encoding: str
    repaired: int
    same: bytes | None = None

    def utf8(self) -> bytes:
        """The text in UTF-8."""
        return self.text.encode("utf-8", "replace") if self.same is None else self.same


def decode(content: bytes, *, declared: Sequence[str] = (), html: bool = False) -> Decoded:
    """The text of ``content``, without a byte order mark.

    Args:
        declared: labels of encodings that were named beside the content (an HTTP header's), the weightiest first;
            what the content says itself is looked up here. Unknown labels and empty ones don't count.
        html: a page: a few NUL bytes make it no binary.

    Raises:
        UnreadableError: ``empty``, ``binary``, or ``invalid encoding`` where it is in none that makes sense.
    """
    if not content or content.isspace():
        raise UnreadableError("empty")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _replacing(content[len(mark) :], encoding)
    labels = [known for label in declared if label and (known := encoding_of(label)) is not None]
    if b"\x1b$" in content or ESCAPED.intersection(labels):
        found = _escaped(content, [*labels, *declared_in(content)])
        if found is not None:
            return found
    if looks_binary(content, html=html):
        raise UnreadableError("binary")
    if num_nul := content.count(b"\0"):
        if (wide := utf16(content)) is not None:
            return _replacing(content, wide)
        content = content.replace(b"\0", b"")
    try:
        return Decoded(content.decode(), "utf-8", num_nul, content)
    except UnicodeDecodeError as error:
        chosen = "utf-8" if _is_utf8_by_halves(content) else choose(content, [*labels, *declared_in(content)])
        if chosen is None:
            raise UnreadableError("invalid encoding", str(error)[:300]) from error
    found = _replacing(content, chosen)
    return Decoded(found.text, chosen, found.repaired + num_nul)


def decode_line(line: bytes, encoding: str | None) -> Decoded:
    """The text of a line out of a file in that encoding; one that isn't in it, or whose file's isn't known, alone.

    Raises:
        UnreadableError: as ``decode``.
    """
    if encoding is not None and line.strip() and not looks_binary(line):
        found = _replacing(line.replace(b"\0", b""), encoding)
        if found.repaired <= max(MOST_REPLACED * len(found.text), 1):
            return Decoded(found.text, encoding, found.repaired + line.count(b"\0"))
        if len(line) - len(line.decode("ascii", "ignore")) < _TELLING and _is_no_utf8(line):
            raise UnreadableError("invalid encoding", f"is not {encoding}, as the file is")
    return decode(line)


def _is_utf8_by_halves(content: bytes) -> bool:
    whole = with_whole_characters(content)
    return whole is not content and not _is_no_utf8(whole)


def _is_no_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def looks_binary(content: bytes, *, html: bool = False) -> bool:
    """Whether the first bytes hold what text never does: many control characters, or NULs outside of UTF-16.

    Args:
        html: a page, where NULs count like other control characters.
    """
    sample = content[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    least = _FEW_IN_PAGE if html else 0
    most = max(len(sample) * (_MOST_CONTROLS if html else _MOST_NUL), least)
    if controls <= max(len(sample) * _MOST_CONTROLS, least) and sample.count(0) <= most:
        return False
    return not content.startswith(tuple(mark for mark, _ in _MARKS)) and utf16(sample) is None


def _replacing(content: bytes, encoding: str) -> Decoded:
    """The text in that encoding, and how much of it was replaced."""
    text = decoded(content, encoding)
    meant = content.count(REPLACED.encode()) if encoding == "utf-8" else 0
    return Decoded(text, encoding, text.count(REPLACED) - meant)


def _escaped(content: bytes, declared: Sequence[str]) -> Decoded | None:
    """The text where it is written as ASCII by an encoding that switches its meaning, and None where it isn't."""
    if not content.isascii():
        return None
    for name in dict.fromkeys([*(name for name in declared if name in ESCAPED), "iso-2022-jp", "iso-2022-kr"]):
        try:
            text = decoded(content, name)
        except UnicodeDecodeError:
            continue
        if not text.isascii() and "\x1b" not in text and text.count(REPLACED) <= MOST_REPLACED * len(text):
            return Decoded(text, name, text.count(REPLACED))
    return None
