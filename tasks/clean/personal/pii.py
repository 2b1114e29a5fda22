"""Personal data gives way to typed placeholders: ``<EMAIL>``, ``<PHONE>``, ``<ID_NUMBER>`` ...

One walk that copies bytes and stops only where something can begin: at digits, ``@``, ``#``, ``+``, ``(``,
``:`` and at the first two bytes of words that announce a name or a key. What was copied too much (the
part before an ``@``) is taken back. Nothing looks further than a fixed way from where it begins, so the
walk takes time by the length of the text, whatever stands in it.
"""

import numpy as np

from smelt.recipe.clean import PLACEHOLDERS
from tasks.clean.kernels.blocks import first, load, not_letters, store
from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.clean.personal.addresses import ipv6
from tasks.clean.personal.announced import announced
from tasks.clean.personal.assigned import url_password
from tasks.clean.personal.dialled import bracketed_phone, international
from tasks.clean.personal.emails import email, hashed_email
from tasks.clean.personal.kinds import BYLINE, EMAIL, IP, NOTHING, PHONE, SECRET, SOCIAL
from tasks.clean.personal.lexicon import AT, COLON, COPY, DIGIT, HASH, PAREN, PLUS, WORD
from tasks.clean.personal.numbers import match_number
from tasks.clean.personal.people import further_name
from tasks.clean.personal.secrets import bot_token
from tasks.clean.personal.social import further_qq
from tasks.compiled import inner

KINDS = tuple(PLACEHOLDERS)
_BYTES = np.zeros((len(KINDS), max(map(len, PLACEHOLDERS.values()))), np.uint8)
_LENGTHS = np.array([len(text) for text in PLACEHOLDERS.values()])
for _row, _text in enumerate(PLACEHOLDERS.values()):
    _BYTES[_row, : len(_text)] = list(_text.encode())


@inner
def redact(data, start, end, out, at, switches, is_code, counts, lexicon, groups, separators, digits):
    """Copy ``data[start:end]`` to ``out`` from ``at`` on with personal data replaced; returns where it ends.

    ``out`` needs room for a little more than the input: the shortest e-mail address is a byte shorter
    than its placeholder, and letters are written eight bytes at a time. They are read so too: eight bytes
    of ``data`` must lie behind the end.

    Args:
        switches: bit k lets KINDS[k] be replaced.
        counts: int array by kind that is added to.
        lexicon: see ``lexicon.Lexicon``; groups, separators, digits: scratch, see ``match_number``.
    """
    triggers, beginnings = lexicon.triggers, lexicon.beginnings
    floor, taken, i = at, start, start  # what lies before them stands for something replaced, and is not taken back
    latest = NOTHING
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
        plain = trigger == WORD and not (
            i + 2 < end and beginnings[int(byte) << 8 | data[i + 1]] and _may_announce(data, i, lexicon)
        )
        if trigger == COPY or plain:
            out[at] = byte
            at += 1
            i += 1
            continue
        kind, begin, stop = NOTHING, i, i
        if trigger == DIGIT:
            again = latest == PHONE and taken > start and _continues(data, taken, i)
            joined = i > start and not again and _joins(data, start, i)
            if not joined or _is_long(data, i, end):
                kind, stop = match_number(data, start, i, end, joined, again, lexicon, groups, separators, digits)
            if kind < 0 and not joined and bot_token(data, i, end) > i:
                kind, stop = SECRET, bot_token(data, i, end)
            if kind < 0 or not switches >> kind & 1 or (stop < end and data[stop] == 64):  # an @: an address to come
                while i < end and is_digit(data[i]):
                    out[at] = data[i]
                    at += 1
                    i += 1
                continue
        elif trigger == AT:
            back, stop = email(data, taken, i, end, lexicon)
            kind, begin = EMAIL if back > 0 else NOTHING, i - back
        elif trigger == HASH:
            back, stop = hashed_email(data, taken, i, end, lexicon)
            kind, begin = EMAIL if back > 0 else NOTHING, i - back
        elif trigger == PLUS:
            again = latest == PHONE and taken > start and _continues(data, taken, i)
            stop = international(data, start, i, end, again)
            kind = PHONE if stop > i else NOTHING
            if kind < 0:  # +q123456789
                kind, begin, stop = announced(data, start, taken, i, end, is_code, lexicon)
        elif trigger == PAREN:
            stop = bracketed_phone(data, i, end)
            kind = PHONE if stop > i else NOTHING
        elif trigger == COLON:
            back, stop = ipv6(data, start, i, end)
            kind, begin = IP if stop > i else NOTHING, i - back
            if kind < 0:
                begin, stop = url_password(data, start, i, end)
                kind = SECRET if stop > begin else NOTHING
        else:
            kind, begin, stop = announced(data, start, taken, i, end, is_code, lexicon)
        if kind >= 0 and switches >> kind & 1:
            for k in range(i, begin):  # what announces it stays
                out[at] = data[k]
                at += 1
            if begin < i:
                at = max(at - (i - begin), floor)
            at = _replaced(out, at, kind, counts)
            chinese = kind == BYLINE and data[begin] >= 0xE4
            while chinese or kind == SOCIAL:  # 王小明、李红; 123456789、987654321
                begin, finish = further_name(data, stop, end, lexicon) if chinese else further_qq(data, stop, end)
                if finish <= begin:
                    break
                for k in range(stop, begin):
                    out[at] = data[k]
                    at += 1
                at = _replaced(out, at, kind, counts)
                stop = finish
            i = taken = stop
            floor, latest = at, kind
        else:
            out[at] = byte
            at += 1
            i += 1
    return at


