"""Chinese names in bylines, inside kernels: what announces or signs them, and what reads as one (see ``surnames``)."""

from tasks.clean.kernels.utf8 import before, decode, is_alnum
from tasks.clean.personal.names import ROLE_LOOSE, ROLE_SHORT
from tasks.clean.personal.surnames import (
    COMPOUND,
    FOLLOWS,
    GIVEN,
    IS_WORD,
    NAMELY,
    NEVER_MIDDLE,
    NEVER_SECOND,
    NEVER_THIRD,
    SURNAME,
    TITLE,
    WORDY,
)
from tasks.compiled import inner

_MARKS = (0xFF1A, 0xFF0F, 0xFF5C, 0x4E28, 0x2223)  # ：／｜丨∣


@inner
def chinese_name(data, start, at, stop, end, word, lexicon):
    """A Chinese name after the announcing word ``data[at:stop]``: after a mark, or a blank where the word is a role.

    Returns:
        Where the name begins and where it ends; twice ``at`` for none.
    """
    if word == ROLE_SHORT and _is_glued(data, start, at):
        return at, at
    begin, marked = _behind_mark(data, stop, end)
    glued = begin == stop
    if (glued and word != ROLE_LOOSE) or (word == ROLE_SHORT and not marked and stop - at < 6):
        return at, at
    begin = _behind_origin(data, begin, end) if marked else begin
    finish = name(data, begin, end, word != ROLE_SHORT, lexicon)
    if finish == begin:
        return at, at
    if glued and not _is_list_mark(data, finish, end) and follows(data, finish, end, lexicon) == finish:
        return at, at
    return begin, finish


@inner
def further_name(data, at, end, lexicon):
    """A Chinese name after another one that ends at ``at``, as in ``王小明、李红``; twice ``at`` for none."""
    i, listed = at, False
    while i < end and i - at < 4 and data[i] == 32:
        i += 1
    if i < end and (data[i] == 44 or data[i] == 38 or data[i] == 47):
        i += 1
    elif i + 3 <= end and data[i] >= 0xE3 and decode(data, i) in (0x3001, 0xFF0C, 0x548C, 0xFF0F):  # 、，和／
        listed = decode(data, i) == 0x3001
        i += 3
    while i < end and i - at < 8 and data[i] == 32:
        i += 1
    finish = name(data, i, end, listed, lexicon) if i > at else i
    return (i, finish) if finish > i else (at, at)


@inner
def signed_name(data, floor, at, stop, end, lexicon):
    """A Chinese name before the word ``data[at:stop]`` that closes a byline, as in ``王小明 摄`` or ``王小明/文``.

    Args:
        floor: nothing before it is looked at.

    Returns:
        Where the name begins and where it ends; twice ``at`` for none.
    """
    if stop + 2 < end and 0xE4 <= data[stop] <= 0xE9:  # the word goes on: 摄影
        return at, at
    finish = at
    while finish > floor and at - finish < 8 and data[finish - 1] == 32:
        finish -= 1
    if finish == at and data[at] != 47 and data[at] != 0xEF and stop - at < 12:  # 摄 needs a blank before it
        return at, at
    begin, num = finish, 0
    while begin - 3 >= floor and num < 5:
        previous = before(data, begin, floor)
        if begin - previous != 3 or not 0x4E00 <= decode(data, previous) <= 0x9FFF:
            break
        begin, num = previous, num + 1
    opened = begin == floor or data[begin - 1] <= 40 or (begin - 3 >= floor and decode(data, begin - 3) == 0xFF08)
    found = opened and reads_as_name(data, begin, num, True, lexicon)
    return (begin, finish) if found else (at, at)


@inner
def name(data, at, end, strong, lexicon):
    """Where the Chinese name that begins at ``at`` ends; ``at`` for none.

    Args:
        strong: whether the word that announces it is said of people alone, so that less is asked of the name.
    """
    num = _ideographs(data, at, end, 5)
    if num == 0:
        return at
    dotted = _dotted(data, at, end)
    if dotted > at:
        return dotted
    for length in (4, 3, 2):
        finish = at + 3 * length
        if num < length or not reads_as_name(data, at, length, strong, lexicon):
            continue
        if _closed(data, finish, end) or (strong and follows(data, finish, end, lexicon) > finish):
            return finish
    if not lexicon.characters[decode(data, at)] & SURNAME:
        return at
    if num == 1 and at + 7 <= end and data[at + 3] == 32 and _ideographs(data, at + 4, end, 2) == 1:  # 赵 敏
        given = lexicon.characters[decode(data, at + 4)] & GIVEN
        return at + 7 if given and _closed(data, at + 7, end) else at
    if not strong:
        return at
    node, i = 0, at + 3
    while i < end:
        node = lexicon.people[node, data[i]]
        if node == 0:
            break
        i += 1
        if lexicon.people_kinds[node] & TITLE and _closed(data, i, end):
            return i
    return at


