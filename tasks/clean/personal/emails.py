"""E-mail addresses inside kernels, written whole or spelled: ``a@b.org``, ``{a,b}@c.org``, ``a [at] b [dot] org``."""

from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.clean.personal.domains import SECOND_LEVEL
from tasks.compiled import inner

_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253  # RFC 5321


@inner
def email(data, start, at, end, lexicon):
    """Bytes before the ``@`` at ``at`` that belong to an address, and where it ends; 0 for none."""
    i = at
    spaced = at - 2 >= start and data[at - 1] == 32 and at + 1 < end and data[at + 1] == 32
    if spaced:
        i -= 1
    braces = i > start and data[i - 1] == 125  # {a,b}@c.org
    i = _group(data, start, i) if braces else _local(data, start, i)
    local = at - i
    if local < 1 or (spaced and local < 4):
        return 0, at
    stop = domain(data, at + 2 if spaced else at + 1, end, lexicon)
    if stop <= at + 1 or not _ends(data, stop, end):
        return 0, at
    if stop < end and data[stop] == 39 and data[i] != 123:  # quoted: u'a@b.org'
        for k in range(at - 1, i - 1, -1):
            if data[k] == 39:
                i = k + 1
                break
    if at - i < 1 or (spaced and not _is_common(data, stop)):
        return 0, at
    if data[i] < 0x80 and at - i == 3 and data[i] == 103 and data[i + 1] == 105 and data[i + 2] == 116:
        return 0, at  # git@ names no person
    if (at - i == 1 and stop - at < 7) or _is_own(data, at + 1):
        return 0, at
    if i - 2 >= start and data[i - 1] == 47 and is_alnum(data[i - 2]) and not _is_common(data, stop):
        return 0, at  # actions/checkout@main.yml
    return (0, at) if _is_userinfo(data, start, i) else (at - i, stop)


@inner
def _is_userinfo(data, start, at):
    """Whether ``://user:`` stands before ``at``, so that what follows is a password's place in a URL."""
    if at == start or data[at - 1] != 58:
        return False
    i = at - 1
    while i > start and at - i < 66 and (is_alnum(data[i - 1]) or data[i - 1] in (37, 43, 45, 46, 95)):
        i -= 1
    return i - 3 >= start and data[i - 1] == 47 and data[i - 2] == 47 and data[i - 3] == 58


@inner
def spelled_email(data, start, at, stop, end, lexicon):
    """An address whose ``@`` is written ``(at)``, ``[at]`` or at, ``data[at:stop]``; where it begins and ends.

    A plain ``at`` is prose unless ``dot`` is spelled too: twice, or once where the address opens a line or follows a
    colon, or both are in capitals.
    """
    i, after = at, stop
    bracket = i > start and data[i - 1] in (40, 91, 123, 60) and after < end and data[after] in (41, 93, 125, 62)
    if bracket:
        i, after = i - 1, after + 1
    if i > start and data[i - 1] == 32:
        i -= 1
    elif not bracket:
        return at, at
    if after < end and data[after] == 32:
        after += 1
    elif not bracket:
        return at, at
    begin = _local(data, start, i)
    if begin == i:
        return at, at
    finish, dots = _spelled_domain(data, after, end, lexicon)
    if finish == after:
        return at, at
    opened = (
        begin == start
        or data[begin - 1] in (10, 40, 60, 58)
        or (begin - 2 >= start and data[begin - 1] == 32 and data[begin - 2] == 58)
    )
    capitals = data[at] == 65 and data[at + 1] == 84
    if not bracket and not (dots >= 2 or (dots == 1 and (opened or capitals))):
        return at, at
    return begin, finish


@inner
def hashed_email(data, start, at, end, lexicon):
    """An address whose ``@`` is written ``#``, as the text behind it (``#换成@``) or the host says; see ``email``."""
    i = _local(data, start, at)
    if i == at or at - i < 3:
        return 0, at
    stop = domain(data, at + 1, end, lexicon)
    if stop <= at + 1 or not _is_common(data, stop):
        return 0, at
    told = is_digit(data[at + 1]) or (data[at + 1] == 113 and data[at + 2] == 113)  # 163.com, 126.com, qq.com
    for k in range(stop, min(end, stop + 24)):
        told = told or data[k] == 64
    return (at - i, stop) if told else (0, at)


@inner
def domain(data, at, end, lexicon):
    """Where the domain name at ``at`` ends, in letters of any script; ``at`` for none."""
    k, label, dots, stop = at, at, 0, at
    while k < end and k - at < _LONGEST_DOMAIN:
        byte = data[k]
        width = _letter(data, k, end, True)
        if width > 0:
            k += width
        elif byte == 45 and k > label:
            k += 1
        elif byte == 46 and k > label and k + 1 < end and _letter(data, k + 1, end, True) > 0:
            dots += 1
            k += 1
            label = k
        else:
            break
        whole = dots > 0 and k - label >= 2 and (k >= end or _letter(data, k, end, data[k - 1] >= 0x80) == 0)
        if whole and _is_top_level(data, label, k, dots, lexicon):
            stop = k
    return stop


