"""Ids of WeChat, QQ and their like, passports and Hong Kong identity cards inside kernels: what a word announces."""

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.compiled import inner

_NONE, _BLANK, _MARK, _COLON = range(4)
_NUMBER = (0x53F7, 0x7801, 0x865F, 0x78BC)  # 号码號碼


@inner
def qq(data, at, stop, end, is_code):
    """The number that the word ``data[at:stop]`` announces."""
    begin, mark, named = _announced(data, stop, end)
    latin = is_alnum(data[at])
    equals = begin > stop and data[begin - 1] == 61 and begin - stop == 1 and 65 <= data[at] <= 90
    if (is_code and latin and not named) or (mark == _MARK and not equals):
        return at, at
    finish = begin
    while finish < end and finish - begin < 12 and is_digit(data[finish]):
        finish += 1
    length = finish - begin
    if length < (5 if mark == _COLON or named else 7) or length > 11 or data[begin] == 48:
        return at, at
    if _goes_on(data, finish, end) or _is_round(data, begin, finish) or _counts(data, finish, end):
        return at, at
    return begin, finish


@inner
def further_qq(data, at, end):
    """A further number behind one that ends at ``at``, as in ``123456789、987654321``."""
    i = at
    if i < end and (data[i] == 44 or data[i] == 47):
        i += 1
    elif i + 3 <= end and data[i] >= 0xE3 and decode(data, i) in (0x3001, 0xFF0C, 0x6216, 0x548C):  # 、，或和
        i += 3
    else:
        return at, at
    if i < end and data[i] == 32:
        i += 1
    finish = i
    while finish < end and finish - i < 12 and is_digit(data[finish]):
        finish += 1
    found = (
        6 <= finish - i <= 10 and data[i] > 48 and not _goes_on(data, finish, end) and not _is_round(data, i, finish)
    )
    return (i, finish) if found else (at, at)


@inner
def wechat(data, at, stop, end, is_code):
    """The id that the word ``data[at:stop]`` announces; letters alone only behind 号 or ID and a colon."""
    begin, mark, named = _announced(data, stop, end)
    latin = is_alnum(data[at])
    if (is_code and latin and not named) or mark == _MARK:
        return at, at
    adding = data[at] == 43 or (data[at] >= 0x80 and decode(data, at) in (0x52A0, 0x6DFB))  # 加添
    if mark == _NONE and not named and not adding:
        return at, at
    finish, digits, joints, letters = begin, 0, 0, 0
    while finish < end and finish - begin < 21 and (is_alnum(data[finish]) or data[finish] == 95 or data[finish] == 45):
        digits += is_digit(data[finish])
        joints += data[finish] == 95 or data[finish] == 45
        letters += not is_digit(data[finish]) and data[finish] != 95 and data[finish] != 45
        finish += 1
    if not 6 <= finish - begin <= 20 or _goes_on(data, finish, end):
        return at, at
    if letters == 0:  # a QQ number, or a phone's
        found = joints == 0 and mark == _COLON and data[begin] > 48 and not _is_round(data, begin, finish)
        return (begin, finish) if found and not _counts(data, finish, end) else (at, at)
    plain = digits == 0 and joints == 0
    if (plain and not (named and mark == _COLON)) or (digits == 0 and mark < _COLON and not named and not adding):
        return at, at
    return begin, finish


@inner
def wxid(data, at, stop, end):
    """An id that WeChat gave itself, ``wxid_`` and letters and digits."""
    finish, digits = stop, 0
    while finish < end and finish - stop < 30 and is_alnum(data[finish]):
        digits += is_digit(data[finish])
        finish += 1
    return (at, finish) if finish - stop >= 6 and digits > 0 and not _goes_on(data, finish, end) else (at, at)


@inner
def weibo(data, at, stop, end):
    """The name behind ``微博：@``."""
    begin, _, _ = _announced(data, stop, end)
    if begin >= end or data[begin] != 64:
        return at, at
    finish = begin + 1
    while finish < end and finish - begin < 60:
        if is_alnum(data[finish]) or data[finish] == 95 or data[finish] == 45:
            finish += 1
        elif finish + 3 <= end and 0xE4 <= data[finish] <= 0xE9:
            finish += 3
        else:
            break
    return (begin, finish) if 4 < finish - begin < 60 else (at, at)


