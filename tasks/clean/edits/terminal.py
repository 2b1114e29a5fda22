"""What terminals are told: escape sequences (ECMA-48), and characters struck over others.

https://ecma-international.org/publications-and-standards/standards/ecma-48/
"""

from tasks.clean.kernels.utf8 import before
from tasks.compiled import inner

ESCAPE, BACKSPACE = 0x1B, 8
_BELL = 7
_LONGEST, _LONGEST_TITLE = 64, 1024  # bytes
_ALONE = (55, 56, 61, 62, 99, 77, 92)  # 7 8 = > c M \\: sequences of ESC and this alone


@inner
def end_of_escape(data, i, end):
    """Where the escape sequence that begins at ``i`` ends; ``i`` where none does that is whole."""
    if data[i] == 0xC2:  # U+009B, which also stands where text was decoded wrongly: it must have a number
        return _end_of_control(data, i + 2, end, i) if data[i + 1] == 0x9B and 48 <= _at(data, i + 2, end) <= 57 else i
    kind = _at(data, i + 1, end)
    if kind == 91:  # [
        return _end_of_control(data, i + 2, end, i)
    if kind == 93 or kind == 80 or kind == 88 or kind == 94 or kind == 95:  # ] P X ^ _
        return _end_of_title(data, i + 2, end, i)
    if 32 <= kind <= 47 and 48 <= _at(data, i + 2, end) < 127:
        return i + 3
    for alone in _ALONE:
        if kind == alone:
            return i + 2
    return i


@inner
def struck_over(data, i, end, out, line, at):
    """A backspace at ``i``: what is written before it goes for what follows, but for an underline.

    Returns:
        where the written line goes on, and the text.
    """
    following = _at(data, i + 1, end)
    if at > line and out[at - 1] != 32 and following != 10 and following != 13 and following != -1:
        begin = before(out, at, line)
        if following == 95 and out[begin] != 95:
            return at, i + 2
        return begin, i + 1
    return at, i + 1


@inner
def _at(data, i, end):
    return int(data[i]) if i < end else -1


@inner
def _end_of_control(data, at, end, otherwise):
    """Where parameters, intermediate bytes and the final byte of a control sequence end."""
    stop = min(end, at + _LONGEST)
    while at < stop and 48 <= data[at] <= 63:
        at += 1
    while at < stop and 32 <= data[at] <= 47:
        at += 1
    return at + 1 if at < stop and 64 <= data[at] <= 126 else otherwise


@inner
def _end_of_title(data, at, end, otherwise):
    """Where a string ends with a bell or ESC \\; no line's end or other escape may stand in it."""
    stop = min(end, at + _LONGEST_TITLE)
    while at < stop and data[at] != 10 and data[at] != ESCAPE:
        if data[at] == _BELL:
            return at + 1
        at += 1
    return at + 2 if at + 1 < stop and data[at] == ESCAPE and data[at + 1] == 92 else otherwise
