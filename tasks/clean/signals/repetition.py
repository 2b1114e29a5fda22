"""Repetition inside kernels: Gopher's n-gram shares, exactly, at a fraction of the look-ups.

An n-gram that occurs twice is made of two (n-1)-grams that occur twice. So all 2-grams are counted,
and each longer length only looks where both shorter ones were repeated: in ordinary prose hardly
anything is left from 5-grams on, and the cost is near that of counting 2-grams alone.
"""

import numpy as np

from tasks.clean.kernels.blocks import mix
from tasks.compiled import inner

_COUNT = np.uint64(0xFFFFFFF)  # a cell of the hash table: a hash, its low 28 bits replaced by a count
_ONE, _NONE = np.uint64(1), np.uint64(0)


@inner
def n_gram_shares(hashes, chars, num, num_chars, positions, slots, repeated, cells, out):
    """Shares of characters in the top 2-, 3- and 4-gram and in repeated 5- to 10-grams.

    Follows ``datatrove``'s GopherRepetitionFilter: a top n-gram's characters include the blanks between its
    words, a repeated n-gram is skipped as a whole.

    Args:
        hashes, chars: of ``num`` words; there is room for as many hashes behind them.
        positions, slots, repeated: room for ``num`` each: int32, int32, bool.
        cells: a hash table of a power of two of at least ``3 * num`` cells, uint64.
        out: filled with nine shares.
    """
    for k in range(9):
        out[k] = 0.0
    if num < 2:
        return
    grams = hashes[num:]
    left = num - 1
    for i in range(left):
        positions[i] = i
        grams[i] = hashes[i]
    for n in range(2, 11):
        if n > 2:
            kept = 0  # places where this and the next (n-1)-gram are both repeated
            for j in range(left - 1):
                positions[kept] = positions[j]
                kept += repeated[j] & repeated[j + 1] & (positions[j + 1] == positions[j] + 1)
            left = kept
            if left == 0 and n > 4:
                return
        _count(hashes, grams, positions, left, n, cells, slots)
        best, where = _ONE, 0
        for j in range(left):
            count = cells[slots[j]] & _COUNT
            repeated[j] = count > _ONE
            if count > best:
                best, where = count, positions[j]
        if n > 4:
            out[n - 2] = _in_repeated(chars, positions, slots, repeated, left, n, cells) / num_chars
        elif num >= n:
            _top(chars, where, np.int64(best), n, num_chars, out)


@inner
def _top(chars, at, times, n, num_chars, out):
    length = n - 1
    for k in range(at, at + n):
        length += chars[k]
    out[n - 2] = length * times / num_chars


@inner
def _count(hashes, grams, positions, left, n, cells, slots):
    """Make (n-1)-grams n-grams, and count them."""
    size = 16
    while size < 3 * left:
        size *= 2
    cells[:size] = _NONE
    mask = np.uint64(size - 1)
    for j in range(left):
        i = positions[j]
        value = mix(grams[i], hashes[i + n - 1])
        grams[i] = value
        slot = value & mask
        kept = (value | _COUNT) ^ _COUNT
        while cells[slot] != _NONE and cells[slot] ^ kept > _COUNT:
            slot = (slot + _ONE) & mask
        cells[slot] = (cells[slot] | kept) + _ONE  # no branch on whether it is new, which nothing could predict
        slots[j] = slot


@inner
def _in_repeated(chars, positions, slots, repeated, left, n, cells):
    """Characters in n-grams that occurred before; one that is counted is skipped as a whole."""
    characters, free = 0, 0
    for j in range(left):
        if repeated[j] and positions[j] >= free:
            if cells[slots[j]] & _COUNT:  # the first of its kind
                cells[slots[j]] &= ~_COUNT
            else:
                for k in range(positions[j], positions[j] + n):
                    characters += chars[k]
                free = positions[j] + n
    return characters
