"""Characters by class, inside kernels: ASCII through a histogram of bytes, the rest one by one."""

import numpy as np

from tasks.clean.kernels.blocks import EVERY, load
from tasks.clean.kernels.characters import CLASS, FUNCTION, MISREAD
from tasks.clean.kernels.mojibake import GROUPS, LAST, RUN, WRONG, misread, misread_wide
from tasks.clean.kernels.utf8 import decode, width_of
from tasks.clean.signals.figures import (
    CLOSED,
    DOLLARS,
    ELLIPSES,
    FUNCTION_CHARACTERS,
    HASHES,
    MOJIBAKE,
    NEWLINES,
    OPENED,
)
from tasks.compiled import inner

_BYTE = np.uint64(0xFF)


@inner
def count_characters(data, start, end, classes, histogram, figures):
    """Count the characters of ``data[start:end]``.

    Args:
        histogram: int32 of [4, 256], zero: ASCII bytes are counted in turn in each row, since a count that
            has to wait for the one before it takes five times as long.
        figures: filled by class and with marks of interest; ELLIPSES only with the character.

    Returns:
        The number of characters.
    """
    num, i, last, seen = 0, start, 0, start
    bits, bits_before, run = 0, 0, 0
    while i < end:
        block = load(data, i)
        if i + 8 <= end and not block & EVERY:
            for k in range(8):
                histogram[k & 3, (block >> np.uint64(8 * k)) & _BYTE] += 1
            i += 8
            continue
        byte = data[i]
        if byte < 0x80:
            histogram[0, byte] += 1
            i += 1
            continue
        code = decode(data, i)
        kind = classes[code]
        figures[kind & CLASS] += 1
        if kind & FUNCTION:
            figures[FUNCTION_CHARACTERS] += 1
        if seen != i:  # the character before is ASCII
            last, bits, bits_before, run = 0, 0, 0, 0
        if code < LAST:
            figures[ELLIPSES] += code == 0x2026
            group = GROUPS[code]
            run = run + 1 if group & RUN else 0
            if group & WRONG:
                figures[MOJIBAKE] += misread(data, i, end, width_of(byte), code, run, bits, bits_before)
            bits, bits_before = group, bits
        else:
            if kind & MISREAD:
                figures[MOJIBAKE] += misread_wide(data, i, end, code, last)
            bits, bits_before, run = 0, 0, 0
        last = code
        i += width_of(byte)
        seen = i
        num += 1
    for byte in range(128):
        found = histogram[0, byte] + histogram[1, byte] + histogram[2, byte] + histogram[3, byte]
        histogram[0, byte] = found
        figures[classes[byte] & CLASS] += found
        num += found
    figures[NEWLINES] = histogram[0, 10]
    figures[HASHES] = histogram[0, 35]
    figures[DOLLARS] = histogram[0, 36]
    figures[OPENED] = histogram[0, 40] + histogram[0, 91] + histogram[0, 123]
    figures[CLOSED] = histogram[0, 41] + histogram[0, 93] + histogram[0, 125]
    return num
