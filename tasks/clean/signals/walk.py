"""The walk over a document: its words one after the other, its sentences, and its lines as each one ends."""

import numpy as np

from tasks.clean.kernels.blocks import first, hash_bytes, hash_short, load, not_letters
from tasks.clean.kernels.characters import ALPHA, CJK, CLASS, MARK, PLAIN_PUNCTUATION, PUNCTUATION, QUOTE, SPACE, table
from tasks.clean.kernels.markdown import CODE, HEADING, MARKS, PROSE, ROW, end_of_line, kind_of_line, next_formula
from tasks.clean.kernels.utf8 import decode, width_of
from tasks.clean.signals.figures import (
    ALPHA_WORDS,
    DOLLARS,
    ELLIPSES,
    FUNCTION_WORDS,
    LONGEST_WORD,
    PLAIN_CHARS,
    PLAIN_WORDS,
    SENTENCES,
    STOP_WORDS,
    STRUCTURED_FEEDS,
)
from tasks.clean.signals.lines import end_line
from tasks.clean.signals.marks import count_marks
from tasks.clean.signals.special import FUNCTION, SPECIAL, STOP_WORD, look_up
from tasks.clean.signals.words import split, split_wide
from tasks.compiled import inner

_PLAIN, _ALPHA, _SAID, _BLANK, _ENDS, _BEHIND = 1, 2, 4, 8, 16, 32
"""Of a character: no punctuation of datatrove's, a letter, no Unicode punctuation, whitespace, ends a sentence, a mark
that is always split off the end of a word of letters."""
_LONGEST_KNOWN = 5  # bytes of the longest function word
_END_MARKS = (0x3002, 0xFF01, 0xFF1F, 0xFF61, 0x2026)


def _ascii() -> np.ndarray:
    """Bits by ASCII byte."""
    found = np.zeros(256, np.uint8)
    for byte, entry in enumerate(table()[:128].tolist()):
        found[byte] = (
            _PLAIN * (not entry & PLAIN_PUNCTUATION)
            | _ALPHA * bool(entry & ALPHA)
            | _SAID * (entry & CLASS != PUNCTUATION)
            | _BLANK * (entry & CLASS == SPACE)
            | _ENDS * (chr(byte) in ".!?")
            | _BEHIND * bool(entry & (MARK | QUOTE))
        )
    return found


_ASCII = _ascii()