@inner
def passport(data, at, stop, end, is_code):
    """The passport number that the word ``data[at:stop]`` announces: digits behind a letter, or named as a number."""
    begin, mark, named = _announced(data, stop, end)
    named = named or stop - at > 8  # passport no, 护照号
    if (is_code or data[at] < 0x80) and mark == _MARK and not named:
        return at, at
    finish = begin
    if finish < end and not is_digit(data[finish]) and is_alnum(data[finish]):
        finish += 1
        if finish < end and 65 <= data[finish] <= 90:
            finish += 1
    lettered = finish > begin
    first = finish
    while finish < end and finish - first < 10 and is_digit(data[finish]):
        finish += 1
    found = 7 <= finish - first <= 9 and (lettered or named) and not (finish < end and is_alnum(data[finish]))
    return (begin, finish) if found else (at, at)


@inner
def identity_card(data, at, stop, end):
    """The number of a Hong Kong identity card that the word ``data[at:stop]`` announces, as ``A123456(3)``."""
    begin, _, _ = _announced(data, stop, end)
    i = begin
    while i < end and i - begin < 2 and 65 <= data[i] <= 90:
        i += 1
    if i == begin:
        return at, at
    first = i
    while i < end and i - first < 7 and is_digit(data[i]):
        i += 1
    if i - first != 6 or i >= end:
        return at, at
    wide = i + 3 <= end and data[i] == 0xEF and decode(data, i) == 0xFF08
    bracket = data[i] == 40 or wide
    i += 3 if wide else bracket
    if i >= end or not (is_digit(data[i]) or data[i] == 65):
        return at, at
    i += 1
    if bracket:
        if i < end and data[i] == 41:
            i += 1
        elif i + 3 <= end and data[i] == 0xEF and decode(data, i) == 0xFF09:
            i += 3
        else:
            return at, at
    return (begin, i) if not (i < end and is_alnum(data[i])) else (at, at)


@inner
def _announced(data, at, end):
    """The first byte behind marks between a word and its id, what kind they are, and whether 号 or ID is said.

    是 and 为 announce after 号 alone; an equals sign is a mark of code.
    """
    i, mark = at, _NONE
    named = data[at - 1] >= 0x80 and decode(data, at - 3) in _NUMBER
    while i < end and i - at < 24:
        byte = data[i]
        if byte == 32 or byte == 35 or byte == 46:
            mark = max(mark, _BLANK)
            i += 1
        elif byte == 58 or byte == 40:
            mark = _COLON
            i += 1
        elif byte == 61:
            mark = _MARK
            i += 1
        elif (
            i + 1 < end
            and mark < _COLON
            and byte | 32 == 105
            and data[i + 1] | 32 == 100
            and not (is_alnum(data[i + 2]))
        ):
            named = True  # ID
            i += 2
        elif i + 3 <= end and byte >= 0xE4:
            code = decode(data, i)
            if code == 0xFF1A or code == 0xFF08:  # ：（
                mark = _COLON
            elif code in _NUMBER:
                named = True
            elif (code == 0x662F or code == 0x4E3A) and named:  # 是为
                mark = _COLON
            else:
                break
            i += 3
        else:
            break
    return i, mark, named


@inner
def _goes_on(data, at, end):
    """Whether what stands at ``at`` makes what is before it something else: a call, a member, a file, a key."""
    if at >= end:
        return False
    if is_alnum(data[at]) or data[at] in (95, 40, 91, 61, 64):
        return True
    return data[at] in (46, 58, 47) and at + 1 < end and (is_alnum(data[at + 1]) or data[at + 1] == 47)


@inner
def _is_round(data, at, end):
    """Whether half of the digits ``data[at:end]``, and four at least, are zeros at the end."""
    zeros = 0
    while zeros < end - at and data[end - 1 - zeros] == 48:
        zeros += 1
    return zeros >= 4 and 2 * zeros >= end - at


@inner
def _counts(data, at, end):
    """Whether a unit follows: 人, 位, 个, users."""
    i = at + 1 if at < end and data[at] == 32 else at
    if i + 3 <= end and data[i] >= 0xE4:
        return decode(data, i) in (0x4EBA, 0x4F4D, 0x4E2A, 0x6B21, 0x4E07, 0x540D, 0x5143, 0x5E74)  # 人位个次万名元年
    if i + 4 >= end:
        return False
    users = data[i] == 117 and data[i + 1] == 115 and data[i + 2] == 101 and data[i + 3] == 114
    online = data[i] == 111 and data[i + 1] == 110 and data[i + 2] == 108 and data[i + 3] == 105
    return users or online or (data[i] == 112 and data[i + 1] == 101 and data[i + 2] == 111)
