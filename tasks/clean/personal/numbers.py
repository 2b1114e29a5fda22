"""Personal numbers as kernels see them: digits with separators, judged by form, range and checksum."""

import numpy as np

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.clean.personal.kinds import BANK_CARD, ID_NUMBER, IP, NOTHING, PHONE
from tasks.compiled import inner

_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_MAX_GROUPS = 8
_VERSION_WORDS = np.array(
    [
        int.from_bytes(word.encode(), "big")
        for word in ("version", "ver", "v", "release", "revision", "section", "chapter")
    ]
)


@inner
def match_number(data, start, at, end, groups, separators):
    """The personal number that begins with the digit at ``at``: its kind and where it ends.

    The longest reading of the digit groups that makes a number of a known kind wins.

    Args:
        groups: scratch int array of shape [_MAX_GROUPS, 2]; separators: of shape [_MAX_GROUPS].
    """
    num = _split(data, at, end, groups, separators)
    for count in range(num, 0, -1):
        stop = groups[count - 1, 1]
        if count < num and separators[count - 1] != 32:  # a number doesn't stop in the middle of a hyphenated one
            continue
        may_be_x = count == 1 and stop < end and data[stop] | 32 == 120  # the last place of an id number
        if stop < end and (is_alnum(data[stop]) or data[stop] == 95) and not may_be_x:
            continue
        kind, stop = _judge(data, groups, separators, count, stop, end)
        if kind == IP and _is_version(data, start, at):
            return NOTHING, at
        if kind != NOTHING:
            return kind, stop
    return NOTHING, at


@inner
def _is_version(data, start, at):
    """Whether the word before ``at`` says that a version or a section follows, which is written like an address."""
    i = at
    while i > start and (data[i - 1] <= 34 or data[i - 1] in (39, 40, 58, 61)) and data[i - 1] != 10:
        i -= 1
    if i - 3 >= start and data[i - 1] >= 0x80:
        return decode(data, i - 3) in (0x7248, 0x672C, 0x53F7, 0x7B2C, 0x8282)  # 版 本 号 第 节
    value, length = 0, 0
    while i > start and 97 <= data[i - 1] | 32 <= 122 and length < 8:
        value |= int(data[i - 1] | 32) << 8 * length
        i -= 1
        length += 1
    for word in _VERSION_WORDS:  # noqa: SIM110
        if word == value:
            return True
    return False


@inner
def _split(data, at, end, groups, separators):
    """Digit groups from ``at`` on, one separator (blank, hyphen, dot) between them."""
    num = 0
    while num < _MAX_GROUPS and at < end and is_digit(data[at]):
        start = at
        while at < end and is_digit(data[at]):
            at += 1
        groups[num, 0], groups[num, 1] = start, at
        separators[num] = 0
        num += 1
        if at + 1 < end and (data[at] == 32 or data[at] == 45 or data[at] == 46) and is_digit(data[at + 1]):
            separators[num - 1] = data[at]
            at += 1
        else:
            break
    return num


@inner
def _judge(data, groups, separators, num, stop, end):
    lengths = 0  # the groups' lengths as one decimal number: 3-4-4 is 344
    for k in range(num):
        length = groups[k, 1] - groups[k, 0]
        lengths = lengths * 100 + min(length, 99)
    first = groups[0, 0]
    if num == 1:
        length = lengths
        follows_x = stop < end and data[stop] | 32 == 120
        if length == 17 and follows_x and not (stop + 1 < end and is_alnum(data[stop + 1])):
            return (ID_NUMBER, stop + 1) if is_id_number(data, first) else (NOTHING, stop)
        if follows_x:
            return NOTHING, stop
        if length == 18 and is_id_number(data, first):
            return ID_NUMBER, stop
        if length == 11 and _is_mobile(data, first):
            return PHONE, stop
        if length == 13 and data[first] == 56 and data[first + 1] == 54 and _is_mobile(data, first + 2):
            return PHONE, stop
        if 13 <= length <= 19 and _is_card(data, groups, num, length):
            return BANK_CARD, stop
        return NOTHING, stop
    separator = separators[0]
    for k in range(1, num - 1):
        if separators[k] != separator:
            return NOTHING, stop
    if separator == 46:
        if num == 4 and _is_public_ipv4(data, groups):
            return IP, stop
        return (PHONE, stop) if lengths == 30304 and _is_american(data, first, groups[1, 0]) else (NOTHING, stop)
    if lengths == 30404 and data[first] == 49 and 51 <= data[first + 1] <= 57:
        return PHONE, stop
    if lengths == 2030404 and data[first] == 56 and data[first + 1] == 54 and data[groups[1, 0]] == 49:
        return PHONE, stop
    if lengths == 211 and data[first] == 56 and data[first + 1] == 54 and _is_mobile(data, groups[1, 0]):
        return PHONE, stop
    if (lengths == 308 or lengths == 407 or lengths == 408) and _is_area_code(data, first, groups[0, 1]):
        return (PHONE, stop) if data[groups[1, 0]] > 49 else (NOTHING, stop)
    if lengths in (30404, 40304, 40404) and separator == 45 and _is_area_code(data, first, groups[0, 1]):
        return (PHONE, stop) if data[groups[1, 0]] > 49 else (NOTHING, stop)
    if (
        (lengths == 30304 or lengths == 30403)
        and data[first] in (52, 56)
        and data[first + 1] == 48
        and data[first + 2] == 48
    ):
        return PHONE, stop
    if separator == 45 and lengths == 30304 and _is_american(data, first, groups[1, 0]):
        return PHONE, stop
    if separator == 45 and lengths == 1030304 and data[first] == 49 and _is_american(data, groups[1, 0], groups[2, 0]):
        return PHONE, stop
    if lengths in (4040404, 404040403, 404040402, 404040401, 40605, 60813, 613):
        total = 0
        for k in range(num):
            total += groups[k, 1] - groups[k, 0]
        if _is_card(data, groups, num, total):
            return BANK_CARD, stop
    return NOTHING, stop


