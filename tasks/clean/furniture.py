"""Lines that are furniture of a page rather than text, as RefinedWeb's line rules have them (Penedo et al. 2023, G.2).

Mostly capitals, nothing but numbers, a counter (``3 likes``), or a single word. The rules were made for English: a
line with anything but ASCII in it is none of these, since a Chinese sentence has neither capitals nor blanks, and
neither is a line of more than 240 bytes.
"""

from tasks.clean.utf8 import is_alnum, is_digit
from tasks.compiled import inner

_MOSTLY = 0.6
_LONGEST = 240  # bytes; what is longer is text, whatever its case


@inner
def is_furniture(data, at, stop, words):
    """Whether the line ``data[at:stop]`` (blanks at its ends aside, ``words`` of them between blanks) is furniture."""
    if stop - at > _LONGEST:
        return False
    upper, letters, digits = 0, 0, 0
    for i in range(at, stop):
        byte = data[i]
        if byte >= 0x80:
            return False
        if is_digit(byte):
            digits += 1
        elif is_alnum(byte):
            letters += 1
            upper += byte < 97
    if letters == 0:
        return digits > 0
    counter = words == 2 and digits + letters + 1 == stop - at and is_digit(data[at]) and not is_digit(data[stop - 1])
    return words == 1 or upper > _MOSTLY * letters or counter
