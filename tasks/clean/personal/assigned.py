"""Secrets by their place, inside kernels: what is assigned to a name such as ``password``, and passwords in URLs."""

from tasks.clean.kernels.utf8 import is_alnum, is_digit, lower
from tasks.clean.personal.names import packed
from tasks.clean.personal.tokens import LONGEST
from tasks.compiled import inner

_LEAST, _LEAST_PASSWORD = 16, 8
_LONGEST_USER, _LONGEST_PASSWORD = 64, 128
_MOST_BLANKS = 32
_SAID = packed(
    "password passwd pass pwd secret token changeme change your my mypass example xxx placeholder userpass dummy "
    "redacted hidden none null foo bar test pw mysecret yourpass port default passphrase"
)
"""What stands for a password where none is told."""


@inner
def assigned(data, at, stop, end):
    """The value that stands behind an assignment at ``stop`` (``= "..."``, ``:=`` ...) and looks like a key.

    Such a value has 16 characters or more, letters and at least two digits, and either both cases or four digits:
    neither a word, nor a name in snake case, nor a number, nor a path. One with capitals, small
    letters, digits and signs is a password from eight characters on.

    Args:
        at: where the name begins.

    Returns:
        Where the value begins and where it ends; twice ``stop`` for none.
    """
    i = stop
    if i < end and (data[i] == 34 or data[i] == 39):
        i += 1
    i = _skip_blanks(data, i, end)
    i = _behind_sign(data, i, end)
    if i == 0:
        return stop, stop
    i = _skip_blanks(data, i, end)
    quote = 0
    while i < end and quote < 2 and (data[i] == 92 or data[i] == 34 or data[i] == 39 or data[i] == 96):
        quote += 1
        i += 1
    begin, digits, upper, lower_, signs = i, 0, 0, 0, 0
    while i < end and i - begin <= LONGEST and _is_value(data[i], quote):
        digits += is_digit(data[i])
        upper += 65 <= data[i] <= 90
        lower_ += 97 <= data[i] <= 122
        signs += not is_alnum(data[i]) and data[i] not in (45, 46, 47, 95, 61, 43)
        i += 1
    length = i - begin
    if length < _LEAST_PASSWORD or length > LONGEST:
        return stop, stop
    closed = i >= end or data[i] <= 32 or data[i] in (34, 39, 44, 59, 38, 41, 93, 125, 92, 60, 96) or data[i] >= 0x80
    if not closed or _is_path(data, begin) or is_placeholder(data, begin, i) or _is_structured(data, begin, i):
        return stop, stop
    if data[begin] in (36, 37, 123, 60):
        return stop, stop
    is_password = data[at] | 32 == 112 or data[at] >= 0x80  # password, passwd, pwd, 密码
    if digits and upper and lower_ and (signs or (is_password and digits >= 3)):
        return begin, i
    if length < _LEAST:
        return stop, stop
    letters = upper + lower_
    looks = digits >= 2 and letters >= 6 and ((upper >= 2 and lower_ >= 2) or digits >= 4)
    looks = looks or (length == 40 and upper >= 6 and lower_ >= 6)  # AWS
    looks = looks or (length >= 24 and digits >= 1 and upper >= 5 and lower_ >= 5)
    return (begin, i) if looks else (stop, stop)


@inner
def url_password(data, start, at, end):
    """The password in a URL or connection string whose ``://`` begins at ``at``, as in ``postgres://user:pw@host``.

    Returns:
        Where it begins and where it ends; twice ``at`` for none.
    """
    if at + 6 > end or at == start or not is_alnum(data[at - 1]) or data[at + 1] != 47 or data[at + 2] != 47:
        return at, at
    i = at + 3
    while i < end and i - at <= _LONGEST_USER and _is_user(data[i]):
        i += 1
    if i >= end or data[i] != 58:
        return at, at
    begin = i + 1
    i = begin
    while i < end and i - begin <= _LONGEST_PASSWORD and _is_password(data[i]):
        i += 1
    if i - begin < 3 or i + 1 >= end or data[i] != 64 or not (is_alnum(data[i + 1]) or data[i + 1] in (91, 123, 36)):
        return at, at
    if data[begin] in (36, 37, 42, 91) or is_placeholder(data, begin, i):
        return at, at
    return begin, i


