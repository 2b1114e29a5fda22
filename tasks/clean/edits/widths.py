"""Widths: blanks of every width, and the full-width forms of ASCII.

Chinese punctuation stays as it is written, but between two letters or digits in full width it is theirs: １２：３０.
"""

from tasks.compiled import inner

_KEPT = tuple(ord(char) - 0xFEE0 for char in "！（），：；？．［］～＂＇")
_COMMA, _POINT, _COLON, _APOSTROPHE = 44, 46, 58, 39


@inner
def glyph_of_width(data, i, start, end):
    """The ASCII byte that the character at ``i`` of ``data[start:end]`` is in another width, -1 where it is none."""
    byte, second = data[i], data[i + 1]
    if byte == 0xC2:
        return 32 if second == 0xA0 else -1
    if byte < 0xE0 or byte >= 0xF0:
        return -1
    if _is_blank(byte, second, data[i + 2]):
        return 32
    code = _full_width(data, i, end)
    if code == 0 or not _is_kept(code):
        return code if code else -1
    if code in (_COMMA, _POINT, _COLON, _APOSTROPHE):
        before, after = _full_width(data, i - 3, i) if i - 3 >= start else 0, _full_width(data, i + 3, end)
        if before and after and not _is_kept(before) and not _is_kept(after):
            return code
        numbers = _is_number(data, i - 1, before, start, end) and _is_number(data, i + 3, after, start, end)
        if code == _POINT and numbers:
            return code
    return -1


@inner
def _is_blank(byte, second, third):
    """U+2000 to U+200A, U+202F, U+205F, U+3000, U+1680."""
    if byte == 0xE2:
        return (second == 0x80 and (third <= 0x8A or third == 0xAF)) or (second == 0x81 and third == 0x9F)
    return (byte == 0xE3 and second == 0x80 and third == 0x80) or (byte == 0xE1 and second == 0x9A and third == 0x80)


@inner
def _full_width(data, i, end):
    """The ASCII code of the full-width form at ``i`` (U+FF01 stands for 0x21), 0 where there is none."""
    if i + 2 >= end or data[i] != 0xEF or (data[i + 1] != 0xBC and data[i + 1] != 0xBD):
        return 0
    code = (data[i + 1] - 0xBC) * 64 + data[i + 2] - 0x80 + 32
    return code if 33 <= code <= 126 else 0


@inner
def _is_kept(code):
    return code in _KEPT


@inner
def _is_number(data, i, full_width, start, end):
    """Whether a digit stands at ``i``, or one in full width was found there."""
    return 48 <= full_width <= 57 or (start <= i < end and 48 <= data[i] <= 57)
