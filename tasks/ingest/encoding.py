"""Bytes to text, one way for all that is text.

A byte order mark counts first, then whether the bytes are UTF-8, then what the server and the content declare (by the
web's table of labels), then what the bytes look like. A byte that an encoding has not becomes U+FFFD and is counted;
an encoding that lacks more than a few is not the right one. What no encoding fits is refused.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.ingest.decoders import REPLACED, decoded
from tasks.ingest.detection import MOST_REPLACED, choose, utf16
from tasks.ingest.document import UnreadableError
from tasks.ingest.labels import ESCAPED, declared_in, encoding_of

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
_MOST_NUL = 0.001  # of a text that is no page


@dataclass(frozen=True)
class Decoded:
    """Text out of bytes.

    Attributes:
        encoding: the one it was in, by the web's name where it has one.
        repaired: bytes and broken characters that became U+FFFD, and NUL bytes that were left out.
    """

    text: str
    encoding: str
    repaired: int


def decode(content: bytes, *, declared: Sequence[str] = (), html: bool = False) -> Decoded:
    """The text of ``content``, without a byte order mark.

    Args:
        declared: labels of encodings that were named beside the content (an HTTP header's), the weightiest first;
            what the content says itself is looked up here. Unknown labels and empty ones don't count.
        html: a page: a few NUL bytes make it no binary.

    Raises:
        UnreadableError: ``empty``, ``binary``, or ``invalid encoding`` where it is in none that makes sense.
    """
    if not content.strip():
        raise UnreadableError("empty")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _replacing(content[len(mark) :], encoding)
    labels = [known for label in declared if label and (known := encoding_of(label)) is not None]
    if b"\x1b$" in content or ESCAPED.intersection(labels):
        found = _escaped(content, [*labels, *declared_in(content)])
        if found is not None:
            return found
    num_nul = content.count(b"\0")
    if num_nul or looks_binary(content):
        if (wide := utf16(content)) is not None:
            return _replacing(content, wide)
        if looks_binary(content, html=html):
            raise UnreadableError("binary")
        content = content.replace(b"\0", b"")
    try:
        return Decoded(content.decode(), "utf-8", num_nul)
    except UnicodeDecodeError as error:
        encoding = choose(content, [*labels, *declared_in(content)])
        if encoding is None:
            raise UnreadableError("invalid encoding", str(error)[:300]) from error
    found = _replacing(content, encoding)
    return Decoded(found.text, encoding, found.repaired + num_nul)


def looks_binary(content: bytes, *, html: bool = False) -> bool:
    """Whether the first bytes hold what text never does: NUL, or many control characters.

    Among those count the NULs of a page, and of a long text, where there are few.
    """
    sample = content[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    most = _MOST_CONTROLS if html else _MOST_NUL
    return controls > len(sample) * _MOST_CONTROLS or sample.count(0) > len(sample) * most


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