@inner
def _is_user(byte):
    return is_alnum(byte) or byte in (33, 36, 37, 38, 39, 42, 43, 44, 45, 46, 59, 61, 95, 126)


@inner
def _is_password(byte):
    return 33 <= byte < 127 and byte not in (34, 39, 47, 58, 60, 62, 64, 92, 96, 123, 125)


@inner
def _behind_sign(data, at, end):
    """The byte behind ``=``, ``:``, ``:=``, ``=>`` or ``: str =`` at ``at``; 0 for none."""
    if at + 3 <= end and data[at] == 0xEF and data[at + 1] == 0xBC and data[at + 2] == 0x9A:  # ：
        return at + 3
    if at >= end or (data[at] != 61 and data[at] != 58):
        return 0
    i = at + 1
    if i < end and ((data[at] == 58 and data[i] == 61) or (data[at] == 61 and data[i] == 62)):
        return i + 1
    if data[at] == 58:
        k = _skip_blanks(data, i, end)
        first = k
        while k < end and k - first < 20 and is_alnum(data[k]):
            k += 1
        after = _skip_blanks(data, k, end)
        if k > first and after + 1 < end and data[after] == 61 and after > k:
            return after + 1
    return i


@inner
def _is_value(byte, quote):
    """Whether a byte may stand in a value: any but blanks, quotes and brackets, and without quotes no separators."""
    if byte <= 32 or byte >= 127 or byte in (34, 39, 60, 62, 92, 96):
        return False
    return quote > 0 or byte not in (38, 40, 41, 44, 58, 59, 91, 93, 123, 125)


@inner
def _is_path(data, at):
    """Whether a path begins at ``at``: ``/``, ``~``, ``./`` or a drive."""
    if data[at] == 47 or data[at] == 126 or (data[at] == 46 and (data[at + 1] == 47 or data[at + 1] == 46)):
        return True
    return data[at + 1] == 58 and (data[at + 2] == 92 or data[at + 2] == 47)


@inner
def is_placeholder(data, at, stop):
    """Whether it only says that a password belongs there: ``your_password``, ``${PASS}``, ``xxxx``, ``...``."""
    first, value, same = at, 0, True
    while first < stop and first - at < 2 and not is_alnum(data[first]):
        first += 1
    i = first
    while i < stop and is_alnum(data[i]) and not is_digit(data[i]):
        if i - first < 7:
            value = value << 8 | lower(data[i])
        i += 1
    for k in range(at, stop):
        same = same and data[k] == data[at]
        if data[k] in (36, 123) and k + 1 < stop and data[k + 1] in (123, 40):  # ${ $( {{
            return True
    if same:
        return True
    for word in _SAID:
        if word == value and (i - first <= 7 or i == stop):
            return True
        if i - first >= 7 and word == value and i < stop and not is_digit(data[i]):
            return True
    return data[first] | 32 == 120 and data[first + 1] | 32 == 120 and data[first + 2] | 32 == 120


@inner
def _is_structured(data, at, stop):
    """Whether the value is made of words and numbers with marks between, as names, paths and dates are."""
    i = at
    while i < stop:
        first = i
        while i < stop and 97 <= data[i] | 32 <= 122 and data[i] != 64 and data[i] < 128:
            if i > first + 1 and 65 <= data[i] <= 90 and 97 <= data[i - 1] <= 122:
                return False
            if i > first + 1 and 97 <= data[i] <= 122 and 65 <= data[i - 1] <= 90:
                return False
            i += 1
        digits = i
        while i < stop and is_digit(data[i]):
            i += 1
        if i - digits > 4 and digits > first:
            return False
        if i < stop and data[i] not in (45, 46, 47, 95, 58, 61, 43):
            return False
        if i - digits > 8 and digits == first:
            return False
        i += 1
    return True


@inner
def _skip_blanks(data, at, end):
    i = at
    while i < end and i - at < _MOST_BLANKS and (data[i] == 32 or data[i] == 9):
        i += 1
    return i
