"""Lines and paragraphs inside kernels: what the line rules of Gopher, FineWeb and RefinedWeb look at."""

import numpy as np

from tasks.clean.kernels.blocks import hash_bytes, mix, num_characters
from tasks.clean.kernels.characters import TERMINAL
from tasks.clean.kernels.markdown import PROSE
from tasks.clean.kernels.utf8 import before, decode, is_digit
from tasks.clean.signals.c4 import judge_line
from tasks.clean.signals.figures import (
    BULLET,
    COMMENTS,
    DUP_LINE_CHARS,
    DUP_LINES,
    DUP_PARAGRAPH_CHARS,
    DUP_PARAGRAPHS,
    ELLIPSIS,
    ENDED,
    FURNITURE_LINES,
    FURNITURE_WORDS,
    INDENTED,
    LINE_CHARS,
    LINE_WORDS,
    LINES,
    LISTED,
    LONGEST_LINE,
    PARAGRAPH_HASH,
    PARAGRAPH_LENGTH,
    PARAGRAPHS,
    PROSE_LINES,
    SHORT,
    STRUCTURED,
)
from tasks.clean.signals.furniture import is_furniture
from tasks.compiled import inner

_SHORT_LINE = 30  # characters, FineWeb's short line
_LINE, _PARAGRAPH = np.uint64(1), np.uint64(2)


@inner
def end_line(data, at, begun, stop, kind, words, longest, sentences, table, cells, mask, figures, last):
    """Note the line ``data[at:stop]`` in ``figures``.

    A line of Markdown's structure is a line, but its length, its beginning and end, and that it was there before, say
    nothing of the text.

    Args:
        begun: where its first character stands that is no whitespace.
        kind: what it is; see ``markdown``.
        words, longest: stretches without whitespace, and the characters of the longest.
        sentences: that end in it.
        cells, mask: a hash table, cleared for each document, with room for twice the lines.
        last: whether the document ends here.
    """
    if words > 0:
        chars = num_characters(data, at, stop)
        value = hash_bytes(data, at, stop)
        figures[LINES] += 1
        figures[LONGEST_LINE] = max(figures[LONGEST_LINE], chars)
        figures[INDENTED] += begun > at
        figures[COMMENTS] += _is_comment(data, begun, stop)
        figures[LINE_WORDS] += words
        if kind == PROSE:
            figures[LINE_CHARS] += chars
            figures[SHORT] += chars <= _SHORT_LINE
            if _was_there(mix(value, _LINE), cells, mask):
                figures[DUP_LINES] += 1
                figures[DUP_LINE_CHARS] += chars
            _look(data, begun, stop, words, longest, sentences, table, figures)
            figures[PROSE_LINES] += 1
        else:
            figures[STRUCTURED] += 1
        figures[PARAGRAPH_HASH] = np.int64(mix(np.uint64(figures[PARAGRAPH_HASH]), value))
        figures[PARAGRAPH_LENGTH] += chars + (figures[PARAGRAPH_LENGTH] > 0)
    if figures[PARAGRAPH_LENGTH] > 0 and (last or data[stop + 1] == 10):
        figures[PARAGRAPHS] += 1
        if figures[PROSE_LINES] > 0 and _was_there(mix(np.uint64(figures[PARAGRAPH_HASH]), _PARAGRAPH), cells, mask):
            figures[DUP_PARAGRAPHS] += 1
            figures[DUP_PARAGRAPH_CHARS] += figures[PARAGRAPH_LENGTH]
        figures[PARAGRAPH_HASH] = figures[PARAGRAPH_LENGTH] = figures[PROSE_LINES] = 0


@inner
def _was_there(value, cells, mask):
    """False on the first sight of ``value``, which is noted."""
    value |= _LINE  # zero is an empty cell
    slot = np.int64(value >> np.uint64(16)) & mask
    while cells[slot] != 0:
        if cells[slot] == value:
            return True
        slot = (slot + 1) & mask
    cells[slot] = value
    return False


@inner
def _look(data, at, stop, words, longest, sentences, table, figures):
    """What a line's beginning and end say."""
    while data[stop - 1] <= 32:
        stop -= 1
    byte = data[at]
    bullet = byte == 45 or (byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] == 0xA2)
    figures[BULLET] += bullet
    k = at
    while k < stop and is_digit(data[k]):
        k += 1
    numbered = k > at and k < stop and (data[k] == 46 or data[k] == 41)
    figures[LISTED] += bullet or numbered or words < 4
    dots = stop - at >= 3 and data[stop - 1] == 46 and data[stop - 2] == 46 and data[stop - 3] == 46
    code = int(data[stop - 1]) if data[stop - 1] < 128 else decode(data, before(data, stop, at))
    figures[ELLIPSIS] += dots or code == 0x2026
    figures[ENDED] += table[code] & TERMINAL != 0
    if is_furniture(data, at, stop, words):
        figures[FURNITURE_LINES] += 1
        figures[FURNITURE_WORDS] += words
    judge_line(data, at, stop, words, longest, sentences, figures)


@inner
def _is_comment(data, at, stop):
    """Whether a line begins as comments do in one language or another."""
    byte, two = data[at], data[at + 1] if at + 1 < stop else 0
    return (
        byte == 35
        or byte == 42
        or byte == 59
        or (byte == 47 and (two == 47 or two == 42))
        or (byte == 45 and two == 45)
    )
