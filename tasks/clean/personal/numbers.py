"""Personal numbers as kernels see them: digits with separators, judged by form, checksum and what is said of them."""

import numpy as np

from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.clean.personal.addresses import ipv4
from tasks.clean.personal.before import ACCOUNT, CALLED, COUNTED, IDENTITY, said
from tasks.clean.personal.kinds import BANK_CARD, ID_NUMBER, IP, NOTHING, PHONE
from tasks.clean.personal.phones import counts_something, extension, phone
from tasks.compiled import inner

_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_DAYS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_MAX_GROUPS = 8
_GLUED = 7
"""Digits that a number glued to a word has at least."""


@inner
def match_number(data, start, at, end, joined, again, lexicon, groups, separators, digits):
    """The personal number that begins with the digit at ``at``: its kind and where it ends.

    The longest reading of the digit groups that makes a number of a known kind wins.

    Args:
        joined: whether what stands before makes the digits part of something longer, unless a word says otherwise.
        again: whether a phone number stands right before, with a comma, a slash or the like between.
        groups: scratch int array of shape [_MAX_GROUPS, 2]; separators: of shape [_MAX_GROUPS]; digits: of shape [24].
    """
    num = _split(data, at, end, groups, separators)
    length = groups[0, 1] - groups[0, 0]
    if (num == 1 and length < 7) or (joined and length < _GLUED and num == 1):
        return NOTHING, at
    about = said(data, start, at, lexicon)
    if joined and not about & (CALLED | IDENTITY):
        glued_id = about & COUNTED and length >= 17 and data[at - 1] | 32 == 100  # ID110105...
        if not glued_id:
            return NOTHING, at
    if again:
        about |= CALLED
    for count in range(num, 0, -1):
        stop = groups[count - 1, 1]
        among = about & CALLED and separators[count - 1] == 45 and count == 1 and length == 11
        if count < num and separators[count - 1] != 32 and not among:  # no stop in the middle of a hyphenated number
            continue
        may_be_x = stop < end and data[stop] | 32 == 120  # the last place of an id number
        if stop < end and (is_alnum(data[stop]) or data[stop] == 95) and not may_be_x:
            continue
        kind, stop = _judge(data, groups, separators, count, num, stop, end, about, digits)
        if kind == IP and not ipv4(data, start, at, stop, end, groups, about):
            return NOTHING, at
        if joined and kind != PHONE and kind != ID_NUMBER:
            return NOTHING, at
        if kind != NOTHING:
            return kind, stop
    return NOTHING, at


@inner
def _split(data, at, end, groups, separators):
    """Digit groups from ``at`` on, one separator between them: a blank, a dot, or a hyphen or dash."""
    num = 0
    while num < _MAX_GROUPS and at < end and is_digit(data[at]):
        start = at
        while at < end and is_digit(data[at]):
            at += 1
        groups[num, 0], groups[num, 1] = start, at
        separators[num] = 0
        num += 1
        width, separator = 1, 0
        if at < end and (data[at] == 32 or data[at] == 45 or data[at] == 46):
            separator = data[at]
        elif at + 2 < end and data[at] == 0xE2 and data[at + 1] == 0x80 and 0x90 <= data[at + 2] <= 0x95:
            width, separator = 3, 45
            if at + 5 < end and data[at + 3] == 0xE2 and data[at + 4] == 0x80 and 0x90 <= data[at + 5] <= 0x95:
                width = 6
        if separator == 0 or at + width >= end or not is_digit(data[at + width]):
            break
        separators[num - 1] = separator
        at += width
    return num


@inner
def _judge(data, groups, separators, count, num, stop, end, about, digits):
    total = 0
    for k in range(count):
        for i in range(groups[k, 0], min(groups[k, 1], groups[k, 0] + 24)):
            if total < 24:
                digits[total] = data[i]
            total += 1
    follows_x = stop < end and data[stop] | 32 == 120
    uniform = True
    for k in range(1, count - 1):
        uniform = uniform and separators[k] == separators[0]
    if uniform and count <= 4 and (total == 17 or total == 18 or total == 15) and _grouped_as_id(groups, count):
        if total == 17 and follows_x and not (stop + 1 < end and is_alnum(data[stop + 1])):
            digits[17] = data[stop]
            if _is_id_number(digits, 0, about & IDENTITY != 0):
                return ID_NUMBER, stop + 1
        if total == 18 and not follows_x and _is_id_number(digits, 0, about & IDENTITY != 0):
            return ID_NUMBER, stop
        if total == 15 and count == 1 and about & IDENTITY and _is_date(1900 + _number(digits, 6, 8), digits, 8):
            return ID_NUMBER, stop
    if follows_x:
        return NOTHING, stop
    if count == 4 and uniform and separators[0] == 46:
        return IP, stop
    dialled = not about & COUNTED and phone(data, groups, separators, count, num, about & CALLED != 0)
    if dialled and not counts_something(data, stop, end):
        return PHONE, extension(data, stop, end)
    if about & COUNTED or not uniform or (count > 1 and separators[0] == 46) or not 13 <= total <= 19:
        return NOTHING, stop
    if count > 1 and not (about & ACCOUNT) and not _grouped_as_card(groups, count):
        return NOTHING, stop
    named = about & ACCOUNT and total >= 16 and digits[0] != 48
    return (BANK_CARD, stop) if named or _is_card(digits, total) else (NOTHING, stop)


@inner
def _grouped_as_id(groups, count):
    """Whether the groups are those of an identity number: whole, 6-8-4 or 6-4-4-4 (the last may lack its X)."""
    if count == 1:
        return True
    if count < 3 or groups[0, 1] - groups[0, 0] != 6:
        return False
    second = groups[1, 1] - groups[1, 0]
    return second == 8 if count == 3 else second == 4 and groups[2, 1] - groups[2, 0] == 4


@inner
def _grouped_as_card(groups, count):
    """Whether the groups are 4-4-4-... with what is left at the end, 4-6-5, 6-8-... or 6-13."""
    first, second = groups[0, 1] - groups[0, 0], groups[1, 1] - groups[1, 0]
    if first == 6:
        return count <= 3 and second in (8, 13)
    if first != 4:
        return False
    if count == 3:
        return second == 6
    for k in range(count - 1):
        if groups[k, 1] - groups[k, 0] != 4:
            return False
    return count >= 4


@inner
def _is_id_number(digits, at, named):
    """Whether 18 characters are a resident identity number (GB 11643: date, checksum; named, it may be off)."""
    total = 0
    for k in range(17):
        total += (int(digits[at + k]) - 48) * _ID_WEIGHTS[k]
    last = digits[at + 17] - 32 if digits[at + 17] == 120 else digits[at + 17]
    if last != _ID_CHECKS[total % 11] and not named:
        return False
    year = _number(digits, at + 6, at + 10)
    return 49 <= digits[at] <= 57 and 1880 <= year <= 2100 and _is_date(year, digits, at + 10)


@inner
def _is_date(year, digits, at):
    """Whether four digits are a month and a day."""
    month, day = _number(digits, at, at + 2), _number(digits, at + 2, at + 4)
    return year > 0 and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


@inner
def _number(data, at, stop):
    value = 0
    for k in range(at, stop):
        value = value * 10 + int(data[k]) - 48
    return value


@inner
def _is_card(digits, length):
    """Whether the digits begin like a payment card of that length and pass the Luhn check."""
    total = 0
    for position in range(length):
        digit = int(digits[length - 1 - position]) - 48
        if position % 2 == 1:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    if total % 10 != 0:
        return False
    lead = _number(digits, 0, 4)
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
