"""What spaCy's English rules split off a word's ends, cut inside it and keep whole (``spacy.lang.punctuation``)."""

import numpy as np

from tasks.clean.kernels.characters import ALPHA, CJK, CLASS, CURRENCY, ICON, LOWER, MARK, QUOTE, UPPER
from tasks.clean.kernels.utf8 import before, decode, is_alnum, is_digit, width_of
from tasks.compiled import inner

_DASHES = (0x2013, 0x2014)
_UNITS = np.array(
    [
        int.from_bytes(unit.encode(), "big")
        for unit in (
            "km m dm cm mm nm ha kg g mg t kb KB mb MB gb GB tb TB T G M K lb oz ft in yd mph kmh hPa Pa mbar"
        ).split()
    ]
)


@inner
def prefix(data, at, end, table):
    """Bytes that are split off the front of ``data[at:end]``."""
    byte = data[at]
    if byte == 46:
        i = at
        while i < end and data[i] == 46:
            i += 1
        return i - at if i - at > 1 else 0
    if byte == 43:
        return 0 if at + 1 < end and is_digit(data[at + 1]) else 1
    if byte < 0x80:
        return 1 if table[byte] & (MARK | QUOTE | CURRENCY) or byte == 37 or byte == 61 else 0
    code = decode(data, at)
    split_off = table[code] & (MARK | QUOTE | CURRENCY | ICON) or code in _DASHES or code == 0xA7
    return width_of(byte) if split_off else 0


@inner
def suffix(data, at, end, table):
    """Bytes that are split off the end of ``data[at:end]``."""
    i = before(data, end, at)
    byte = data[i]
    if i == at:
        code = decode(data, i)
        return end - i if table[code] & (MARK | QUOTE | ICON) or code in _DASHES else 0
    last = before(data, i, at)
    code = decode(data, last)
    kind = table[code]
    if byte == 46:
        return _dots(data, at, i, last, code, kind, table)
    if byte == 115 or byte == 83:
        return end - last if code == 39 or code == 0x2019 else _unit(data, at, end)
    if byte == 43 or byte == 37:
        return 1 if is_digit(data[i - 1]) else 0
    if byte < 0x80:
        found = table[byte]
        if found & CURRENCY:
            return 1 if is_digit(data[i - 1]) else 0
        return 1 if found & (MARK | QUOTE) else _unit(data, at, end)
    code = decode(data, i)
    if code == 0x2026:  # two of them go together
        return end - last if data[last] == 0xE2 and decode(data, last) == 0x2026 else end - i
    if table[code] & CURRENCY:
        return end - i if is_digit(data[i - 1]) else 0
    return end - i if table[code] & (MARK | QUOTE | ICON) or code in _DASHES else 0


@inner
def _dots(data, at, i, last, code, kind, table):
    """Dots at the end: several together, or one after what may end a sentence."""
    if code == 46:
        k = i
        while k > at and data[k - 1] == 46:
            k -= 1
        return i + 1 - k
    group = kind & CLASS
    if group in (LOWER, CJK) or is_digit(data[i - 1]) or kind & (MARK | QUOTE):
        return 1
    if code == 37 or code == 0xB2 or code == 45 or code == 43:
        return 1
    return 1 if group == UPPER and last > at and table[decode(data, before(data, last, at))] & CLASS == UPPER else 0


@inner
def _unit(data, at, end):
    """Bytes of a unit such as ``km`` or ``GB`` at the end, right after a digit."""
    i = end
    while i > at and end - i < 5 and 97 <= data[i - 1] | 32 <= 122:
        i -= 1
    if i in (at, end) or not is_digit(data[i - 1]):
        return 0
    value = 0
    for k in range(i, end):
        value = value << 8 | data[k]
    for unit in _UNITS:
        if unit == value:
            return end - i
    return 0


@inner
def infix(data, at, i, end, table):
    """Bytes of the separator at ``i`` inside ``data[at:end]``, 0 where there is none."""
    byte = data[i]
    if byte < 0x80 and is_alnum(byte):
        return 0
    step = width_of(byte)
    if byte == 46:
        k = i
        while k < end and data[k] == 46:
            k += 1
        if k - i > 1:
            return k - i
    if byte >= 0x80:
        code = decode(data, i)
        if code == 0x2026 or table[code] & ICON:
            return step
        if code not in _DASHES:
            return 0
    if i == at or i + step >= end:
        return 0
    a, b = table[decode(data, before(data, i, at))], table[decode(data, i + step)]
    digit = is_digit(data[i - 1])
    if byte == 46:
        left, right = a & CLASS == LOWER or a & CLASS == CJK or a & QUOTE, b & CLASS == UPPER or b & CLASS == CJK
        return 1 if left and (right or b & QUOTE) else 0
    if byte == 45 and digit and (is_digit(data[i + 1]) or data[i + 1] == 45):
        return 1
    if byte == 43 or byte == 42 or byte == 94:
        return 1 if digit and (is_digit(data[i + 1]) or data[i + 1] == 45) else 0
    if byte == 44:
        return 1 if a & ALPHA and b & ALPHA else 0
    if not (a & ALPHA or digit):
        return 0
    if byte == 45:
        k = i
        while k < end and data[k] == 45 and k - i < 3:
            k += 1
        return k - i if k < end and table[decode(data, k)] & ALPHA else 0
    if byte == 126 or byte == 58 or byte == 60 or byte == 62 or byte == 61 or byte == 47 or byte >= 0x80:
        return step if b & ALPHA else 0
    return 0


@inner
def is_address(data, at, end, table):
    """Whether the word is an address (``spacy.lang.tokenizer_exceptions.URL_PATTERN``).

    That is a host (dotted labels and a lower-case top level of two letters at least), before it perhaps a protocol
    or all up to an ``@``, behind it perhaps a port and a path.
    """
    if end - at < 4 or not (data[at] >= 0x80 or data[at] == 95 or is_alnum(data[at])):
        return False
    if _is_host(data, at, end, table):
        return True
    for i in range(at + 1, end - 3):
        if data[i] == 58 and data[i + 1] == 47 and data[i + 2] == 47 and i - at > 1:
            if _is_host(data, i + 3, end, table):
                return True
        elif data[i] == 64 and _is_host(data, i + 1, end, table):
            return True
    return False


@inner
def _is_host(data, at, end, table):
    label, i, dots, only_digits = at, at, 0, True
    while i < end:
        byte = data[i]
        if byte == 46:
            if i == label or i - label > 64 or not (data[i - 1] >= 0x80 or is_alnum(data[i - 1])):
                return False
            dots += 1
            label = i + 1
            k = label
            while k < end:
                group = table[decode(data, k)] & CLASS
                if group not in (LOWER, CJK):
                    break
                k += width_of(data[k])
            if k - label >= 2 and _is_path(data, k, end):
                return True
        elif byte < 0x80 and not is_alnum(byte) and (i == label or (byte != 45 and byte != 95)):
            break
        else:
            only_digits = only_digits and is_digit(byte)
        i += 1
    return only_digits and dots == 3 and i > label and _is_path(data, i, end)


@inner
def _is_path(data, at, end):
    """Whether a port, a path or nothing follows a host."""
    if at < end and data[at] == 58:
        at += 1
        while at < end and is_digit(data[at]):
            at += 1
    return at >= end or data[at] == 47 or data[at] == 63 or data[at] == 35
