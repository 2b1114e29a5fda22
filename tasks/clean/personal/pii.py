"""Personal data gives way to typed placeholders: ``<EMAIL>``, ``<PHONE>``, ``<ID_NUMBER>`` ...

One walk that copies bytes and stops only where something can begin: at digits, ``@``, ``+``, ``(``,
``:`` and at the first two bytes of words that announce a name or a key. What was copied too much (the
part before an ``@``) is taken back.
"""

from functools import cache
from typing import Any

import numpy as np

from smelt.recipe.clean import PLACEHOLDERS
from tasks.clean.kernels.blocks import first, load, not_letters, store
from tasks.clean.kernels.utf8 import is_alnum, is_digit
from tasks.clean.personal import names
from tasks.clean.personal.addresses import ipv6
from tasks.clean.personal.announced import announced
from tasks.clean.personal.contacts import bracketed_phone, email, international
from tasks.clean.personal.kinds import EMAIL, IP, NOTHING, PHONE
from tasks.clean.personal.numbers import match_number
from tasks.compiled import inner

KINDS = tuple(PLACEHOLDERS)
_BYTES = np.zeros((len(KINDS), max(map(len, PLACEHOLDERS.values()))), np.uint8)
_LENGTHS = np.array([len(text) for text in PLACEHOLDERS.values()])
for _row, _text in enumerate(PLACEHOLDERS.values()):
    _BYTES[_row, : len(_text)] = list(_text.encode())
COPY, DIGIT, AT, PLUS, PAREN, COLON, WORD = range(7)


@cache
def tables() -> tuple[Any, ...]:
    """What ``redact`` needs: triggers by byte, the words by their first two bytes and as a trie, and characters."""
    children, kinds = names.trie()
    beginnings = names.first_bytes()
    triggers = np.zeros(256, np.uint8)
    triggers[np.flatnonzero(beginnings.reshape(256, 256).any(axis=1))] = WORD
    for byte in b"0123456789":
        triggers[byte] = DIGIT
    triggers[ord("@")], triggers[ord("+")], triggers[ord("(")], triggers[ord(":")] = AT, PLUS, PAREN, COLON
    return (
        triggers,
        beginnings,
        children,
        kinds,
        names.code_points(names.SURNAMES),
        names.code_points(names.PLATES),
    )


@inner
def redact(
    data,
    start,
    end,
    out,
    at,
    switches,
    counts,
    triggers,
    beginnings,
    children,
    kinds,
    surnames,
    plates,
    groups,
    separators,
):
    """Copy ``data[start:end]`` to ``out`` from ``at`` on with personal data replaced; returns where it ends.

    ``out`` needs room for a little more than the input: the shortest e-mail address is a byte shorter
    than its placeholder, and letters are written eight bytes at a time. They are read so too: eight bytes
    of ``data`` must lie behind the end.

    Args:
        switches: bit k lets KINDS[k] be replaced.
        counts: int array by kind that is added to.
    """
    floor, taken, i = at, start, start  # what lies before them stands for something replaced, and is not taken back
    while i < end:
        if i > start and is_alnum(data[i - 1]):  # inside a word nothing begins: its letters are copied at once
            block = load(data, i)
            letters = min(first(not_letters(block)), end - i)
            if letters > 0:
                store(out, at, block)
                at += letters
                i += letters
                continue
        byte = data[i]
        trigger = triggers[byte]
        if trigger == COPY or (trigger == WORD and not (i + 1 < end and beginnings[int(byte) << 8 | data[i + 1]])):
            out[at] = byte
            at += 1
            i += 1
            continue
        kind, begin, stop = NOTHING, i, i
        if trigger == DIGIT:
            if i == start or not _joins(data, start, i):
                kind, stop = match_number(data, start, i, end, groups, separators)
            if kind < 0 or not switches >> kind & 1 or (stop < end and data[stop] == 64):  # an @: an address to come
                while i < end and is_digit(data[i]):
                    out[at] = data[i]
                    at += 1
                    i += 1
                continue
        elif trigger == AT:
            back, stop = email(data, taken, i, end)
            kind, begin = EMAIL if back > 0 else NOTHING, i - back
        elif trigger == PLUS:
            stop = international(data, start, i, end)
            kind = PHONE if stop > i else NOTHING
        elif trigger == PAREN:
            stop = bracketed_phone(data, i, end)
            kind = PHONE if stop > i else NOTHING
        elif trigger == COLON:
            back, stop = ipv6(data, start, i, end)
            kind, begin = IP if stop > i else NOTHING, i - back
        else:
            kind, begin, stop = announced(data, start, taken, i, end, children, kinds, surnames, plates)
        if kind >= 0 and switches >> kind & 1:
            for k in range(i, begin):  # what announces it stays
                out[at] = data[k]
                at += 1
            if begin < i:
                at = max(at - (i - begin), floor)
            for k in range(_LENGTHS[kind]):
                out[at] = _BYTES[kind, k]
                at += 1
            counts[kind] += 1
            i = taken = stop
            floor = at
        else:
            out[at] = byte
            at += 1
            i += 1
    return at


@inner
def _joins(data, start, at):
    """Whether what stands before ``at`` makes the digits there part of something longer."""
    last = data[at - 1]
    if is_alnum(last) or last == 95 or last == 37 or last == 35:
        return True
    joint = last == 46 or last == 45 or last == 47 or last == 58 or last == 44 or last == 61 or last == 38
    return joint and at - 2 >= start and is_alnum(data[at - 2]) and last != 58 and last != 61 and last != 44
