"""The units in which texts are compared: words, and ideographs.

Deduplication and decontamination must see the same text in two spellings as the same: case, full-width
letters, spaces and punctuation don't count. A *unit* is a run of letters and digits, folded (NFKC, lower
case) with the signs of ``C++`` and ``C#``, or one single ideograph, kana, or letter of Thai and its neighbours with
its marks, because they don't part words; and an operator between two units (``2 + 3``), since it changes what they
say. Kernels work on the UTF-8 bytes of an Arrow column without a copy and see a unit as a 64-bit hash.
"""

import unicodedata

import numpy as np
import pyarrow as pa

from tasks.compiled import compiled

SEPARATOR, WORD, IDEOGRAPH, SPACE, SIGN, SUFFIX, MARK, HYPHEN = range(8)
_SUFFIXES = "+#"  # of a word that they follow, signs elsewhere or nothing
_SIGNS = "*/%^&"  # beside the mathematical ones, of which bars and tildes are drawn with
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF), (0x1B00, 0x1B7F),
    (0xA000, 0xA4CF), (0xA980, 0xA9FF), (0xAA60, 0xAADF),
)  # fmt: skip
"""Thai and Lao, Burmese, Khmer, Tai Le and New Tai Lue, Tai Tham, Balinese, Yi, Javanese, more Burmese, Tai Viet."""
_FIRST_INDENT = 2  # blanks by which a line must be set in to say something; one is left by lines broken anew
_INDENTED = np.uint64(1 << 32)  # a whole text's hash takes code points and, above them, indents
_NOTHING, _BESIDE, _APART = 0, 1, 2  # whether something stands here, and whether behind blanks
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_EMPTY = _PRIME  # hash of no text; from 0, a NUL at a text's beginning would leave no trace


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """For each code point of the basic plane: what it is, and what it folds to."""
    kinds, folds = np.zeros(0x10000, np.uint8), np.arange(0x10000, dtype=np.uint32)
    for code in range(0x10000):
        folded = unicodedata.normalize("NFKC", chr(code)).lower()
        character = folded if len(folded) == 1 else chr(code)
        folds[code] = ord(character)
        if 0x3400 <= code <= 0x9FFF or 0x3040 <= code <= 0x30FF or 0xF900 <= code <= 0xFAFF:
            kinds[code] = IDEOGRAPH if character.isalpha() else SEPARATOR
        elif any(first <= code <= last for first, last in _UNSPACED) and unicodedata.category(character)[0] in "LM":
            kinds[code] = MARK if unicodedata.category(character)[0] == "M" else IDEOGRAPH
        elif character in _SUFFIXES:
            kinds[code] = SUFFIX
        elif character in _SIGNS or (unicodedata.category(character) == "Sm" and character not in "|~"):
            kinds[code] = SIGN
        elif character == "-":
            kinds[code] = HYPHEN
        elif unicodedata.category(character)[0] in "LMN" or character == "_":
            kinds[code] = WORD
        elif character.isspace():
            kinds[code] = SPACE
    return kinds, folds


KINDS, FOLDS = _tables()


