"""The units in which texts are compared: words, and ideographs.

Deduplication and decontamination must see the same text in two spellings as the same: case, full-width
letters, spaces and punctuation don't count. A *unit* is a run of letters and digits, folded (NFKC, lower
case), or one single ideograph or kana, because Chinese and Japanese don't part words. Kernels work on the
UTF-8 bytes of an Arrow column without a copy and see a unit as a 64-bit hash.
"""

import unicodedata

import numpy as np
import pyarrow as pa

from tasks.compiled import compiled

SEPARATOR, WORD, IDEOGRAPH, SPACE = 0, 1, 2, 3
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
        number of units, number of ideographs among them, and a hash of the whole text that is blind to
        the amount of white space only.
    """
    count, ideographs = 0, 0
    word, in_word = np.uint64(0), False
    whole, spaced = _EMPTY, False
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
        else:
            if spaced and whole != _EMPTY:
                whole = (whole ^ np.uint64(0x20)) * _PRIME
            spaced = False
            whole = (whole ^ np.uint64(code)) * _PRIME
            whole ^= whole >> np.uint64(32)
        if kind == WORD:
            word = (word ^ np.uint64(folded)) * _PRIME
            word ^= word >> np.uint64(32)
            in_word = True
            continue
        if in_word:
            units[count] = mix(word)
            count += 1
            word, in_word = np.uint64(0), False
        if kind == IDEOGRAPH:
            units[count] = mix(np.uint64(folded) * _PRIME)
            count += 1
            ideographs += 1
    if in_word:
        units[count] = mix(word)
        count += 1
    return count, ideographs, mix(whole)
