"""Lines that are furniture of a page rather than text, as RefinedWeb's line rules have them (Penedo et al. 2023, G.2).

Mostly capitals, nothing but numbers, a counter (``3 likes``), or a single word. The rules were made for English: a
line with anything but ASCII in it is none of these, since a Chinese sentence has neither capitals nor blanks, and
neither is a line of more than 240 bytes.
"""

import numpy as np

from tasks.clean.kernels.blocks import EVERY, load, not_letters, num_marked
from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.compiled import inner

_MOSTLY = 0.6
_LONGEST = 240  # bytes; what is longer is text, whatever its case
_TWO = np.uint64(2)  # places from the bit that tells the case to a mark's
_ONE = np.uint64(1)


@inner
def is_furniture(data, at, stop, words):
    """Whether the line ``data[at:stop]`` (blanks at its ends aside, ``words`` of them between blanks) is furniture."""
    if stop - at > _LONGEST:
        return False
    upper, letters = 0, 0
    for i in range(at, stop, 8):
        block = load(data, i)
        if stop - i < 8:
            block &= (_ONE << np.uint64(8 * (stop - i))) - _ONE
        if block & EVERY:
            return False
        marks = ~not_letters(block) & EVERY
        letters += num_marked(marks)
        upper += num_marked(marks & ~(block << _TWO))
    if letters == 0:
        for i in range(at, stop):
            if is_digit(data[i]):
                return True
        return False
    return words == 1 or upper > _MOSTLY * letters or (words == 2 and _is_counter(data, at, stop))


@inner
def _is_counter(data, at, stop):
    """Whether the line is a number, a blank and a word."""
    i = at
    while i < stop and is_digit(data[i]):
        i += 1
    if i in (at, stop) or data[i] != 32:
        return False
    for k in range(i + 1, stop):
        if not is_alnum(data[k]) or is_digit(data[k]):
            return False
    return True