def text_buffers(column: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """The UTF-8 bytes of a text column and where each text starts and ends in them.

    Returns:
        bytes (uint8) and offsets (int64, one more than there are texts); views, no copy, of a column in one chunk.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8), starts


@compiled
def mix(value):
    """Spread the bits of a 64-bit hash (the finalizer of SplitMix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def hash_units(data, start, end, kinds, folds, units):
    """Hash the units of the text ``data[start:end]``.

    Args:
        units: uint64 array that the hashes are written to; at least ``end - start`` long.

    Returns:
        number of units, number of ideographs among them, and a hash of the whole text that is blind to the amount of
        white space only, but for lines that are set in further than the first.
    """
    return hash_placed_units(data, start, end, kinds, folds, units, np.empty(0, np.int64))


@compiled
def hash_placed_units(data, start, end, kinds, folds, units, places):
    """As ``hash_units``, and write where in ``data`` each unit begins.

    Args:
        places: int64 array as long as ``units``; an empty one is left alone.
    """
    count, ideographs = 0, 0
    word, in_word = np.uint64(0), False
    whole, spaced = _EMPTY, False
    operator, by_hyphen, before_it, behind_it = np.uint64(0), False, _NOTHING, _NOTHING
    operand, digit, after_letter = _NOTHING, False, False  # what stands before, and whether it ends in a digit
    indent, at_line, base = 0, True, 0
    placed, word_at, operator_at = len(places) > 0, start, start
    at = start
    while at < end:
        byte = np.uint32(data[at])
        if byte < 0x80:
            code, width = byte, 1
        elif byte < 0xE0:
            code, width = (byte & 0x1F) << 6 | (data[at + 1] & 0x3F), 2
        elif byte < 0xF0:
            code = (byte & 0x0F) << 12 | np.uint32(data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F)
            width = 3
        else:
            code = (byte & 0x07) << 18 | np.uint32(data[at + 1] & 0x3F) << 12
            code |= np.uint32(data[at + 2] & 0x3F) << 6 | (data[at + 3] & 0x3F)
            width = 4
        at += width
        if code < 0x10000:
            kind, folded = kinds[code], folds[code]
        elif 0x20000 <= code < 0x40000:
            kind, folded = IDEOGRAPH, code
        elif 0x1F000 <= code < 0x20000:  # pictographs
            kind, folded = SEPARATOR, code
        else:
            kind, folded = WORD, code
        if kind == SPACE:
            spaced = True
            indent = 0 if code == 10 else (indent // 8 + 1) * 8 if code == 9 else indent + 1
            at_line = at_line or code == 10
        else:
            if whole == _EMPTY:
                base = indent
            elif spaced:
                whole = (whole ^ np.uint64(0x20)) * _PRIME
                if at_line and abs(indent - base) >= _FIRST_INDENT:
                    whole = (whole ^ (_INDENTED + np.uint64(abs(indent - base) * 2 + (indent < base)))) * _PRIME
            spaced = at_line = False
            whole = (whole ^ np.uint64(code)) * _PRIME
            whole ^= whole >> np.uint64(32)
        if kind == SUFFIX:
            kind = WORD if in_word else SIGN
        elif kind == MARK:
            kind = IDEOGRAPH
            if after_letter:
                units[count - 1] = mix(units[count - 1] ^ np.uint64(folded) * _PRIME)
                continue
        is_unit = kind in (WORD, IDEOGRAPH)
        if is_unit and operator:
            numbers = before_it == _APART and digit and 48 <= folded <= 57
            if before_it == behind_it and (numbers or not by_hyphen):
                if placed:
                    places[count] = operator_at
                units[count] = mix(operator)
                count += 1
            operator = np.uint64(0)
        if kind == WORD:
            if not in_word:
                word_at = at - width
            word = (word ^ np.uint64(folded)) * _PRIME
            word ^= word >> np.uint64(32)
            in_word, after_letter = True, False
            operand, digit = _BESIDE, 48 <= folded <= 57
            continue
        if in_word:
            if placed:
                places[count] = word_at
            units[count] = mix(word)
            count += 1
            word, in_word = np.uint64(0), False
        after_letter = kind == IDEOGRAPH
        if kind == IDEOGRAPH:
            if placed:
                places[count] = at - width
            units[count] = mix(np.uint64(folded) * _PRIME)
            count += 1
            ideographs += 1
            operand, digit = _BESIDE, False
        elif kind in (SIGN, HYPHEN):
            if operator == 0 and operand != _NOTHING:
                operator, by_hyphen, before_it = np.uint64(1), kind == HYPHEN, operand
                operator_at = at - width
            elif behind_it == _APART:
                operator = np.uint64(0)
            if operator:
                operator, behind_it = (operator ^ np.uint64(folded)) * _PRIME, _BESIDE
            operand = _NOTHING
        elif kind == SPACE and code != 10:
            behind_it = _APART
            operand = _APART if operand != _NOTHING else _NOTHING
        elif code == 41 or code == 93:  # behind a bracket that closes, as behind what it holds
            operator = np.uint64(0)
            operand = _BESIDE if operand != _NOTHING else _NOTHING
        elif code != 40 and code != 91:
            operator, operand = np.uint64(0), _NOTHING
    if in_word:
        if placed:
            places[count] = word_at
        units[count] = mix(word)
        count += 1
    return count, ideographs, mix(whole)
