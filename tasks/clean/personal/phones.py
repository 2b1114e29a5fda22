"""Phone numbers that begin with a digit, inside kernels: by the lengths of their groups and how these begin."""

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.compiled import inner

_UNITS = (0x5143, 0x4E07, 0x4EBF, 0x5428, 0x842C, 0x5104, 0x4E2A, 0x6B21, 0x53F7)  # 元万亿吨萬億个次号


@inner
def phone(data, groups, separators, count, num, called):
    """Whether the first ``count`` of ``num`` groups of digits are a phone number.

    Args:
        called: whether a word such as 电话 or Tel says so; forms that other numbers have too want one.
    """
    first, begin = groups[0, 0], 0
    length = groups[0, 1] - first
    dots = 0
    for k in range(count - 1):
        dots += separators[k] == 46
    if dots and dots != count - 1:
        return False
    if count > 1 and _is_china(data, first, length):
        begin = 1
    elif called and count > 1 and 4 <= length <= 5 and data[first] == 48 and data[first + 1] == 48:  # 00852
        total = 0
        for k in range(1, count):
            total += groups[k, 1] - groups[k, 0]
        return 7 <= total <= 11
    lengths = 0  # the groups' lengths as one decimal number: 3-4-4 is 30404
    for k in range(begin, count):
        lengths = lengths * 100 + min(groups[k, 1] - groups[k, 0], 99)
    first = groups[begin, 0]
    if count - begin == 1:
        return _single(data, first, lengths, called or begin > 0)
    second = groups[begin + 1, 0]
    blanks = separators[begin] == 32
    whole = count == num or called  # a table's row goes on
    if lengths in (30404, 308, 704) and is_mobile(data, first):
        return dots == 0 or lengths == 30404
    if dots:
        american = lengths == 30304 and _is_american(data, first, second)
        return american or (called and lengths in (307, 308, 407, 408) and _is_area_code(data, first, lengths // 100))
    if (
        begin
        and _is_area_code_abroad(data, first, groups[begin, 1] - first)
        and lengths in (208, 308, 307, 20404, 30404)
    ):
        return data[second] > 49
    if _is_area_code(data, first, groups[begin, 1] - first) and data[second] > 49:
        if lengths in (308, 407, 408) or (lengths in (30404, 40304, 40404) and (not blanks or whole)):
            return True
        if separators[count - 1 - begin] == 0 and lengths in (
            30801,
            30802,
            30803,
            30804,
            40801,
            40802,
            40803,
            40804,
            40703,
            40704,
        ):
            return separators[count - 2] == 45  # an extension
    if lengths in (30304, 30403, 307) and data[first] in (52, 56) and data[first + 1] == 48 and data[first + 2] == 48:
        return lengths != 307 or called or not blanks
    if data[first] == 48 and data[first + 1] == 57 and lengths in (40303, 406):  # Taiwan
        return whole
    if lengths in (20404, 20304) and data[first] == 48 and data[second] > 49:
        return called
    if lengths in (404, 304) and called and data[first] > 49:
        return not (lengths == 404 and _is_year(data, first))
    if lengths == 30304 and _is_american(data, first, second):
        return called or not blanks
    if lengths == 1030304 and data[first] == 49 and _is_american(data, second, groups[begin + 2, 0]):
        return called or not blanks
    return False


@inner
def _single(data, at, length, called):
    """Whether ``length`` digits in one piece are a phone number."""
    if length == 11 and is_mobile(data, at):
        return True
    if length == 12 and data[at] == 48 and is_mobile(data, at + 1):
        return True
    if length == 13 and _is_china(data, at, 2) and is_mobile(data, at + 2):
        return True
    if length == 15 and _is_china(data, at, 4) and is_mobile(data, at + 4):
        return True
    if not called:
        return False
    if length == 7 or length == 8:
        return data[at] > 49 and not (length == 8 and _is_year(data, at))
    if length == 10:
        service = data[at] in (52, 56) and data[at + 1] == 48 and data[at + 2] == 48
        return service or (data[at] == 48 and data[at + 1] >= 50) or _is_american(data, at, at + 3)
    if data[at] != 48:
        return False
    if length == 11:
        return (_is_area_code(data, at, 3) and data[at + 3] > 49) or (_is_area_code(data, at, 4) and data[at + 4] > 49)
    return length == 12 and _is_area_code(data, at, 4) and data[at + 4] > 49


@inner
def extension(data, stop, end):
    """Where the extension behind a landline that ends at ``stop`` ends, as in ``转801`` or `` ext. 805``."""
    i = stop
    if i < end and data[i] == 32:
        i += 1
    if i + 3 <= end and data[i] >= 0xE8 and decode(data, i) in (0x8F6C, 0x8F49):  # 转 轉
        i += 3
    elif i + 3 <= end and data[i] | 32 == 101 and data[i + 1] | 32 == 120 and data[i + 2] | 32 == 116:
        i += 3
        if i < end and data[i] == 46:
            i += 1
    else:
        return stop
    if i < end and data[i] == 32:
        i += 1
    first = i
    while i < end and i - first < 7 and is_digit(data[i]):
        i += 1
    return i if 2 <= i - first <= 6 and not (i < end and is_alnum(data[i])) else stop


@inner
def counts_something(data, at, end):
    """Whether a unit behind the number says that it counts something: 元, 万, bytes."""
    if at < end and data[at] == 32:
        at += 1
    if at + 3 <= end and data[at] >= 0xE4:
        return decode(data, at) in _UNITS
    if at + 5 <= end and data[at] | 32 == 98 and data[at + 1] == 121 and data[at + 2] == 116 and data[at + 3] == 101:
        return True
    return at < end and (data[at] == 37 or data[at] == 36)


@inner
def is_mobile(data, at):
    """Whether a mainland mobile number begins at ``at``."""
    return data[at] == 49 and 51 <= data[at + 1] <= 57


@inner
def _is_china(data, at, length):
    """Whether these are 86, 086 or 0086."""
    if length < 2 or length > 4:
        return False
    for k in range(length - 2):
        if data[at + k] != 48:
            return False
    return data[at + length - 2] == 56 and data[at + length - 1] == 54


@inner
def _is_area_code(data, at, length):
    """Whether these are the digits of a mainland area code: 010, 02x, 03xx to 09xx."""
    if data[at] != 48:
        return False
    if length == 3:
        return data[at + 1] == 50 or (data[at + 1] == 49 and data[at + 2] == 48)
    return length == 4 and data[at + 1] >= 51


@inner
def _is_area_code_abroad(data, at, length):
    """Whether these are the digits of a mainland area code as it is dialled from abroad: 10, 2x, 3xx to 9xx."""
    if data[at] == 48:
        return _is_area_code(data, at, length)
    if length == 2:
        return data[at] == 50 or (data[at] == 49 and data[at + 1] == 48)
    return length == 3 and data[at] >= 51


@inner
def _is_american(data, area, exchange):
    return data[area] >= 50 and data[exchange] >= 50


@inner
def _is_year(data, at):
    return (data[at] == 49 and data[at + 1] == 57) or (data[at] == 50 and data[at + 1] == 48)