@inner
def _may_announce(data, at, lexicon):
    """Whether the three bytes at ``at`` begin a word that announces something; two of them do already."""
    node = lexicon.words[lexicon.words[0, data[at]], data[at + 1]]
    return lexicon.word_kinds[node] != 0 or lexicon.words[node, data[at + 2]] != 0


@inner
def _replaced(out, at, kind, counts):
    """Write the placeholder of a kind, and count it; returns where it ends."""
    for k in range(_LENGTHS[kind]):
        out[at] = _BYTES[kind, k]
        at += 1
    counts[kind] += 1
    return at


@inner
def _joins(data, start, at):
    """Whether what stands before ``at`` makes the digits there part of something longer."""
    last = data[at - 1]
    if is_alnum(last) or last == 95 or last == 37 or last == 35:
        return True
    if last == 91:  # a[13812345678]
        return at - 2 >= start and is_alnum(data[at - 2])
    joint = last == 46 or last == 45 or last == 47 or last == 58 or last == 44 or last == 61 or last == 38
    return joint and at - 2 >= start and is_alnum(data[at - 2]) and last != 58 and last != 61 and last != 44


@inner
def _is_long(data, at, end):
    """Whether digits that are joined to something may be a number of their own: seven, or more behind a hyphen."""
    i = at
    while i < end and i - at < 7 and is_digit(data[i]):
        i += 1
    return i - at >= 7 or (i - at >= 2 and i + 1 < end and data[i] in (45, 32) and is_digit(data[i + 1]))


@inner
def _continues(data, taken, at):
    """Whether only blanks and a slash, a comma, 或 or the like stand between what was replaced last and ``at``."""
    if at <= taken or at - taken > 5:
        return False
    k, marks = taken, 0
    while k < at:
        if data[k] == 32 or data[k] == 47 or data[k] == 44 or data[k] == 59:
            k += 1
        elif (
            k + 3 <= at and data[k] >= 0xE3 and decode(data, k) in (0x3001, 0xFF0C, 0xFF1B, 0x6216, 0x548C)
        ):  # 、，；或和
            k += 3
        else:
            return False
        marks += 1
    return marks > 0
