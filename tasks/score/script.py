"""What script a text is written in, and the prose in it: one pass over the first characters of each text.

Language models that see bytes or character n-grams are led astray by what is no language: a manual's
code, option tables and file names outweigh a paragraph of prose. Lines in which a fifth of the
characters are signs and digits of code are passed over, unless nothing else is there.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.clean.kernels.utf8 import decode, width_of
from tasks.compiled import compiled, inner
from tasks.lines import cut, one_line_each
from tasks.score import han

HAN, KANA, HANGUL, LATIN, OTHER = range(5)
_FIRST, _LAST = han.FIRST, han.LAST
_CODE_SHARE = 5
"""A line is code when one in so many of its characters is a sign of code."""


@dataclass(frozen=True)
class Prose:
    """The prose of N texts.

    Attributes:
        lines: the prose of each text in one line of UTF-8 that ends with a line feed.
        letters: how many letters of each script are in it (int64, N × 5: HAN, KANA, HANGUL, LATIN, OTHER).
        hints: how many ideographs in it have each bit of ``han`` (int64, N × 4).
    """

    lines: list[bytes]
    letters: np.ndarray
    hints: np.ndarray


def prose(texts: pa.Array | pa.ChunkedArray, num_chars: int) -> Prose:
    """The prose among the first ``num_chars`` characters of each text."""
    letters = np.zeros((len(texts), 5), np.int64)
    hints = np.zeros((len(texts), 4), np.int64)
    lines = one_line_each(_read, texts, num_chars, 1, letters, han.hints(), hints)
    return Prose(lines, letters, hints)


@inner
def script_of(code):
    """The script of a code point, or -1 where it is no letter."""
    if code < 0x80:
        return LATIN if 65 <= code <= 90 or 97 <= code <= 122 else -1
    if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code < 0x40000:
        return HAN
    if 0x3041 <= code <= 0x30FA or 0xFF66 <= code <= 0xFF9D:
        return KANA
    if 0xAC00 <= code <= 0xD7A3 or 0x1100 <= code <= 0x11FF:
        return HANGUL
    if 0xC0 <= code <= 0x24F and code != 0xD7 and code != 0xF7:
        return LATIN
    if 0x370 <= code <= 0x1FFF:
        return OTHER
    return -1


@inner
def _is_code_sign(byte):
    """Whether an ASCII byte is a digit, or a sign that prose seldom has: # $ & * + / < = > @ [ \\ ] ^ _ ` { | } ~ ;"""
    return (
        48 <= byte <= 57
        or 35 <= byte <= 36
        or byte == 38
        or 42 <= byte <= 43
        or byte == 47
        or 59 <= byte <= 62
        or byte == 64
        or 91 <= byte <= 96
        or 123 <= byte <= 126
    )


@inner
def _looks_like_code(data, start, end):
    signs, others = 0, 0
    for at in range(start, end):
        if _is_code_sign(data[at]):
            signs += 1
        elif data[at] > 32:
            others += 1
    return signs * _CODE_SHARE > signs + others


@compiled
def _read(data, offsets, num_chars, starts, written, sizes, letters, of_han, hints):
    """Writes a space after each line and a line feed at the end: no more than the text, and two bytes."""
    for row in range(len(offsets) - 1):
        first = offsets[row]
        last = cut(data, first, offsets[row + 1], num_chars)
        for everything in (False, True):
            to, spaced = starts[row], True
            line = first
            while line < last:
                end = line
                while end < last and data[end] != 10:
                    end += 1
                if everything or not _looks_like_code(data, line, end):
                    at = line
                    while at < end:
                        if data[at] <= 32:
                            if not spaced:
                                written[to] = 32
                                to += 1
                                spaced = True
                            at += 1
                            continue
                        code = decode(data, at)
                        script = script_of(code)
                        if script >= 0:
                            letters[row, script] += 1
                        if _FIRST <= code <= _LAST:
                            said = of_han[code - _FIRST]
                            for bit in range(4):
                                hints[row, bit] += said >> bit & 1
                        for _ in range(width_of(data[at])):
                            written[to] = data[at]
                            to += 1
                            at += 1
                        spaced = False
                    if not spaced:
                        written[to] = 32
                        to += 1
                        spaced = True
                line = end + 1
            if to > starts[row]:
                break
        written[to] = 10
        sizes[row] = to + 1 - starts[row]
