"""The walk over a document: its words one after the other, its sentences, and its lines as each one ends."""

import numpy as np

from tasks.clean.kernels.blocks import first, hash_bytes, hash_short, load, not_letters
from tasks.clean.kernels.characters import ALPHA, CJK, CLASS, MARK, PLAIN_PUNCTUATION, PUNCTUATION, QUOTE, SPACE, table
from tasks.clean.kernels.utf8 import decode, width_of
from tasks.clean.signals.figures import (
    ALPHA_WORDS,
    ELLIPSES,
    FUNCTION_WORDS,
    LONGEST_WORD,
    PLAIN_CHARS,
    PLAIN_WORDS,
    SENTENCES,
    STOP_WORDS,
)
from tasks.clean.signals.lines import end_line
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
def walk(data, start, end, table, known, hashes, chars, ends, cells, mask, figures):
    """Walk ``data[start:end]`` and fill ``figures``.

    Args:
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
                end_line(data, line, begun, i, chunks, longest, sentences, table, cells, mask, figures, last)
                line, seen_end, line_words = i + 1, False, 0
                begun, chunks, longest, sentences = i + 1, 0, 0, 0
            i += width
            continue
        if chunks == 0:
            begun = i
        chunks += 1
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
