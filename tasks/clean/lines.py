"""Lines and paragraphs inside kernels: what the line rules of Gopher, C4 and FineWeb look at."""

import numpy as np

from tasks.clean.characters import CLASS, SPACE, TERMINAL
from tasks.clean.phrases import JAVASCRIPT, LOREM, POLICY
from tasks.clean.utf8 import before, decode, is_digit, width_of
from tasks.clean.words import mix
from tasks.compiled import inner

(
    LINES, LINE_CHARS, LONGEST_LINE, SHORT, BULLET, ELLIPSIS, ENDED, LISTED, DUP_LINES, DUP_LINE_CHARS, PARAGRAPHS, DUP_PARAGRAPHS,  # noqa: E501
    DUP_PARAGRAPH_CHARS, C4_LINES, C4_SENTENCES, C4_LOREM, C4_CURLY, INDENTED, COMMENTS, LONGEST_WORD, NUM_FIGURES,
) = range(21)  # fmt: skip
_SHORT_LINE = 30  # characters, FineWeb's short line
_C4_LONGEST_WORD, _C4_FEWEST_WORDS = 1000, 3
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(31)
_EMPTY = np.uint64(0)


@inner
def measure(data, start, end, table, children, kinds, line_sentences, keys, stamps, stamp, mask, figures):
    """Fill ``figures`` for the lines of ``data[start:end]``.

    Args:
        line_sentences: number of sentences by line, empty lines too.
        keys, stamps, stamp, mask: a hash table (see ``repetition``) with room for twice the lines.
    """
    line_generation = stamp[0] + 2  # the one between is nobody's, so that nothing old counts as taken
    paragraph_generation = stamp[0] + 3
    stamp[0] += 3
    paragraph_hash, paragraph_chars = _EMPTY, 0
    c4_open = True
    number = 0
    at = start
    while at < end:
        stop, chars, value = at, 0, _EMPTY
        words, run, longest = 0, 0, 0
        first = -1
        while stop < end and data[stop] != 10:
            byte = data[stop]
            if byte < 0x80:
                stop += 1
                space = byte <= 32 and (byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31)
                value = (value ^ np.uint64(byte)) * _PRIME
            else:
                step = width_of(byte)
                space = byte < 0xE4 and table[decode(data, stop)] & CLASS == SPACE
                for k in range(step):
                    value = (value ^ np.uint64(data[stop + k])) * _PRIME
                stop += step
            value ^= value >> _SHIFT
            chars += 1
            if space:
                run = 0
            else:
                if first < 0:
                    first = chars - 1
                words += run == 0
                run += 1
                longest = max(longest, run)
        if first >= 0:
            figures[LINES] += 1
            figures[LINE_CHARS] += chars
            figures[LONGEST_LINE] = max(figures[LONGEST_LINE], chars)
            figures[LONGEST_WORD] = max(figures[LONGEST_WORD], longest)
            figures[SHORT] += chars <= _SHORT_LINE
            figures[INDENTED] += first > 0
            if _is_new(mix(value, np.uint64(1)), keys, stamps, line_generation, mask):
                figures[DUP_LINES] += 1
                figures[DUP_LINE_CHARS] += chars
            c4_open = _look(
                data, at, stop, words, longest, table, children, kinds, line_sentences[number], c4_open, figures
            )
            paragraph_hash = mix(paragraph_hash, value)
            paragraph_chars += chars + (1 if paragraph_chars > 0 else 0)
        if paragraph_chars > 0 and (stop + 1 >= end or data[stop + 1] == 10):
            figures[PARAGRAPHS] += 1
            if _is_new(mix(paragraph_hash, np.uint64(2)), keys, stamps, paragraph_generation, mask):
                figures[DUP_PARAGRAPHS] += 1
                figures[DUP_PARAGRAPH_CHARS] += paragraph_chars
            paragraph_hash, paragraph_chars = _EMPTY, 0
        at = stop + 1
        number += 1


@inner
def _is_new(value, keys, stamps, generation, mask):
    """False on the first sight of ``value``, which is noted; True when it was there."""
    slot = np.int64(value & np.uint64(mask))
    while stamps[slot] >= generation - 1 and stamps[slot] > 0 and (stamps[slot] != generation or keys[slot] != value):
        slot = (slot + 1) & mask
    if stamps[slot] == generation and keys[slot] == value:
        return True
    stamps[slot] = generation
    keys[slot] = value
    return False


@inner
def _look(data, at, stop, words, longest, table, children, kinds, sentences, c4_open, figures):
    """What a line's beginning and end say; returns whether C4 would look at further lines."""
    while data[at] <= 32:
        at += 1
    while stop > at and data[stop - 1] <= 32:
        stop -= 1
    byte = data[at]
    bullet = byte == 45 or (byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] == 0xA2)
    figures[BULLET] += bullet
    k = at
    while k < stop and is_digit(data[k]):
        k += 1
    numbered = k > at and k < stop and (data[k] == 46 or data[k] == 41)
    figures[LISTED] += bullet or numbered or words < 4
    two = data[at + 1] if at + 1 < stop else 0
    comment = (
        byte == 35
        or byte == 42
        or byte == 59
        or (byte == 47 and (two == 47 or two == 42))
        or (byte == 45 and two == 45)
    )
    figures[COMMENTS] += comment
    dots = stop - at >= 3 and data[stop - 1] == 46 and data[stop - 2] == 46 and data[stop - 3] == 46
    last = before(data, stop, at)
    code = decode(data, last)
    figures[ELLIPSIS] += dots or code == 0x2026
    figures[ENDED] += table[code] & TERMINAL != 0
    if c4_open:
        return _c4(data, at, stop, words, longest, children, kinds, sentences, figures)
    return False


@inner
def _c4(data, at, stop, words, longest, children, kinds, sentences, figures):
    """C4's line rules, in the order of datatrove's C4QualityFilter; False when the document is to go."""
    if longest > _C4_LONGEST_WORD or words < _C4_FEWEST_WORDS:
        return True
    end = _without_citations(data, at, stop)
    if end <= at:
        return True
    byte = data[end - 1]
    ended = byte == 46 or byte == 63 or byte == 33 or byte == 34 or byte == 39
    if not ended or (byte == 46 and end - at >= 3 and data[end - 2] == 46 and data[end - 3] == 46):
        return True
    found, curly = 0, False
    for i in range(at, end):
        curly = curly or data[i] == 123
        node = children[0, data[i]]
        k = i + 1
        while node != 0:
            found |= kinds[node]
            node = children[node, data[k]] if k < end else 0
            k += 1
    if found & LOREM:
        figures[C4_LOREM] = 1
        return False
    if found & JAVASCRIPT:
        return True
    if curly:
        figures[C4_CURLY] = 1
        return False
    if found & POLICY:
        return True
    figures[C4_LINES] += 1
    figures[C4_SENTENCES] += sentences
    return True


@inner
def _without_citations(data, at, stop):
    """Where the line ends once ``[12]``, ``[]``, ``[edit]`` and ``[citation needed]`` at its end are gone."""
    while stop > at and data[stop - 1] == 93:
        k = stop - 2
        while k >= at and is_digit(data[k]):
            k -= 1
        if k >= at and data[k] == 91:
            stop = k
        elif stop - at >= 6 and data[stop - 6] == 91 and data[stop - 5] == 101 and data[stop - 2] == 116:
            stop -= 6
        elif stop - at >= 17 and data[stop - 17] == 91 and data[stop - 16] == 99 and data[stop - 2] == 100:
            stop -= 17
        else:
            break
    return stop
