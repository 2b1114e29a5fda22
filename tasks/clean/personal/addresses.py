"""IPv4 and IPv6 addresses inside kernels."""

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.clean.personal.before import ADDRESS, COUNTED, VERSION
from tasks.compiled import inner

_SMALL = 20
"""Versions and sections are made of numbers below it."""


@inner
def ipv4(data, start, at, stop, end, groups, about):
    """Whether four numbers with dots, the first at ``at``, are a public address and no version or section."""
    small, below = 0, True
    a, b, c, d = 0, 0, 0, 0
    for k in range(4):
        first, length = groups[k, 0], groups[k, 1] - groups[k, 0]
        if length > 3 or (length > 1 and data[first] == 48):
            return False
        value = 0
        for i in range(first, first + length):
            value = value * 10 + int(data[i]) - 48
        if value > 255:
            return False
        small += value < _SMALL
        below = below and value < 100
        a, b, c, d = b, c, d, value
    if not _is_public(a, b, c):
        return False
    if at > start and (data[at - 1] == 64 or (data[at - 1] == 47 and at - 2 >= start and data[at - 2] == 47)):
        return True
    if about & (VERSION | COUNTED) or _is_specifier(data, start, at) or _goes_on(data, stop, end):
        return False
    if about & ADDRESS:
        return True
    if small >= 3 or (small == 2 and a < 60 and _is_named(data, start, at)):
        return False
    return not (below and a < 60 and _heads(data, start, at, stop, end))


@inner
def _is_specifier(data, start, at):
    """Whether ``==``, ``>=``, ``~=``, ``^``, ``~`` or the like stands before, as in what a package needs."""
    if at == start:
        return False
    last = data[at - 1]
    if last == 94 or last == 126 or last == 60:
        return True
    return last == 61 and at - 2 >= start and data[at - 2] in (61, 62, 60, 126, 33)


@inner
def _goes_on(data, at, end):
    """Whether ``-beta``, ``.post1``, ``+build`` or 版 follows."""
    if at + 1 < end and (data[at] == 45 or data[at] == 46 or data[at] == 43 or data[at] == 95):
        return is_alnum(data[at + 1]) and not is_digit(data[at + 1])
    i = at + 1 if at < end and data[at] == 32 else at
    return i + 3 <= end and data[i] >= 0xE4 and decode(data, i) in (0x7248, 0x8282, 0x6761, 0x7AE0)  # 版节条章


@inner
def _is_named(data, start, at):
    """Whether the word before is a name, with a capital or a digit in it: Firefox 115.0.2.1, C11 7.21.6.1."""
    i = at
    while i > start and at - i < 4 and data[i - 1] == 32:
        i -= 1
    if i == at:
        return False
    while i > start and at - i < 40 and is_alnum(data[i - 1]):
        i -= 1
        if data[i] < 97:
            return True
    return False


@inner
def _heads(data, start, at, stop, end):
    """Whether the number begins a line and a word follows it, as in ``7.21.6.1 The fprintf function``."""
    i = at
    while i > start and at - i < 16 and (data[i - 1] == 32 or data[i - 1] == 35 or data[i - 1] == 9):
        i -= 1
    if i > start and data[i - 1] != 10:
        return False
    return stop + 1 < end and data[stop] == 32 and not is_digit(data[stop + 1]) and data[stop + 1] > 45


@inner
def _is_public(a, b, c):
    if a == 0 or a == 10 or a == 127 or a >= 224 or (a == 169 and b == 254) or (a == 192 and b == 168):
        return False
    if (a == 172 and 16 <= b <= 31) or (a == 100 and 64 <= b <= 127) or (a == 198 and 18 <= b <= 19):
        return False
    return not (
        (a == 192 and b == 0 and (c == 0 or c == 2))
        or (a == 198 and b == 51 and c == 100)
        or (a == 203 and b == 0 and c == 113)
    )


@inner
def ipv6(data, start, at, end):
    """Bytes before the ``:`` at ``at`` that belong to a global IPv6 address, and where it ends; ``at`` for none."""
    i = at
    while i > start and at - i < 5 and _is_hex(data[i - 1]):
        i -= 1
    length = at - i
    if length < 1 or length > 4 or (data[i] != 50 and data[i] != 51) or length != 4:
        return 0, at
    if i > start and (is_alnum(data[i - 1]) or data[i - 1] == 58 or data[i - 1] == 46 or data[i - 1] == 95):
        return 0, at
    groups, gaps, run, k = 1, 0, 0, at
    while k < end:
        if data[k] == 58:
            if k + 1 < end and data[k + 1] == 58:
                gaps += 1
                k += 1
            elif k + 1 >= end or not _is_hex(data[k + 1]):
                break
            k += 1
            run = 0
        elif _is_hex(data[k]) and run < 4:
            groups += 1 if run == 0 else 0
            run += 1
            k += 1
        else:
            break
    documentation = (
        data[i] == 50
        and data[i + 1] == 48
        and data[i + 2] == 48
        and data[i + 3] == 49
        and k - at > 4
        and (data[at + 1] | 32 == 100 and data[at + 2] | 32 == 98 and data[at + 3] == 56)
    )
    whole = (groups == 8 and gaps == 0) or (gaps == 1 and 3 <= groups <= 7)
    if not whole or documentation or (k < end and (is_alnum(data[k]) or data[k] == 95)):
        return 0, at
    return length, k


@inner
def _is_hex(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