@inner
def _is_mobile(data, at):
    return data[at] == 49 and 51 <= data[at + 1] <= 57


@inner
def _is_area_code(data, at, stop):
    """Whether these are the digits of a mainland area code: 010, 02x, 03xx to 09xx."""
    if data[at] != 48:
        return False
    if stop - at == 3:
        return data[at + 1] == 50 or (data[at + 1] == 49 and data[at + 2] == 48)
    return stop - at == 4 and data[at + 1] >= 51


@inner
def _is_american(data, area, exchange):
    return data[area] >= 50 and data[exchange] >= 50


@inner
def is_id_number(data, at):
    """Whether the 18 characters at ``at`` are a resident identity number (GB 11643: region, date, checksum)."""
    total = 0
    for k in range(17):
        total += (data[at + k] - 48) * _ID_WEIGHTS[k]
    last = data[at + 17] - 32 if data[at + 17] == 120 else data[at + 17]
    if last != _ID_CHECKS[total % 11]:
        return False
    year = _number(data, at + 6, at + 10)
    month = _number(data, at + 10, at + 12)
    day = _number(data, at + 12, at + 14)
    return 49 <= data[at] <= 57 and 1880 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


@inner
def _number(data, at, stop):
    value = 0
    for k in range(at, stop):
        value = value * 10 + data[k] - 48
    return value


@inner
def _is_card(data, groups, num, length):
    """Whether the digits of the groups begin like a payment card of that length and pass the Luhn check."""
    total, position = 0, 0
    for k in range(num - 1, -1, -1):
        for i in range(groups[k, 1] - 1, groups[k, 0] - 1, -1):
            digit = data[i] - 48
            if position % 2 == 1:
                digit = digit * 2 - 9 if digit > 4 else digit * 2
            total += digit
            position += 1
    if total % 10 != 0:
        return False
    lead, given = 0, 0
    for k in range(num):
        for i in range(groups[k, 0], groups[k, 1]):
            if given < 4:
                lead = lead * 10 + data[i] - 48
                given += 1
    two = lead // 100
    if two == 62:
        return 16 <= length <= 19
    if length == 15:
        return two == 34 or two == 37
    if length == 14:
        return two == 36 or two == 38
    if length != 16:
        return False
    return lead // 1000 == 4 or 51 <= two <= 55 or 2221 <= lead <= 2720 or two == 35 or lead == 6011 or two == 65


@inner
def _is_public_ipv4(data, groups):
    a, b, c, d = 0, 0, 0, 0
    for k in range(4):
        length = groups[k, 1] - groups[k, 0]
        if length > 3 or (length > 1 and data[groups[k, 0]] == 48):
            return False
        value = _number(data, groups[k, 0], groups[k, 1])
        if value > 255:
            return False
        if k == 0:
            a = value
        elif k == 1:
            b = value
        elif k == 2:
            c = value
        else:
            d = value
    if a < 20 and b < 20 and c < 20 and d < 100:  # reads like a version or a section, and is hardly anybody's address
        return False
    if a == 0 or a == 10 or a == 127 or a >= 224 or (a == 169 and b == 254) or (a == 192 and b == 168):
        return False
    if (a == 172 and 16 <= b <= 31) or (a == 100 and 64 <= b <= 127) or (a == 198 and 18 <= b <= 19):
        return False
    return not (
        (a == 192 and b == 0 and (c == 0 or c == 2))
        or (a == 198 and b == 51 and c == 100)
        or (a == 203 and b == 0 and c == 113)
    )
