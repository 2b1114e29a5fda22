"""Writing characters as a browser lays them out: white space run together, lines with their prefix."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import inner
from tasks.ingest.web.tree.entities import decode_reference

AT, BLANK, WIDTH, FRESH, CELL, PREFIX, INDENT, LINE, FULL = range(9)
"""Places in a pen's state: bytes written; what blank waits (1, 2 with a line break in it, 3 a new line; in code how
many line breaks); the kind of the last character (``_kind``); whether the line is empty; whether nothing breaks it
(1 in a row of a table, 2 elsewhere); bytes of the prefix of lines; whether the prefix is still to be written; where
the line's text began; whether the room was too small."""
MAX_PREFIX = 48
"""Bytes of quote marks and indentation before a line, at most."""


class Pen(NamedTuple):
    """What a kernel writes with."""

    out: np.ndarray  # uint8
    state: np.ndarray  # int64[9]
    prefix: np.ndarray  # uint8[48]
    decoded: np.ndarray  # uint8[16], of a character reference
    named: tuple[np.ndarray, np.ndarray, np.ndarray]


@inner
def has_room(pen, size):
    """Whether so many bytes of text fit, however many lines they are; if not, the pen is full."""
    state = pen.state
    if state[AT] + size * 3 + 1024 > len(pen.out):
        state[FULL] = 1
        return False
    return True


@inner
def put(pen, byte):
    """Write a byte as it is."""
    state = pen.state
    pen.out[state[AT]] = byte
    state[AT] += 1


