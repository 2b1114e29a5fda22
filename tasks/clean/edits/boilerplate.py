"""Whether a line is boilerplate: navigation, or given away by a phrase and what speaks for it in the rest of the line.

Most phrases are words of prose as well (``use cookies to``, ``转载自``). A phrase before a name counts where the line
ends soon after it; a heading where nothing but what it announces follows; a call to the reader or a notice where the
line ends with it, or where a cue turns to a visitor and none speaks of software.
"""

from tasks.clean.edits.phrases import (
    AGAINST,
    CALL,
    CREDIT,
    CUE,
    ENDING,
    HOME,
    LABEL,
    NAVIGATION,
    NEEDS,
    NOTICE,
    PROSE,
    SURE,
    TELLING,
)
from tasks.clean.kernels.blocks import first, load, not_letters
from tasks.clean.kernels.utf8 import is_alnum, width_of
from tasks.compiled import inner

_LONGEST = 240  # bytes; about 80 Chinese characters
_LONGEST_CREDIT, _NAME = 90, 24  # bytes behind the phrase; those in which a full stop is no sentence's
_OPENINGS = SURE | CREDIT | LABEL | CALL
_LONGEST_PHRASE = 48  # bytes


@inner
def is_boilerplate(data, start, end, beginnings, children, kinds):
    """Whether the line ``data[start:end]`` is boilerplate."""
    if end - start > _LONGEST:
        return False
    begin = _skip_separators(data, start, end)
    if begin == end:
        return False
    needs, cues = 0, 0
    i = begin
    while i < end:
        possible = beginnings[int(data[i]) << 8 | data[i + 1]] if i + 1 < end else 0
        if possible & NAVIGATION and i == begin and _is_navigation(data, begin, end, beginnings, children, kinds):
            return True
        if possible & (_OPENINGS | NOTICE | CUE):
            length, found = _all_at(data, i, end, children, kinds)
            cues |= found
            wanted = (_OPENINGS if i == begin else 0) | (0 if _is_quoted(data, start, i) else NOTICE)
            if found & wanted and not found & PROSE:
                after = i + length
                if found & wanted & SURE:
                    return True
                if found & wanted & CREDIT and _is_name(data, after, end):
                    return True
                if found & wanted & LABEL and (_is_over(data, after, end) or _is_announced(data, after, end)):
                    return True
                if found & wanted & (CALL | NOTICE):
                    if found & ENDING and _is_over(data, after, end):
                        return True
                    needs |= found >> NEEDS
        i += width_of(data[i]) if data[i] >= 0x80 else max(first(not_letters(load(data, i))), 1)  # on behind a word
    return needs & cues & ~0xFFF != 0 and not cues & AGAINST


@inner
def _is_navigation(data, begin, end, beginnings, children, kinds):
    """Whether nothing stands here but navigation words and separators: one that tells, or two.

    A path (``Edit > Search``) is a menu's rather than a page's, unless it begins where pages do.
    """
    at, telling, num_words, path, home = begin, False, 0, False, False
    while at < end:
        length, found = 0, 0
        if at + 1 < end and beginnings[int(data[at]) << 8 | data[at + 1]] & NAVIGATION:
            length, found = _longest(data, at, end, children, kinds, NAVIGATION)
        if length == 0:
            return False
        home = home or (num_words == 0 and found & HOME != 0)
        num_words += 1
        telling = telling or found & TELLING != 0
        behind = at + length
        at = _skip_separators(data, behind, end)
        if at < end and at == behind and is_alnum(data[at]):
            return False
        for k in range(behind, at):
            path = path or data[k] == 62  # >
    return telling or (num_words > 1 and (home or not path))


@inner
def _skip_separators(data, at, end):
    while at < end:
        byte = data[at]
        if byte == 32 or byte == 9 or byte == 124 or byte == 62 or byte == 60 or byte == 45 or byte == 42:
            at += 1
        elif byte == 0xC2 and at + 1 < end and (data[at + 1] == 0xAB or data[at + 1] == 0xBB or data[at + 1] == 0xB7):
            at += 2
        elif byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80 and data[at + 2] == 0xA2:
            at += 3
        else:
            break
    return at