@inner
def _is_top_level(data, at, stop, dots, lexicon):
    """Whether ``data[at:stop]`` is a top-level domain, in one case, that may stand behind so many dots."""
    node, upper, lower = 0, 0, 0
    for k in range(at, stop):
        node = lexicon.domains[node, data[k]]
        if node == 0:
            return False
        upper += 65 <= data[k] <= 90
        lower += 97 <= data[k] <= 122
    kind = lexicon.domain_kinds[node]
    return kind > 0 and not (upper and lower) and (kind != SECOND_LEVEL or dots > 1)


@inner
def _letter(data, at, end, ideographs):
    """Bytes of the letter or digit at ``at``: ASCII, Latin, Greek, Cyrillic and, where wanted, Chinese; else 0."""
    byte = data[at]
    if byte < 0x80:
        return 1 if is_alnum(byte) else 0
    if 0xC3 <= byte <= 0xD4 and at + 1 < end:
        return 2 if byte != 0xC3 or (data[at + 1] != 0x97 and data[at + 1] != 0xB7) else 0
    if ideographs and 0xE4 <= byte <= 0xE9 and at + 2 < end:
        return 3
    return 0


@inner
def _local(data, start, at):
    """Where the local part that ends at ``at`` begins."""
    i = at
    while i > start and at - i <= _LONGEST_LOCAL:
        last = data[i - 1]
        if is_alnum(last) or last in (46, 95, 37, 43, 45) or (last == 39 and i < at and is_alnum(data[i])):
            i -= 1
        elif i - 2 >= start and 0x80 <= last < 0xC0 and _letter(data, i - 2, at, False) == 2:
            i -= 2
        else:
            break
    while i < at and not is_alnum(data[i]) and data[i] < 0x80:
        i += 1
    if i < at and i + 1 < at and data[i + 1] == 39 and data[i] | 32 in (98, 102, 114, 117):  # b'', f'', r'', u''
        i += 2
    return i if i < at and data[at - 1] not in (46, 37, 39) else at


@inner
def _group(data, start, at):
    """Where the group ``{a,b}`` that ends at ``at`` begins; ``at`` for none."""
    i, letters = at - 1, 0
    while i > start and at - i < 200:
        last = data[i - 1]
        if last == 123:
            return i - 1 if letters > 1 else at
        if not (is_alnum(last) or last in (32, 44, 45, 46, 95, 124)):
            return at
        letters += is_alnum(last)
        i -= 1
    return at


@inner
def _ends(data, stop, end):
    """Whether an address may end at ``stop``: it isn't called, indexed or gone on with."""
    if stop >= end:
        return True
    return not (is_alnum(data[stop]) or data[stop] in (40, 91, 95)) and not (
        (data[stop] == 46 and stop + 1 < end and is_alnum(data[stop + 1])) or 0xC3 <= data[stop] <= 0xD4
    )


@inner
def _is_common(data, stop):
    """Whether what ends at ``stop`` is ``.com``, ``.net``, ``.org``, ``.edu``, ``.gov`` or ``.cn``."""
    a, b, c, d = data[stop - 4], data[stop - 3] | 32, data[stop - 2] | 32, data[stop - 1] | 32
    if data[stop - 3] == 46 and c == 99 and d == 110:
        return True
    if a != 46:
        return False
    return (
        (b == 99 and c == 111 and d == 109)
        or (b == 110 and c == 101 and d == 116)
        or (b == 111 and c == 114 and d == 103)
        or (b == 101 and c == 100 and d == 117)
        or (b == 103 and c == 111 and d == 118)
    )


@inner
def _is_own(data, at):
    """Whether ``self.``, ``this.`` or ``cls.`` stands at ``at``, so that the ``@`` multiplies."""
    a, b, c, d = data[at], data[at + 1], data[at + 2], data[at + 3]
    if a == 99 and b == 108 and c == 115 and d == 46:
        return True
    if data[at + 4] != 46:
        return False
    return (a == 115 and b == 101 and c == 108 and d == 102) or (a == 116 and b == 104 and c == 105 and d == 115)


@inner
def _spelled_domain(data, at, end, lexicon):
    """Where a domain name with spelled dots ends, and how many of these it has; ``at`` for none."""
    k, dots, label, plain = at, 0, at, 0
    while k < end and k - at < _LONGEST_DOMAIN and dots < 8:
        if is_alnum(data[k]) or (data[k] == 45 and k > label):
            k += 1
            continue
        step = _spelled_dot(data, k, end)
        if step == 0 and data[k] == 46 and k + 1 < end and is_alnum(data[k + 1]):
            plain += 1
            step = 1
        elif step > 0:
            dots += 1
        if step == 0 or k == label:
            break
        k += step
        label = k
    found = dots + plain > 0 and k - label >= 2 and _is_top_level(data, label, k, dots + plain, lexicon)
    return (k, dots) if found else (at, 0)


@inner
def _spelled_dot(data, at, end):
    """Bytes of `` dot ``, ``[dot]``, ``(dot)`` or `` [dot] `` at ``at``; 0 for none."""
    k = at
    spaced = k < end and data[k] == 32
    k += spaced
    bracket = k < end and data[k] in (40, 91, 123, 60)
    k += bracket
    if k + 3 >= end or data[k] | 32 != 100 or data[k + 1] | 32 != 111 or data[k + 2] | 32 != 116:
        return 0
    k += 3
    if bracket:
        if data[k] not in (41, 93, 125, 62):
            return 0
        k += 1
    if spaced and k < end and data[k] == 32:
        k += 1
    elif not bracket:
        return 0
    return k - at if bracket or spaced else 0
