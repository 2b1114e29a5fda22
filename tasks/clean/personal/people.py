"""Names of people in bylines, inside kernels: Chinese ones by their surname, English ones by their capitals.

Only what a byline announces is a name here. An English byline stands at the beginning of a line, or after a bracket,
a semicolon or a bar, as in ``(Reporting by Jane Smith; Editing by Tom Baker)``; a bare ``By`` only at the beginning
of a line that holds little else than names, since prose begins with it too.
"""

import numpy as np

from tasks.clean.kernels.utf8 import before, decode, is_alnum
from tasks.compiled import inner

_PARTICLES = np.array(
    [int.from_bytes(word.encode(), "big") for word in ("van", "von", "de", "der", "den", "la", "bin", "al")]
)
_NO_NAMES = np.array(
    [
        int.from_bytes(word.encode(), "big")
        for word in "The This That These Those Default Using Design Contrast Law Hand Phone Email Mail Your Our Their Its".split()  # noqa: E501, SIM905
    ]
)


@inner
def chinese_name(data, start, at, stop, end, loose, surnames):
    """A Chinese name of two to four characters after the announcing word ``data[at:stop]``.

    Args:
        loose: whether the word is one of prose too (记者), so that a blank or a bracket must set it apart.

    Returns:
        Where the name begins and where it ends; twice ``at`` for none.
    """
    begin = stop
    spaced = False
    while begin < end and (data[begin] == 32 or data[begin] == 9):
        begin += 1
        spaced = True
    bracketed = at > start and (
        data[at - 1] == 40 or (at - 3 >= start and decode(data, before(data, at, start)) == 0xFF08)
    )
    if loose and not (spaced or bracketed):
        return at, at
    finish, num = begin, 0
    while finish + 2 < end and num < 5 and 0xE4 <= data[finish] <= 0xE9:
        code = decode(data, finish)
        if not 0x4E00 <= code <= 0x9FFF:
            break
        if num == 0:
            k = np.searchsorted(surnames, code)
            if k == len(surnames) or surnames[k] != code:
                return at, at
        finish += 3
        num += 1
    return (begin, finish) if 2 <= num <= 4 else (at, at)


@inner
def signed_name(data, floor, at, stop, end, surnames):
    """A Chinese name before the word ``data[at:stop]`` that closes a byline, as in ``王小明 摄`` or ``王小明/文``.

    Args:
        floor: nothing before it is looked at.

    Returns:
        Where the name begins and where it ends; twice ``at`` for none.
    """
    if stop + 2 < end and 0xE4 <= data[stop] <= 0xE9:  # the word goes on: 摄影
        return at, at
    finish = at
    while finish > floor and data[finish - 1] == 32:
        finish -= 1
    if finish == at and data[at] != 47 and data[at] != 0xEF:  # 摄 needs a blank before it, /文 and ／文 do not
        return at, at
    begin, num, code = finish, 0, 0
    while begin - 3 >= floor and num < 5:
        previous = before(data, begin, floor)
        if begin - previous != 3 or not 0x4E00 <= decode(data, previous) <= 0x9FFF:
            break
        begin, code, num = previous, decode(data, previous), num + 1
    opened = begin == floor or data[begin - 1] <= 40 or (begin - 3 >= floor and decode(data, begin - 3) == 0xFF08)
    k = np.searchsorted(surnames, code)
    found = 2 <= num <= 4 and opened and k < len(surnames) and surnames[k] == code
    return (begin, finish) if found else (at, at)


@inner
def english_names(data, start, at, stop, end, bare):
    """English names after the announcing word ``data[at:stop]``, those joined by ``and`` or ``&`` among them.

    Args:
        bare: whether the word is ``By``.

    Returns:
        Where they begin and where they end; twice ``at`` for none.
    """
    if not _opens(data, start, at, bare) or (bare and data[at] != 66):
        return at, at
    begin = stop
    while begin < end and data[begin] == 32:
        begin += 1
    if begin == stop and data[stop - 1] != 58:
        return at, at
    finish = _name(data, begin, end)
    if finish == begin:
        return at, at
    while True:
        more = _after_and(data, finish, end)
        following = _name(data, more, end)
        if more == finish or following == more:
            break
        finish = following
    if bare and not (finish >= end or data[finish] in (10, 44, 124, 40, 45) or _ends_soon(data, finish, end)):
        return at, at
    return begin, finish


@inner
def _opens(data, start, at, bare):
    """Whether a byline may begin at ``at``."""
    i = at
    while i > start and data[i - 1] != 10:
        last = data[i - 1]
        if not bare and (last == 40 or last == 59 or last == 124):
            return True
        if not bare and last == 44 and i < at:  # Text by A B, photos by C D
            return True
        if is_alnum(last) or last >= 0x80:
            return False
        i -= 1
    return True


@inner
def _ends_soon(data, at, end):
    """Whether nothing but blanks and a bar, a dash or a comma follows before the line's other parts."""
    while at < end and data[at] == 32:
        at += 1
    return at >= end or data[at] in (10, 124, 45, 44) or data[at] == 0xE2 or data[at] == 0xC2


@inner
def _after_and(data, at, end):
    """Where a further name would begin, after `` and `` or `` & ``; ``at`` where neither stands there."""
    if at + 5 < end and data[at] == 32 and data[at + 1] == 97 and data[at + 2] == 110 and data[at + 3] == 100:
        return at + 5 if data[at + 4] == 32 else at
    if at + 3 < end and data[at] == 32 and data[at + 1] == 38 and data[at + 2] == 32:
        return at + 3
    return at


@inner
def _name(data, at, end):
    """Where a name of two to four words ends; ``at`` for none. Initials and particles count, but not alone."""
    i, stop, words, full, initials = at, at, 0, 0, 0
    while i < end and words < 4:
        first = i
        while i < end and (97 <= data[i] | 32 <= 122 or data[i] == 39 or data[i] == 45):
            i += 1
        length = i - first
        if length == 0:
            break
        value = 0
        for k in range(first, min(i, first + 7)):
            value = value << 8 | data[k]
        capital = 65 <= data[first] <= 90
        if capital and length == 1 and i < end and data[i] == 46:  # an initial
            i += 1
            initials += 1
        elif capital and length > 1 and 97 <= data[i - 1] <= 122:
            gerund = words == 0 and data[i - 1] == 103 and data[i - 2] == 110 and data[i - 3] == 105  # Changing
            if gerund or _among(value, _NO_NAMES):
                return at
            full += 1
            stop = i
        elif not _among(value, _PARTICLES):
            break
        words += 1
        if i + 1 < end and data[i] == 32:
            i += 1
        else:
            break
    return stop if full >= 1 and full + initials >= 2 else at


@inner
def _among(value, words):
    for word in words:  # noqa: SIM110
        if word == value:
            return True
    return False