@inner
def _longest(data, at, end, children, kinds, wanted):
    """Length of the longest phrase of the wanted kind that begins at ``at`` (0 for none), and its kinds."""
    node, length, found = 0, 0, 0
    i = at
    while i < end:
        node = children[node, data[i]]
        if node == 0:
            break
        i += 1
        if kinds[node] & wanted and not (i < end and is_alnum(data[i - 1]) and is_alnum(data[i])):
            length, found = i - at, kinds[node]
    return length, found


@inner
def _all_at(data, at, end, children, kinds):
    """Length of the longest phrase that begins at ``at`` (0 for none), and the kinds of all that do.

    A phrase that a letter or a file's ending goes on in is none.
    """
    node, length, found = 0, 0, 0
    i = at
    while i < end:
        node = children[node, data[i]]
        if node == 0:
            break
        i += 1
        if kinds[node] and not (is_alnum(data[i - 1]) and _goes_on(data, i, end)):
            found |= kinds[node]
            length = i - at if kinds[node] & (_OPENINGS | NOTICE) else length
    return length, found


@inner
def _goes_on(data, at, end):
    """Whether a word goes on at ``at``: with a letter, or with a full stop that one follows."""
    return at < end and (is_alnum(data[at]) or (data[at] == 46 and at + 1 < end and is_alnum(data[at + 1])))


@inner
def _is_quoted(data, start, at):
    """Whether a quotation mark opens before ``at``: ' " ` “ ‘ 「 『 《."""
    if at > start and (data[at - 1] == 34 or data[at - 1] == 39 or data[at - 1] == 96):
        return True
    if at < start + 3:
        return False
    one, two, three = data[at - 3], data[at - 2], data[at - 1]
    curly = one == 0xE2 and two == 0x80 and (three == 0x9C or three == 0x98)
    return curly or (one == 0xE3 and two == 0x80 and (three == 0x8C or three == 0x8E or three == 0x8A))


@inner
def _is_mark(data, at):
    """Whether a character that isn't ASCII is Chinese or general punctuation."""
    lead, second = data[at], data[at + 1]
    return (lead == 0xE2 and second == 0x80) or (lead == 0xE3 and second == 0x80) or (lead == 0xEF and second >= 0xBC)


@inner
def _is_over(data, at, end):
    """Whether nothing but punctuation stands in ``data[at:end]``."""
    while at < end:
        if data[at] < 0x80:
            if is_alnum(data[at]):
                return False
            at += 1
        elif _is_mark(data, at):
            at += 3
        else:
            return False
    return True


@inner
def _is_announced(data, at, end):
    """Whether what stands at ``at`` is set off from the heading before it: by a colon, a bar, an arrow."""
    while at < end and data[at] == 32:
        at += 1
    byte = data[at]
    return (
        (byte == 58 and data[at - 1] != 58)
        or byte == 124
        or (byte == 0xEF and data[at + 1] == 0xBC and data[at + 2] == 0x9A)
    )


@inner
def _is_name(data, at, end):
    """Whether a name, an address or a date stands in ``data[at:end]``, and no sentence."""
    if end - at > _LONGEST_CREDIT:
        return False
    for i in range(at, end):
        byte = data[i]
        if byte == 0xEF and i + 2 < end and data[i + 1] == 0xBC and (data[i + 2] == 0x8C or data[i + 2] == 0x9B):
            return False  # a comma or semicolon: ， ；
    last = data[end - 1]
    if end - at <= _NAME:
        return True
    if end - at > 3 and data[end - 3] == 0xE3 and data[end - 2] == 0x80 and last == 0x82:  # 。
        return False
    return not (last == 46 and end - at > 40) and last != 58