@inner
def reads_as_name(data, at, length, strong, lexicon):
    """Whether the ``length`` ideographs at ``at`` can be a name: surname and given name, and no word."""
    if length < 2 or length > 4:
        return False
    node, compound = 0, False
    for i in range(at, at + 3 * length):
        node = lexicon.people[node, data[i]]
        if node == 0:
            break
        if lexicon.people_kinds[node] & COMPOUND and i == at + 5:
            compound = True
        if lexicon.people_kinds[node] & IS_WORD and i == at + 3 * length - 1:
            return False
    chars = lexicon.characters
    second = chars[decode(data, at + 3)]
    third = chars[decode(data, at + 6)] if length > 2 else second
    if compound and length > 2:
        fourth = chars[decode(data, at + 9)] if length > 3 else third
        return (third & fourth & GIVEN) != 0
    first = chars[decode(data, at)]
    if not first & SURNAME or length > 3:
        return False
    if length == 2:
        return (second & (NAMELY if first & WORDY else GIVEN)) != 0 and not second & NEVER_SECOND
    if third & NEVER_THIRD or second & NEVER_MIDDLE:
        return False
    both, one, namely = second & third & GIVEN, (second | third) & GIVEN, (second | third) & NAMELY
    if first & WORDY:
        return both != 0 and (strong or namely != 0)
    return both != 0 or (namely != 0 if not strong else one != 0)


@inner
def follows(data, at, end, lexicon):
    """Where a word that goes on after a name ends, as 报道 in ``李红报道``; ``at`` for none."""
    node, i = 0, at
    while i < end:
        node = lexicon.people[node, data[i]]
        if node == 0:
            break
        i += 1
        if lexicon.people_kinds[node] & FOLLOWS:
            return i
    return at


@inner
def _is_glued(data, start, at):
    """Whether an ideograph, a letter or a digit stands before ``at``, so that the word ends another: 示意图."""
    if at == start:
        return False
    if data[at - 1] < 0x80:
        return is_alnum(data[at - 1])
    return 0x3400 <= decode(data, before(data, at, start)) <= 0x9FFF


@inner
def _behind_mark(data, at, end):
    """The first byte behind blanks and a mark (``:：/／|｜丨``), and whether the mark was there."""
    i, marked = at, False
    while i < end and i - at < 16:
        if data[i] == 32 or data[i] == 9:
            i += 1
        elif not marked and (data[i] == 58 or data[i] == 47 or data[i] == 124):
            marked, i = True, i + 1
        elif (
            not marked
            and i + 3 <= end
            and data[i] >= 0xE2
            and decode(data, i) in (0xFF1A, 0xFF0F, 0xFF5C, 0x4E28, 0x2223)
        ):
            marked, i = True, i + 3
        elif data[i] == 0xE3 and i + 3 <= end and decode(data, i) == 0x3000:
            i += 3
        else:
            break
    return i, marked


@inner
def _behind_origin(data, at, end):
    """The first byte behind a bracket of one or two ideographs, as in ``[美]约翰·史密斯``; ``at`` without one."""
    if at + 5 > end:
        return at
    wide = data[at] == 0xEF or data[at] == 0xE3
    if not (data[at] == 40 or data[at] == 91 or (wide and decode(data, at) in (0xFF08, 0x3010, 0x3014, 0xFF3B))):
        return at
    i = at + 3 if wide else at + 1
    num = _ideographs(data, i, end, 4)
    i += 3 * num
    if num == 0 or num > 3 or i >= end:
        return at
    if data[i] == 41 or data[i] == 93:
        i += 1
    elif i + 3 <= end and decode(data, i) in (0xFF09, 0x3011, 0x3015, 0xFF3D):
        i += 3
    else:
        return at
    return i + 1 if i < end and data[i] == 32 else i


@inner
def _ideographs(data, at, end, most):
    """How many ideographs stand at ``at``, at most ``most``."""
    num = 0
    while num < most and at + 3 <= end and 0xE4 <= data[at] <= 0xE9 and 0x4E00 <= decode(data, at) <= 0x9FFF:
        at += 3
        num += 1
    return num


@inner
def _dotted(data, at, end):
    """Where a foreign name such as ``约翰·史密斯`` ends; ``at`` for none."""
    i, parts = at, 0
    while parts < 5:
        num = _ideographs(data, i, end, 8)
        if num == 0 or num == 8:
            return at
        i += 3 * num
        parts += 1
        if i + 1 < end and data[i] == 0xC2 and data[i + 1] == 0xB7:
            i += 2
        elif i + 2 < end and data[i] >= 0xE2 and decode(data, i) in (0x2022, 0x2027, 0x30FB):
            i += 3
        else:
            break
    return i if parts >= 2 and _closed(data, i, end) else at


@inner
def _closed(data, at, end):
    """Whether a name may end at ``at``: the text, a line, a blank or a mark does."""
    if at >= end or data[at] <= 47 or data[at] in (59, 60, 93, 124):
        return True
    return (
        (data[at] == 0xE2 and data[at + 1] == 0x80)
        or (data[at] == 0xE3 and data[at + 1] == 0x80)
        or (data[at] == 0xEF and data[at + 1] >= 0xBC)
    )


@inner
def _is_list_mark(data, at, end):
    """Whether a closing bracket or ``、`` stands at ``at``."""
    if at >= end:
        return False
    return data[at] == 41 or (at + 3 <= end and data[at] >= 0xE3 and decode(data, at) in (0x3001, 0xFF09))
