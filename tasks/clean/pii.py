"""Personal data gives way to typed placeholders: ``<EMAIL>``, ``<PHONE>``, ``<ID_NUMBER>`` ...

One walk that copies bytes and stops only where something can begin: at digits, ``@``, ``+``, ``(``,
``:`` and at the first bytes of words that announce a name or a key. What was copied too much (the
part before an ``@``) is taken back.
"""

from functools import cache
from typing import Any

import numpy as np

from tasks.clean import names
from tasks.clean.names import BYLINE, BYLINE_LOOSE, PASSPORT, QQ, SECRET, WECHAT
from tasks.clean.numbers import BANK_CARD, ID_NUMBER, IP, PHONE, match_number
from tasks.clean.utf8 import before, decode, is_alnum, is_digit
from tasks.compiled import inner

KINDS = ("email", "phone", "id_number", "bank_card", "ip", "passport", "plate", "social", "byline", "secret")
EMAIL_, PHONE_, ID_, CARD_, IP_, PASSPORT_, PLATE_, SOCIAL_, BYLINE_, SECRET_ = range(10)
PLACEHOLDERS = (
    "<EMAIL>",
    "<PHONE>",
    "<ID_NUMBER>",
    "<BANK_CARD>",
    "<IP>",
    "<PASSPORT>",
    "<PLATE>",
    "<SOCIAL>",
    "<NAME>",
    "<SECRET>",
)
LONGEST = max(map(len, PLACEHOLDERS))
_BYTES = np.zeros((len(KINDS), LONGEST), np.uint8)
_LENGTHS = np.array([len(text) for text in PLACEHOLDERS])
for _row, _text in enumerate(PLACEHOLDERS):
    _BYTES[_row, : len(_text)] = list(_text.encode())
COPY, DIGIT, AT, PLUS, PAREN, COLON, WORD, PLATE_LETTER = range(8)


@cache
def tables() -> tuple[Any, ...]:
    """What ``redact`` needs: triggers by byte, the trie of words, surnames and plate characters."""
    children, kinds = names.trie()
    triggers = np.zeros(256, np.uint8)
    for byte in range(256):
        if children[0, byte]:
            triggers[byte] = WORD
    for byte in b"0123456789":
        triggers[byte] = DIGIT
    triggers[ord("@")], triggers[ord("+")], triggers[ord("(")], triggers[ord(":")] = AT, PLUS, PAREN, COLON
    for char in names.PLATES:
        triggers[char.encode()[0]] = WORD
    return triggers, children, kinds, names.code_points(names.SURNAMES), names.code_points(names.PLATES)


@inner
def redact(
    data, start, end, out, at, switches, counts, triggers, children, kinds, surnames, plates, groups, separators
):
    """Copy ``data[start:end]`` to ``out`` from ``at`` on with personal data replaced; returns where it ends.

    ``out`` needs room for a little more than the input: the shortest e-mail address is a byte shorter
    than its placeholder.

    Args:
        switches: bit k lets KINDS[k] be replaced.
        counts: int array by kind that is added to.
    """
    floor, i = at, start  # nothing before the floor is taken back: it stands for something replaced
    while i < end:
        byte = data[i]
        trigger = triggers[byte]
        kind, stop, back = -1, i, 0
        if trigger == COPY:
            out[at] = byte
            at += 1
            i += 1
            continue
        if trigger == DIGIT:
            if i == start or not _joins(data, start, i):
                found, stop = match_number(data, i, end, groups, separators)
                kind = _kind_of(found)
            if kind < 0 or not switches >> kind & 1 or (stop < end and data[stop] == 64):  # an @: an address to come
                while i < end and is_digit(data[i]):
                    out[at] = data[i]
                    at += 1
                    i += 1
                continue
        elif trigger == AT:
            back, stop = _email(data, start, i, end)
            kind = EMAIL_ if back > 0 else -1
        elif trigger == PLUS:
            stop = _international(data, start, i, end)
            kind = PHONE_ if stop > i else -1
        elif trigger == PAREN:
            stop = _bracketed_phone(data, i, end)
            kind = PHONE_ if stop > i else -1
        elif trigger == COLON:
            back, stop = _ipv6(data, start, i, end)
            kind = IP_ if stop > i else -1
        else:
            kind, skip, stop = _announced(data, start, i, end, children, kinds, surnames, plates)
            if kind >= 0 and switches >> kind & 1:
                for k in range(i, skip):  # what announces it stays
                    out[at] = data[k]
                    at += 1
        if kind >= 0 and switches >> kind & 1:
            at = max(at - back, floor)
            for k in range(_LENGTHS[kind]):
                out[at] = _BYTES[kind, k]
                at += 1
            counts[kind] += 1
            i, floor = stop, at
        else:
            out[at] = byte
            at += 1
            i += 1
    return at


@inner
def _kind_of(found):
    if found == PHONE:
        return PHONE_
    if found == ID_NUMBER:
        return ID_
    if found == BANK_CARD:
        return CARD_
    if found == IP:
        return IP_
    return -1


@inner
def _joins(data, start, at):
    """Whether what stands before ``at`` makes the digits there part of something longer."""
    last = data[at - 1]
    if is_alnum(last) or last == 95 or last == 37 or last == 35:
        return True
    joint = last == 46 or last == 45 or last == 47 or last == 58 or last == 44 or last == 61 or last == 38
    return joint and at - 2 >= start and is_alnum(data[at - 2]) and last != 58 and last != 61 and last != 44


