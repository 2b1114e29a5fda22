"""Bytes to text: UTF-8 first, then what a byte order mark, a declaration or the bytes themselves say.

Text that is none is refused rather than guessed at: almost any bytes can be read as windows-1252, so a
single-byte encoding counts only when what it makes of the high bytes is mostly letters.
"""

import codecs
import unicodedata

from resiliparse.parse.encoding import bytes_to_str, detect_encoding

from tasks.ingest.document import UnreadableError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MULTIBYTE = {"gb18030", "gbk", "gb2312", "hz-gb-2312", "big5", "euc-jp", "shift_jis", "iso-2022-jp", "euc-kr"}
_SAMPLE = 1 << 16
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))  # those that text has no use for


def decode(content: bytes) -> str:
    """The text of ``content``.

    Raises:
        UnreadableError: when it is empty, binary, or in no encoding that makes sense.
    """
    if not content.strip():
        raise UnreadableError("empty")
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError as error:
                raise UnreadableError("invalid encoding", str(error)) from error
    if looks_binary(content):
        raise UnreadableError("binary")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        return _decode_detected(content, error)


def decode_html(content: bytes, declared: str = "") -> str:
    """The text of a web page; stray bytes become U+FFFD.

    UTF-8 where it is that, else by what the server ``declared``, by the page's own declaration or by detection.
    """
    if not content.strip():
        raise UnreadableError("empty")
    if looks_binary(content) and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError("binary")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if declared and _known(declared):
            return content.decode(declared, errors="replace")
        return str(bytes_to_str(content, detect_encoding(content, from_html_meta=True) or "utf-8", errors="replace"))


def _known(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding)._is_text_encoding
    except (LookupError, ValueError):
        return False


def looks_binary(content: bytes) -> bool:
    """Whether the first bytes hold what text never does: NUL, or many control characters."""
    sample = content[:_SAMPLE]
    if b"\0" in sample:
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > len(sample) * 0.02


def _decode_detected(content: bytes, problem: UnicodeDecodeError) -> str:
    encoding = detect_encoding(content) or "utf-8"
    if encoding != "utf-8":
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            text = ""
        if text and (encoding in _MULTIBYTE or _mostly_letters(text)) and not _has_controls(text):
            return text
    raise UnreadableError("invalid encoding", str(problem))


def _mostly_letters(text: str) -> bool:
    high = [char for char in text if ord(char) > 127]
    return sum(char.isalpha() or char in "«»“”‘’–—…°§©®€£" for char in high) > 0.8 * len(high)


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in "\t\n\v\f\r\x1b" for char in text)
