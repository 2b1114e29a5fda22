"""E-mail addresses, and phone numbers that begin with a plus or a bracket, inside kernels."""

import numpy as np

from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.compiled import inner

_FILE_SUFFIXES = np.array(
    [int.from_bytes(name.encode(), "big") for name in ("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts")]
)


@inner
def email(data, start, at, end):
    """Bytes before the ``@`` at ``at`` that belong to an address, and where it ends; 0 for none."""
    i = at
    while i > start and at - i < 65 and (is_alnum(data[i - 1]) or data[i - 1] in (46, 95, 37, 43, 45)):
        i -= 1
    while i < at and not is_alnum(data[i]):
        i += 1
    if i == at or not (is_alnum(data[at - 1]) or data[at - 1] in (95, 43, 45)):
        return 0, at
    k, label, num_dots, letters = at + 1, at + 1, 0, True
    stop = at
    while k < end and k - at < 254:
        byte = data[k]
        if is_alnum(byte) or (byte == 45 and k > label):
            letters = letters and not is_digit(byte) and byte != 45
        elif byte == 46 and k > label and k + 1 < end and is_alnum(data[k + 1]):
            num_dots += 1
            label, letters = k + 1, True
        else:
            break
        k += 1
        if num_dots > 0 and letters and k - label >= 2:
            stop = k
    if _is_file_name(data, label, stop):
        return 0, at
    if stop == at or (stop < end and (is_alnum(data[stop]) or data[stop] == 40 or data[stop] == 95)):
        return 0, at
    if at - i == 3 and data[i] == 103 and data[i + 1] == 105 and data[i + 2] == 116:  # git@ names no person
        return 0, at
    return at - i, stop


@inner
def _is_file_name(data, at, end):
    """Whether ``data[at:end]`` is an ending of files rather than a top-level domain, as in ``icon@2x.png``."""
    value = 0
    for k in range(at, min(end, at + 5)):
        value = value << 8 | (data[k] | 32)
    for suffix in _FILE_SUFFIXES:  # noqa: SIM110
        if suffix == value:
            return True
    return False


@inner
def international(data, start, at, end):
    """Where the international number that begins with the ``+`` at ``at`` ends; ``at`` for none."""
    if at + 8 > end or (at > start and (is_alnum(data[at - 1]) or data[at - 1] == 41 or data[at - 1] == 43)):
        return at
    first = data[at + 1]
    most = 13 if first == 56 and data[at + 2] == 54 else 11 if first == 49 else 15
    i, digits, groups, best = at + 1, 0, 0, at
    while i < end and is_digit(data[i]):
        while i < end and is_digit(data[i]):
            digits += 1
            i += 1
        groups += 1
        if digits > most or (i < end and (is_alnum(data[i]) or data[i] == 95)):
            break
        if _is_international(data, at, digits, groups, most):
            best = i
        if i < end and data[i] == 41:
            i += 1
        if i < end and (data[i] == 32 or data[i] == 45 or data[i] == 46):
            i += 1
        if i < end and data[i] == 40:
            i += 1
    return best


@inner
def _is_international(data, at, digits, groups, most):
    if digits < 8 or data[at + 1] == 48:
        return False
    if most < 15:
        lead = data[at + 3] == 49 and data[at + 4] >= 51 if most == 13 else data[at + 2] >= 50
        return digits == most and (lead or groups > 1) or (most == 13 and digits >= 11 and groups > 2)  # noqa: RUF021
    europe = data[at + 1] == 52 and (data[at + 2] == 52 or data[at + 2] == 57) and digits >= 12
    return groups >= 3 or (groups == 2 and digits >= 10) or (europe and digits <= 13)


@inner
def bracketed_phone(data, at, end):
    """Where a number such as ``(415) 555-2671`` or ``(010)12345678`` that begins at ``at`` ends; ``at`` for none."""
    i = at + 1
    while i < end and is_digit(data[i]):
        i += 1
    area = i - at - 1
    if area < 3 or area > 4 or i >= end or data[i] != 41:
        return at
    i += 1
    if i < end and (data[i] == 32 or data[i] == 45):
        i += 1
    first = i
    while i < end and is_digit(data[i]):
        i += 1
    length = i - first
    if data[at + 1] == 48 and 7 <= length <= 8 and not (i < end and is_alnum(data[i])):
        return i
    if area != 3 or length != 3 or i >= end or (data[i] != 45 and data[i] != 32 and data[i] != 46):
        return at
    second = i + 1
    i = second
    while i < end and is_digit(data[i]):
        i += 1
    return i if i - second == 4 and data[at + 1] >= 50 and not (i < end and is_alnum(data[i])) else at