@inner
def walk(data, start, end, is_code, table, known, hashes, chars, ends, cells, mask, figures):
    """Walk ``data[start:end]`` and fill ``figures``.

    Marks of Markdown (see ``markdown``) are no words, and the words of its rows, code and formulas all count as words
    with a letter.

    Args:
        is_code: whether the whole is code, in which nothing is Markdown.
        known: see ``special``.
        hashes, chars: filled for each word with its hash and its characters.
        ends: room for the ends of the words of a chunk.
        cells, mask: see ``lines``.

    Returns:
        The number of words.
    """
    num, line, begun, chunks, longest, sentences = 0, start, start, 0, 0, 0
    seen_end, line_words = False, 0
    plain, plain_chars, alpha = 0, 0, 0
    shape, fence = kind_of_line(data, start, end, 0)
    shape = PROSE if is_code else shape
    marked, ellipses = shape == HEADING, 0
    num_before, alpha_before = -1, 0  # words before those of a formula or of a line of structure
    dollars = figures[DOLLARS] > 1 and not is_code
    line_stop = end_of_line(data, start, end) if dollars else start
    formula, formula_end = next_formula(data, start, line_stop) if dollars else (start, start)
    if shape > HEADING:
        num_before = 0
    i = start
    while i <= end:
        byte = data[i] if i < end else 10
        if byte < 0x80:
            blank, width = _ASCII[byte] & _BLANK != 0, 1
        else:
            blank, width = table[decode(data, i)] & CLASS == SPACE, width_of(byte)
        if blank:
            if byte == 10:
                sentences += line_words > 0
                figures[SENTENCES] += sentences
                figures[LONGEST_WORD] = max(figures[LONGEST_WORD], longest)
                last = i + 1 >= end
                end_line(data, line, begun, i, shape, chunks, longest, sentences, table, cells, mask, figures, last)
                figures[STRUCTURED_FEEDS] += shape > HEADING and i < end
                if shape != PROSE or dollars:
                    count_marks(data, line, i, shape, figures)
                    figures[ELLIPSES] = ellipses if shape == CODE else figures[ELLIPSES]
                    if num_before >= 0:
                        alpha = alpha_before + num - num_before
                line, seen_end, line_words = i + 1, False, 0
                begun, chunks, longest, sentences = i + 1, 0, 0, 0
                num_before = -1
                if not is_code:
                    shape, fence = kind_of_line(data, line, end, fence)
                    marked, ellipses = shape == HEADING, figures[ELLIPSES]
                    if shape > HEADING:
                        num_before, alpha_before = num, alpha
                    elif dollars:
                        line_stop = end_of_line(data, line, end)
                        formula, formula_end = next_formula(data, line, line_stop)
            i += width
            continue
        if chunks == 0:
            begun = i
        chunks += 1
        if shape == MARKS:
            i = end_of_line(data, i, end)
            continue
        if (marked and byte == 35) or (shape == ROW and byte == 124 and (i + 1 >= end or data[i + 1] <= 32)):
            while i < end and data[i] == byte:
                i += 1
            marked = False
            continue
        if dollars and shape <= HEADING:
            if num_before >= 0:
                alpha = alpha_before + num - num_before
                num_before = -1
            while formula_end <= i and formula < line_stop:
                formula, formula_end = next_formula(data, formula_end, line_stop)
            if formula < line_stop and _reaches(data, i, formula):
                num_before, alpha_before = num, alpha
        at = i
        block = load(data, at)
        length = first(not_letters(block))
        if length == 8:
            while length < end - at:
                more = first(not_letters(load(data, at + length)))
                length += more
                if more < 8:
                    break
        i = min(at + length, end)
        length = i - at
        if length > 0:
            kind = _ASCII[data[i]] if i < end else _BLANK
            behind = kind & _BEHIND or (data[i] == 46 and 97 <= data[i - 1] <= 122) if i < end else False
            if behind:
                behind = i + 1 >= end or _ASCII[data[i + 1]] & _BLANK
            if kind & _BLANK or behind:
                value = hash_short(block, length) if length <= 8 else hash_bytes(data, at, i)
                meaning = look_up(value, known)
                special = meaning & SPECIAL
                if behind and not special and length < 8:
                    special = look_up(hash_bytes(data, at, i + 1), known) & SPECIAL
                if not special:
                    if meaning:
                        figures[STOP_WORDS] |= 1 << (meaning & STOP_WORD) >> 1
                        figures[FUNCTION_WORDS] += meaning & FUNCTION != 0
                    hashes[num], chars[num] = value, length
                    num += 1
                    sentences += seen_end
                    seen_end = False
                    line_words += 1
                    plain += 1
                    plain_chars += length
                    alpha += 1
                    if behind:
                        hashes[num], chars[num] = hash_short(load(data, i), 1), 1
                        num += 1
                        line_words += 1
                        seen_end = kind & _ENDS != 0
                        plain += kind & _PLAIN
                        plain_chars += kind & _PLAIN
                        i += 1
                        length += 1
                    longest = max(longest, length)
                    continue
        is_wide = False
        num_chars, dots = length, 0
        while i < end:
            byte = data[i]
            if byte < 0x80:
                if _ASCII[byte] & _BLANK:
                    break
                dots = dots + 1 if byte == 46 else 0
                if dots == 3:
                    figures[ELLIPSES] += 1
                    dots = 0
                i += 1
            else:
                group = table[decode(data, i)] & CLASS
                if group == SPACE:
                    break
                dots = 0
                is_wide = is_wide or group == CJK
                i += width_of(byte)
            num_chars += 1
        longest = max(longest, num_chars)
        found = split_wide(data, at, i, table, known, ends) if is_wide else split(data, at, i, table, known, ends, 0)
        for k in range(found):
            stop = ends[k]
            count, bits, code = 0, 0, 0
            value = hash_bytes(data, at, stop)
            size = stop - at
            while at < stop:
                byte = data[at]
                if byte < 0x80:
                    bits |= _ASCII[byte]
                    at += 1
                else:
                    code = decode(data, at)
                    entry = table[code]
                    bits |= _PLAIN if not entry & PLAIN_PUNCTUATION else 0
                    bits |= _ALPHA if entry & ALPHA else 0
                    bits |= _SAID if entry & CLASS != PUNCTUATION else 0
                    at += width_of(byte)
                count += 1
            hashes[num], chars[num] = value, count
            num += 1
            if bits & _ALPHA and size <= _LONGEST_KNOWN:
                meaning = look_up(value, known)
                if meaning & (STOP_WORD | FUNCTION):
                    figures[STOP_WORDS] |= 1 << (meaning & STOP_WORD) >> 1
                    figures[FUNCTION_WORDS] += meaning & FUNCTION != 0
            if count == 1 and (bits & _ENDS or code in _END_MARKS):
                seen_end = line_words > 0 or seen_end
            elif seen_end and bits & _SAID:
                sentences += 1
                seen_end = False
            line_words += 1
            if bits & _PLAIN:
                plain += 1
                plain_chars += count
            alpha += bits & _ALPHA != 0
    figures[PLAIN_WORDS], figures[PLAIN_CHARS], figures[ALPHA_WORDS] = plain, plain_chars, alpha
    return num


@inner
def _reaches(data, at, formula):
    """Whether no blank stands between a word and a formula behind it."""
    while at < formula:
        if data[at] <= 32:
            return False
        at += 1
    return True