@inner
def _email(data, start, at, end):
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
    if stop == at or (stop < end and (is_alnum(data[stop]) or data[stop] == 40 or data[stop] == 95)):
        return 0, at
    if at - i == 3 and data[i] == 103 and data[i + 1] == 105 and data[i + 2] == 116:  # git@ names no person
        return 0, at
    return at - i, stop


@inner
def _international(data, start, at, end):
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
def _bracketed_phone(data, at, end):
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


@inner
def _is_hex(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102


@inner
def _ipv6(data, start, at, end):
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
def _announced(data, start, at, end, children, kinds, surnames, plates):
    """What a word at ``at`` announces: its kind (-1 for nothing), where it begins and where it ends."""
    node, stop, word = 0, at, 0
    i = at
    while i < end:
        node = children[node, data[i]]
        if node == 0:
            break
        i += 1
        if kinds[node]:
            stop, word = i, kinds[node]
    if word == 0:
        if data[at] >= 0x80:
            plate = _plate(data, at, end, plates)
            if plate > at:
                return PLATE_, at, plate
        return -1, at, at
    if data[at] < 0x80 and at > start and (is_alnum(data[at - 1]) or data[at - 1] == 95):
        return -1, at, at
    if word == SECRET:
        finish = _secret(data, at, stop, end)
        return (SECRET_, at, finish) if finish > at else (-1, at, at)
    if word == BYLINE or word == BYLINE_LOOSE:  # noqa: SIM109
        begin, finish = _person(data, start, at, stop, end, word, surnames)
        return (BYLINE_, begin, finish) if finish > begin else (-1, at, at)
    begin, marked = _after_colon(data, stop, end)
    finish = begin
    if word == QQ and marked:
        while finish < end and is_digit(data[finish]):
            finish += 1
        if 5 <= finish - begin <= 11 and not (finish < end and is_alnum(data[finish])):
            return SOCIAL_, begin, finish
    elif word == WECHAT and marked:
        while finish < end and (is_alnum(data[finish]) or data[finish] == 95 or data[finish] == 45):
            finish += 1
        if 6 <= finish - begin <= 20:
            return SOCIAL_, begin, finish
    elif word == PASSPORT:
        if finish < end and not is_digit(data[finish]) and is_alnum(data[finish]):
            finish += 1
            if finish < end and 65 <= data[finish] <= 90:
                finish += 1
        first = finish
        while finish < end and is_digit(data[finish]):
            finish += 1
        if 7 <= finish - first <= 9 and not (finish < end and is_alnum(data[finish])):
            return PASSPORT_, begin, finish
    return -1, at, at


@inner
def _after_colon(data, at, end):
    """The first byte after blanks, colons and the like, and whether a colon or 号 stood among them."""
    marked = False
    while at < end:
        if data[at] == 32 or data[at] == 35 or data[at] == 46:
            at += 1
        elif data[at] == 58 or data[at] == 61:
            marked = True
            at += 1
        elif at + 2 < end and data[at] >= 0x80:
            code = decode(data, at) if data[at] >= 0xE0 and data[at] < 0xF0 else 0
            if code == 0xFF1A or code == 0x53F7 or code == 0x662F or code == 0x4E3A:  # ：号是为
                marked = True
            elif code != 0x7801:  # 码
                break
            at += 3
        else:
            break
    return at, marked


@inner
def _person(data, start, at, stop, end, word, surnames):
    """Where a Chinese name of two to four characters after an announcing word begins and ends."""
    begin = stop
    spaced = False
    while begin < end and (data[begin] == 32 or data[begin] == 9):
        begin += 1
        spaced = True
    bracketed = at > start and (
        data[at - 1] == 40 or (at - 3 >= start and decode(data, before(data, at, start)) == 0xFF08)
    )
    if word == BYLINE_LOOSE and not (spaced or bracketed):
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
def _plate(data, at, end, plates):
    """Where the licence plate that begins at ``at`` ends; ``at`` for none."""
    if at + 8 > end or not 0xE4 <= data[at] <= 0xE9:
        return at
    code = decode(data, at)
    k = np.searchsorted(plates, code)
    if k == len(plates) or plates[k] != code or not 65 <= data[at + 3] <= 90:
        return at
    i = at + 4
    if i + 1 < end and data[i] == 0xC2 and data[i + 1] == 0xB7:
        i += 2
    elif i + 2 < end and data[i] == 0xE2 and data[i + 1] == 0x80 and data[i + 2] == 0xA2:
        i += 3
    elif i < end and data[i] == 32:
        i += 1
    first, digits = i, 0
    while i < end and (is_digit(data[i]) or 65 <= data[i] <= 90):
        digits += is_digit(data[i])
        i += 1
    return i if 5 <= i - first <= 6 and digits >= 2 and not (i < end and is_alnum(data[i])) else at


@inner
def _secret(data, at, stop, end):
    """Where the key whose known beginning is ``data[at:stop]`` ends; ``at`` for none."""
    if data[at] == 45:  # -----BEGIN ... PRIVATE KEY----- to -----END ...-----
        return _key_block(data, at, end)
    i = stop
    while i < end and (is_alnum(data[i]) or data[i] == 95 or data[i] == 45):
        i += 1
    length = i - stop
    first = data[at]
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
    wanted = 36 if first == 103 and stop - at == 4 else 20
    return i if length >= wanted and digits >= 2 and first >= 97 else at


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
    while i + 8 < end and i - at < 16384:
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