@inner
def put_number(pen, number):
    """Write a number above 0 in digits."""
    scale = 1
    while scale * 10 <= number:
        scale *= 10
    while scale > 0:
        put(pen, 48 + number // scale % 10)
        scale //= 10


@inner
def start_text(pen, kind):
    """Write what must come before a character of this kind: the line's prefix, or the blank that waits."""
    state = pen.state
    if state[BLANK] == 3 and not state[FRESH]:
        new_line(pen)
    if state[INDENT]:
        for i in range(state[PREFIX]):
            put(pen, pen.prefix[i])
        state[INDENT], state[LINE] = 0, state[AT]
    blank, before = state[BLANK], state[WIDTH]
    if blank and not state[FRESH] and not (blank == 2 and kind + before >= 3 and kind * before > 0):
        put(pen, 32)
    state[BLANK], state[FRESH], state[WIDTH] = 0, 0, kind


@inner
def new_line(pen):
    """End the line; in a row of a table it is a blank."""
    state = pen.state
    if state[CELL]:
        state[BLANK] = 1
        return
    if state[INDENT]:
        size = state[PREFIX]
        while size > 0 and pen.prefix[size - 1] == 32:
            size -= 1
        for i in range(size):
            put(pen, pen.prefix[i])
    put(pen, 10)
    state[BLANK], state[FRESH], state[WIDTH], state[INDENT], state[LINE] = 0, 1, 0, 1, state[AT]


@inner
def write_text(pen, source, at, stop):
    """Write a text with references decoded and white space run together."""
    out, state = pen.out, pen.state
    while at < stop:
        if not state[FRESH] and not state[INDENT]:
            at = _run(out, state, source, at, stop)
            if at == stop:
                break
        if source[at] == 38:
            taken, size = decode_reference(source, at, stop, pen.named, pen.decoded)
            if taken:
                place = 0
                while place < size:
                    place += _character(pen, pen.decoded, place)
                at += taken
                continue
        at += _character(pen, source, at)


@inner
def _run(out, state, source, at, stop):
    """Write what is plain from here on, without a call: ASCII, ideographs and their punctuation, blanks between."""
    size, blank, width = state[AT], state[BLANK], state[WIDTH]
    while at < stop:
        byte = source[at]
        if byte <= 32:
            blank = max(blank, 2 if byte in (10, 13) else 1)
            at += 1
            continue
        wide = 0xE4 <= byte <= 0xE9
        if byte == 38 or byte == 124 or blank == 3 or (byte >= 0x7F and not wide):
            break
        if blank:
            if blank == 1 or width == 0 or not wide:
                out[size] = 32
                size += 1
            blank = 0
        out[size] = byte
        if wide:
            out[size + 1], out[size + 2] = source[at + 1], source[at + 2]
            size, at, width = size + 3, at + 3, 2
        else:
            size, at, width = size + 1, at + 1, 0
    state[AT], state[BLANK], state[WIDTH] = size, blank, width
    return at


@inner
def write_lines(pen, source, at, stop):
    """Write a text with references decoded and every blank and line break as it is."""
    out, state = pen.out, pen.state
    while at < stop:
        if not state[FRESH] and not state[INDENT] and not state[BLANK]:
            size = state[AT]
            while at < stop and 32 <= source[at] < 127 and source[at] != 38 and source[at] != 124:
                out[size] = source[at]
                size, at = size + 1, at + 1
            if size > state[AT]:
                state[AT], state[WIDTH] = size, 0
            if at == stop:
                break
        if source[at] == 38:
            taken, size = decode_reference(source, at, stop, pen.named, pen.decoded)
            if taken:
                place = 0
                while place < size:
                    place += _code_character(pen, pen.decoded, place, size)
                at += taken
                continue
        at += _code_character(pen, source, at, stop)


@inner
def _character(pen, source, at):
    """Write the character at a byte; returns its bytes."""
    state, byte = pen.state, source[at]
    if byte <= 32:
        state[BLANK] = max(state[BLANK], 2 if byte in (10, 13) else 1)
        return 1
    if byte < 0x80:
        start_text(pen, 0)
        if byte == 124 and state[CELL] == 1:
            put(pen, 92)
        put(pen, byte)
        return 1
    width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
    if _is_blank(source, at):
        state[BLANK] = max(state[BLANK], 1)
        return width
    if _is_nothing(source, at):
        return width
    start_text(pen, _kind(source, at))
    for i in range(width):
        put(pen, source[at + i])
    return width


@inner
def _code_character(pen, source, at, stop):
    """Write the character at a byte of code; returns its bytes."""
    state, byte = pen.state, source[at]
    if byte == 13:
        if at + 1 < stop and source[at + 1] == 10:
            return 1
        byte = 10
    if byte == 10:
        end_line(pen)
        return 1
    width = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
    if _is_nothing(source, at):
        return width
    while state[BLANK] > 0:  # lines that ended, now that there is another
        blanks = state[BLANK]
        new_line(pen)
        state[BLANK] = blanks - 1
    start_text(pen, 0)
    if byte == 124 and state[CELL] == 1:
        put(pen, 92)
    if byte >= 0x80 and _is_blank(source, at):
        put(pen, 32)
        return width
    if byte >= 32 or byte == 9:
        for i in range(width):
            put(pen, source[at + i])
    return width


@inner
def end_line(pen):
    """End a line of code: blanks at its end go, and the break waits for more; before all code there is none."""
    state = pen.state
    if state[CELL]:
        state[BLANK] = 0
        start_text(pen, 0)
        put(pen, 32)
        return
    while state[AT] > state[LINE] and not state[INDENT] and pen.out[state[AT] - 1] in (9, 32):
        state[AT] -= 1
    if not state[FRESH] or state[BLANK]:
        state[BLANK] += 1


@inner
def _is_blank(source, at):
    """Whether a character of several bytes is a blank."""
    byte, second, third = source[at], source[at + 1], source[at + 2]
    if byte == 0xE2:
        wide = second == 0x80 and (third <= 0x8A or third in (0xA8, 0xA9, 0xAF))
        return wide or (second == 0x81 and third == 0x9F)
    return (byte == 0xC2 and second == 0xA0) or (byte == 0xE3 and second == 0x80 and third == 0x80)


@inner
def _is_nothing(source, at):
    """Whether a character is a soft hyphen or a byte order mark."""
    byte, second, third = source[at], source[at + 1], source[at + 2]
    return (byte == 0xC2 and second == 0xAD) or (byte == 0xEF and second == 0xBB and third == 0xBF)


@inner
def _kind(source, at):
    """2 for ideographs, kana and their punctuation, 1 for quotes and dashes that stand among them too, else 0."""
    byte, second, third = source[at], source[at + 1], source[at + 2]
    if byte == 0xE2:
        if second >= 0xBA:
            return 2
        return 1 if second == 0x80 and (0x98 <= third <= 0x9D or third == 0xA6 or third == 0x94) else 0
    if 0xE3 <= byte <= 0xE9:
        return 2
    if byte == 0xEF:
        return 2 if second >= 0xBC else 0
    return 2 if byte == 0xF0 and second >= 0xA0 else 0
