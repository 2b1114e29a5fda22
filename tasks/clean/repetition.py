"""Repetition inside kernels: Gopher's n-gram shares, exactly, at a fraction of the look-ups.

An n-gram that occurs twice is made of two (n-1)-grams that occur twice. So all 2-grams are counted,
and each longer length only looks where both shorter ones were repeated: in ordinary prose hardly
anything is left from 5-grams on, and the cost is near that of counting 2-grams alone.
"""

import numpy as np

from tasks.clean.words import mix
from tasks.compiled import inner

_ONE = np.uint64(1)


@inner
def n_gram_shares(hashes, chars, num, num_chars, scratch, keys, counts, stamps, stamp, out):
    """Shares of characters in the top 2-, 3- and 4-gram and in repeated 5- to 10-grams.

    Follows ``datatrove``'s GopherRepetitionFilter: a top n-gram's characters include the blanks between its
    words, a repeated n-gram is skipped as a whole.

    Args:
        hashes, chars: of ``num`` words.
        scratch: int array of shape [4, at least num]: positions, slots, repeated, seen.
        keys, counts, stamps: a hash table of a power of two of at least ``2 * num`` slots.
        stamp: int array of one: the table's generation, so that it needs no clearing.
        out: filled with nine shares.
    """
    for k in range(9):
        out[k] = 0.0
    if num < 2:
        return
    positions, slots, repeated = scratch[0], scratch[1], scratch[2]
    grams = hashes[num:]  # the second half of the buffer holds the n-grams' hashes
    left = num - 1
    for i in range(left):
        positions[i] = i
        grams[i] = hashes[i]
    for n in range(2, 11):
        if n > 2:
            kept = 0  # places where this and the next (n-1)-gram are both repeated
            for j in range(left - 1):
                if repeated[j] and repeated[j + 1] and positions[j + 1] == positions[j] + 1:
                    positions[kept] = positions[j]
                    kept += 1
            left = kept
        mask = 16
        while mask < 2 * left:
            mask *= 2
        mask -= 1
        stamp[0] += 1
        generation = stamp[0]
        for j in range(left):
            i = positions[j]
            value = mix(grams[i], hashes[i + n - 1])
            grams[i] = value
            slot = np.int64(value & np.uint64(mask))
            while stamps[slot] == generation and keys[slot] != value:
                slot = (slot + 1) & mask
            if stamps[slot] != generation:
                stamps[slot] = generation
                keys[slot] = value
                counts[slot] = 0
            counts[slot] += 1
            slots[j] = slot
        best, where = 1, 0
        for j in range(left):
            count = counts[slots[j]]
            repeated[j] = count > 1
            if count > best:
                best, where = count, positions[j]
        if n <= 4:
            if num >= n:
                length = n - 1
                for k in range(where, where + n):
                    length += chars[k]
                out[n - 2] = length * best / num_chars
        else:
            duplicate, free = 0, 0
            for j in range(left):
                if repeated[j] and positions[j] >= free:
                    if counts[slots[j]] > 0:  # the first of its kind
                        counts[slots[j]] = -1
                    else:
                        for k in range(positions[j], positions[j] + n):
                            duplicate += chars[k]
                        free = positions[j] + n
            out[n - 2] = duplicate / num_chars
