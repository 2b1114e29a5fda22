"""Bytes to characters by the web's decoders: Python's codecs, and what they lack beside those."""

import codecs
import re

from tasks.ingest.encodings.labels import codec_of

REPLACED = "\ufffd"
_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJI])")
_HALVES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf])+")
_ADDED_ROWS = (0xAD, 0xF9, 0xFA, 0xFB, 0xFC)
_NO_BYTES = dict.fromkeys(range(0xF8F0, 0xF8F4), REPLACED)  # Python's characters for the bytes that Shift_JIS has not
_HANDLER = "smelt.web"


def decoded(content: bytes, encoding: str) -> str:
    """The text, with U+FFFD for each byte or broken character that the encoding has not.

    Args:
        encoding: as ``labels.encoding_of`` gives it.
    """
    if encoding == "iso-2022-jp":
        return _from_iso_2022_jp(content)
    if encoding == "utf-8":
        return with_whole_characters(content).decode("utf-8", "replace")
    text = codecs.decode(content, codec_of(encoding), _HANDLER if encoding in _LACKING else "replace")
    return text.translate(_NO_BYTES) if encoding == "shift_jis" else text


def with_whole_characters(content: bytes) -> bytes:
    """UTF-8 in which pairs of surrogates that were encoded by halves (CESU-8) are the characters that they stand for.

    A half alone is U+FFFD.
    """
    return _HALVES.sub(_joined, content) if b"\xed" in content else content


def _joined(found: re.Match[bytes]) -> bytes:
    halves = found[0].decode("utf-8", "surrogatepass")
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _euro(data: bytes) -> tuple[str, int]:
    return ("€", 1) if data[0] == 0x80 else (REPLACED, 1)


def _taiwan(data: bytes) -> tuple[str, int]:
    return _as(data, "cp950")


def _japan(data: bytes) -> tuple[str, int]:
    """A character of JIS X 0208 that NEC or IBM added, by its place in Shift_JIS."""
    if len(data) < 2 or data[0] not in _ADDED_ROWS or not 0xA1 <= data[1] <= 0xFE:
        return REPLACED, 1
    row, cell = data[0] - 0xA1, data[1] - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 0x3F)
    return _as(bytes((lead, trail)), "cp932")


def _latin(data: bytes) -> tuple[str, int]:
    return chr(data[0]), 1


def _as(data: bytes, codec: str) -> tuple[str, int]:
    try:
        return data[:2].decode(codec), 2
    except UnicodeDecodeError:
        return REPLACED, 1


_LACKING = {"gb18030": _euro, "gbk": _euro, "big5": _taiwan, "euc-jp": _japan, "windows-1252": _latin}
_BY_CODEC = {"gb18030": _euro, "big5hkscs": _taiwan, "euc_jp": _japan, "charmap": _latin}


def _mend(error: UnicodeError) -> tuple[str, int]:
    """What stands at a place that Python's codec can't read, and where to go on."""
    assert isinstance(error, UnicodeDecodeError)
    if error.reason.startswith("incomplete"):
        return REPLACED, len(error.object)
    text, size = _BY_CODEC[error.encoding](error.object[error.start : error.start + 2])
    return text, error.start + size


codecs.register_error(_HANDLER, _mend)


def _from_iso_2022_jp(content: bytes) -> str:
    """Through EUC-JP, which has the same characters at the same places; half-width kana stand behind 0x8E there."""
    pieces = _ESCAPE.split(content)
    text = [codecs.decode(pieces[0], "ascii", "replace")]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape in (b"(B", b"(J"):
            text.append(codecs.decode(piece, "ascii", "replace"))
            continue
        high = bytes(byte | 0x80 if 0x21 <= byte <= 0x7E else byte for byte in piece)
        if escape == b"(I":
            high = re.sub(rb"([\xa1-\xfe])", rb"\x8e\1", high)
        elif escape == b"$(D":
            high = re.sub(rb"([\xa1-\xfe]{2})", rb"\x8f\1", high)
        text.append(decoded(high, "euc-jp"))
    return "".join(text)
