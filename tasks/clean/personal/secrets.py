"""Keys and tokens inside kernels: those with a known form, and what is assigned to a name such as ``password``."""

from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.compiled import inner

_LONGEST_BLOCK = 16_384


@inner
def key(data, at, stop, end):
    """Where the key whose known beginning is ``data[at:stop]`` ends; ``at`` for none."""
    first = data[at]
    if first == 45:  # -----BEGIN ... PRIVATE KEY----- to -----END ...-----
        return _key_block(data, at, end)
    if first == 101:  # eyJ, the beginning of {" in base64
        return _web_token(data, at, end)
    i = stop
    plain = True
    while i < end and (is_alnum(data[i]) or data[i] == 95 or data[i] == 45):
        plain = plain and data[i] != 95 and data[i] != 45
        i += 1
    length = i - stop
    if first == 65 and data[at + 1] == 73:  # AIza, 39 characters
        return i if length == 35 and data[at + 3] == 97 else at
    if first == 65:  # AKIA and ASIA, 20 capitals and digits
        capitals = True
        for k in range(at, i):
            capitals = capitals and (is_digit(data[k]) or 65 <= data[k] <= 90)
        return i if length == 16 and capitals else at
    digits = 0
    for k in range(stop, i):
        digits += is_digit(data[k])
    if first < 97 or digits < 2:
        return at
    if first == 104 or first == 110:  # hf_, npm_
        return i if length >= 30 and plain else at
    wanted = 36 if first == 103 and stop - at == 4 else 20
    return i if length >= wanted else at


@inner
def _web_token(data, at, end):
    """Where the JSON Web Token (RFC 7519) that begins at ``at`` ends: three runs of base64url with dots between."""
    if data[at + 1] != 121 or data[at + 2] != 74:
        return at
    i, runs = at, 0
    while runs < 3:
        first = i
        while i < end and (is_alnum(data[i]) or data[i] == 95 or data[i] == 45):
            i += 1
        if i - first < 10:
            return at
        runs += 1
        if runs < 3:
            if i >= end or data[i] != 46:
                return at
            i += 1
    return i


@inner
def _key_block(data, at, end):
    line = at
    while line < end and data[line] != 10:
        line += 1
    private = False
    for k in range(at, line - 10):
        private = private or (
            data[k] == 80 and data[k + 1] == 82 and data[k + 2] == 73 and data[k + 3] == 86 and data[k + 4] == 65
        )
    if not private:
        return at
    i = line
    while i + 8 < end and i - at < _LONGEST_BLOCK:
        if (
            data[i] == 45
            and data[i + 1] == 45
            and data[i + 4] == 45
            and data[i + 5] == 69
            and data[i + 6] == 78
            and data[i + 7] == 68
        ):
            while i < end and data[i] != 10:
                i += 1
            return i
        i += 1
    return at


@inner
def assigned(data, at, end):
    """The value that stands after an assignment at ``at`` (``= "..."``, ``: ...``) and looks like a key.

    Such a value has 16 characters or more, letters and at least two digits, and either both cases or four digits:
    neither a word, nor a name in snake case, nor a number.

    Returns:
        Where the value begins and where it ends; twice ``at`` for none.
    """
    i = at
    if i < end and (data[i] == 34 or data[i] == 39):
        i += 1
    i = _skip_blanks(data, i, end)
    if i >= end or (data[i] != 61 and data[i] != 58):
        return at, at
    i = _skip_blanks(data, i + 1, end)
    if i < end and (data[i] == 34 or data[i] == 39):
        i += 1
    begin, digits, upper, lower = i, 0, 0, 0
    while i < end and (is_alnum(data[i]) or data[i] in (43, 45, 47, 61, 95)):
        digits += is_digit(data[i])
        upper += 65 <= data[i] <= 90
        lower += 97 <= data[i] <= 122
        i += 1
    closed = i >= end or data[i] <= 32 or data[i] in (34, 39, 44, 59, 41, 93, 125)
    looks = digits >= 2 and upper + lower >= 6 and ((upper >= 2 and lower >= 2) or digits >= 4)
    return (begin, i) if closed and looks and i - begin >= 16 else (at, at)


@inner
def _skip_blanks(data, at, end):
    while at < end and (data[at] == 32 or data[at] == 9):
        at += 1
    return at
