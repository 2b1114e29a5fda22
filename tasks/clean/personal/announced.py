"""What a word announces: a name in a byline, a WeChat or QQ id, a passport, a key; and licence plates, in kernels."""

import numpy as np

from tasks.clean.kernels.utf8 import decode, is_alnum, is_digit
from tasks.clean.personal.kinds import BYLINE, NOTHING, PASSPORT, PLATE, SECRET, SOCIAL
from tasks.clean.personal.names import (
    ASSIGNED,
    AUTHOR,
    AUTHOR_EN,
    AUTHOR_LOOSE,
    BY,
    KEY,
    PASSPORT_NO,
    QQ,
    SIGNED,
    WECHAT,
)
from tasks.clean.personal.people import chinese_name, english_names, signed_name
from tasks.clean.personal.secrets import assigned, key
from tasks.compiled import inner


@inner
def announced(data, start, floor, at, end, children, kinds, surnames, plates):
    """What a word at ``at`` announces: its kind (NOTHING for nothing), where it begins and where it ends.

    Args:
        start: where the document begins; floor: where what was replaced last ends. A name that is signed (王小明 摄)
            begins before ``at``, though not before the floor.
    """
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
                return PLATE, at, plate
        return NOTHING, at, at
    if data[at] < 0x80 and at > start and (is_alnum(data[at - 1]) or (data[at - 1] == 95 and word != ASSIGNED)):
        return NOTHING, at, at
    kind, begin, finish = NOTHING, at, at
    if word == KEY:
        kind, finish = SECRET, key(data, at, stop, end)
    elif word == ASSIGNED:
        kind = SECRET
        begin, finish = assigned(data, stop, end)
    elif word == AUTHOR or word == AUTHOR_LOOSE:  # noqa: SIM109
        kind = BYLINE
        begin, finish = chinese_name(data, start, at, stop, end, word == AUTHOR_LOOSE, surnames)
    elif word == AUTHOR_EN or word == BY:  # noqa: SIM109
        kind = BYLINE
        begin, finish = english_names(data, start, at, stop, end, word == BY)
    elif word == SIGNED:
        kind = BYLINE
        begin, finish = signed_name(data, floor, at, stop, end, surnames)
    elif word == QQ:
        kind = SOCIAL
        begin, finish = _qq(data, stop, end)
    elif word == WECHAT:
        kind = SOCIAL
        begin, finish = _wechat(data, stop, end)
    elif word == PASSPORT_NO:
        kind = PASSPORT
        begin, finish = _passport(data, stop, end)
    return (kind, begin, finish) if finish > begin else (NOTHING, at, at)


@inner
def _qq(data, at, end):
    begin, marked = _after_colon(data, at, end)
    finish = begin
    while finish < end and is_digit(data[finish]):
        finish += 1
    found = marked and 5 <= finish - begin <= 11 and not (finish < end and is_alnum(data[finish]))
    return (begin, finish) if found else (at, at)


@inner
def _wechat(data, at, end):
    begin, marked = _after_colon(data, at, end)
    finish = begin
    while finish < end and (is_alnum(data[finish]) or data[finish] == 95 or data[finish] == 45):
        finish += 1
    return (begin, finish) if marked and 6 <= finish - begin <= 20 else (at, at)


@inner
def _passport(data, at, end):
    begin, _ = _after_colon(data, at, end)
    finish = begin
    if finish < end and not is_digit(data[finish]) and is_alnum(data[finish]):
        finish += 1
        if finish < end and 65 <= data[finish] <= 90:
            finish += 1
    first = finish
    while finish < end and is_digit(data[finish]):
        finish += 1
    found = 7 <= finish - first <= 9 and not (finish < end and is_alnum(data[finish]))
    return (begin, finish) if found else (at, at)


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
