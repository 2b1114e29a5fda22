"""Phone numbers that begin with a plus or a bracket, inside kernels."""

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.compiled import inner

_MOST = 15
"""Digits of an international number (ITU-T E.164)."""


@inner
def international(data, start, at, end, again):
    """Where the international number that begins with the ``+`` at ``at`` ends; ``at`` for none.

    Args:
        again: whether another phone number stands right before, so that the plus does not add.
    """
    if at + 8 > end or (at > start and (is_alnum(data[at - 1]) or data[at - 1] == 41 or data[at - 1] == 43)):
        return at
    first = data[at + 1]
    most = 14 if first == 56 and data[at + 2] == 54 else 11 if first == 49 else _MOST
    adds = not again and _is_sum(data, start, at)
    i, digits, groups, best = at + 1, 0, 0, at
    while i < end and is_digit(data[i]):
        run = i
        while i < end and digits <= most and is_digit(data[i]):
            digits += 1
            i += 1
        groups += 1
        if digits > most or (i < end and (is_alnum(data[i]) or data[i] == 95)):
            break
        if _is_international(data, at, digits, groups, i - run, most, adds):
            best = i
        i = _behind_separators(data, i, end)
    return best


@inner
def _behind_separators(data, at, end):
    """The first byte behind at most four blanks, hyphens, dots, slashes and brackets."""
    for _ in range(4):
        if at < end and (data[at] == 32 or data[at] == 45 or data[at] == 46 or data[at] == 40 or data[at] == 41):
            at += 1
        elif (
            at + 3 <= end and data[at] >= 0xE2 and decode(data, at) in (0x2010, 0x2011, 0x2013, 0x2014, 0xFF08, 0xFF09)
        ):
            at += 3
        else:
            break
    return at


@inner
def _is_sum(data, start, at):
    """Whether a number stands before the plus, so that it adds."""
    i = at
    while i > start and at - i < 4 and data[i - 1] == 32:
        i -= 1
    return i > start and (is_digit(data[i - 1]) or data[i - 1] == 93 or data[i - 1] == 62)


@inner
def _is_international(data, at, digits, groups, last, most, adds):
    if digits < 8 or data[at + 1] == 48:
        return False
    if most == 14:
        lead = data[at + 3] == 49 and data[at + 4] >= 51
        return (digits == 13 and lead) or (groups > 1 and 10 <= digits <= 14)
    if most == 11:
        return digits == most and (last == 4 if groups > 1 else data[at + 2] >= 50)
    if groups == 1:
        return not adds and _is_whole(data, at, digits)
    return groups >= 3 or (groups == 2 and (digits >= 10 or _is_whole(data, at, digits)))


@inner
def _is_whole(data, at, digits):
    """Whether a number written in one piece has a country's code and the digits that go with it."""
    code = (int(data[at + 1]) - 48) * 10 + int(data[at + 2]) - 48
    third = int(data[at + 3]) - 48
    if code == 85:
        return third in (2, 3) and digits == 11
    if code == 88:
        return third == 6 and 11 <= digits <= 12
    if code in (35, 37, 38, 42, 96, 97, 99, 21, 22, 23, 24, 25, 26):
        return 11 <= digits <= 13
    if code in (65, 45, 47):
        return digits == 10
    if code in (31, 33, 32, 34, 41, 48, 61, 64, 66, 84, 46, 36, 30, 40, 51, 56, 27):
        return digits == 11
    if code in (44, 49, 39, 43, 81, 82, 91, 90, 92, 55, 52, 54, 57, 60, 62, 63, 20, 98, 95, 94):
        return 11 <= digits <= 13
    return data[at + 1] == 55 and digits == 11


@inner
def bracketed_phone(data, at, end):
    """Where a number such as ``(415) 555-2671``, ``(010)12345678`` or ``（86-10）6234 5678`` ends; ``at`` for none."""
    i = at + (3 if data[at] == 0xEF else 1)
    if i + 3 < end and data[i] == 56 and data[i + 1] == 54 and data[i + 2] == 45:
        i += 3
        if data[i] == 48:
            i += 1
    elif i < end and data[i] == 48:
        i += 1
    elif data[at] == 0xEF:
        return at
    first = i
    while i < end and i - first < 5 and is_digit(data[i]):
        i += 1
    area = i - first
    domestic = data[first - 1] == 48 or data[first - 1] == 45
    if area < 1 or area > 3 or i >= end:
        return at
    if data[i] == 41:
        i += 1
    elif i + 3 <= end and data[i] == 0xEF and decode(data, i) == 0xFF09:
        i += 3
    else:
        return at
    if i < end and (data[i] == 32 or data[i] == 45):
        i += 1
    begin, groups, digits, best = i, 0, 0, at
    american = not domestic and area == 3 and data[first] >= 50
    while i < end and groups < 3 and is_digit(data[i]):
        run = i
        while i < end and i - run < 9 and is_digit(data[i]):
            i += 1
        digits += i - run
        groups += 1
        if i < end and is_alnum(data[i]):
            return best
        if domestic and 7 <= digits <= 8 and data[begin] > 49:
            best = i
        if american and groups == 2 and digits == 7 and i - run == 4:
            best = i
        if not (i + 1 < end and (data[i] == 32 or data[i] == 45 or data[i] == 46)):
            break
        i += 1
    return best
