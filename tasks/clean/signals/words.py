"""Words inside kernels: spaCy's English rules where there are spaces, single ideographs where there are none.

The public rule sets were published over spaCy's or a like tokenizer, and their limits (words, mean
length, n-grams) mean what that tokenizer calls a word. So what lies between two blanks is split here
as spaCy's English rules split it: punctuation, quotes and brackets off both ends, then at hyphens,
slashes and commas between letters, and contractions apart. A Han ideograph, kana or hangul syllable is
a word of its own (see docs/signals.md), and so is each mark between them.

Most words are plain letters between blanks, perhaps with one mark behind. Those are found, hashed and looked up
eight bytes at a time (see ``walk``); only what is left over takes the way of the rules here.
"""

from tasks.clean.kernels.blocks import hash_bytes
from tasks.clean.kernels.characters import CJK, CLASS, PUNCTUATION
from tasks.clean.kernels.utf8 import decode, width_of
from tasks.clean.signals.affixes import infix, is_address, prefix, suffix
from tasks.clean.signals.special import SPECIAL, look_up
from tasks.compiled import inner

_LONGEST_CASE = 16


@inner
def split_wide(data, at, end, table, known, ends):
    """The words of a chunk with ideographs in it: each is a word, and what lies between them is a chunk.

    Args:
        ends: filled with the byte at which each word ends; the next one begins there.

    Returns:
        The number of words.
    """
    num, start, i = 0, at, at
    while i < end:
        byte = data[i]
        step = width_of(byte)
        if byte >= 0x80:
            kind = table[decode(data, i)] & CLASS
            if kind == CJK or (byte >= 0xE3 and kind == PUNCTUATION):
                if i > start:
                    num = split(data, start, i, table, known, ends, num)
                ends[num] = i + step
                num += 1
                start = i + step
        i += step
    return split(data, start, end, table, known, ends, num) if end > start else num


@inner
def split(data, at, end, table, known, ends, num):
    """The words of ``data[at:end]``, between two blanks, in the order in which spaCy's tokenizer tries its rules."""
    tail, waiting, found = end, len(ends), 0  # what is split off the end waits at the other end of ``ends``
    while tail > at:
        found = _case(data, at, tail, known)
        if found:
            break
        front = prefix(data, at, tail, table)
        if front and at + front < tail:
            found = _case(data, at + front, tail, known)
            if found:
                at += front
                ends[num] = at
                num += 1
                break
        back = suffix(data, at + front, tail, table) if at + front < tail else 0
        if back:
            waiting -= 1
            ends[waiting] = tail
            if at < tail - back:
                found = _case(data, at, tail - back, known)
                if found:
                    tail -= back
                    break
        tail -= back
        if front:
            at += front
            ends[num] = at
            num += 1
        elif back == 0:
            break
    if found:
        for shift in (8, 16):
            cut = found >> shift & 255
            if cut:
                ends[num] = at + cut
                num += 1
        ends[num] = tail
        num += 1
    elif tail > at:
        num = _split_inside(data, at, tail, table, ends, num)
    while waiting < len(ends):
        at, end = ends[num - 1], ends[waiting]
        if num > 1 and end - at == 1 and at - ends[num - 2] == 1 and _go_together(data[at - 1], data[at]):
            num -= 1
        ends[num] = end
        num += 1
        waiting += 1
    return num


@inner
def _go_together(one, two):
    """Whether two marks make one special case, ``):`` or ``''``, which spaCy looks for once more at the end."""
    return (one == 41 and two == 58) or (one == 39 and two == 39)


@inner
def _case(data, at, end, known):
    """What is known of ``data[at:end]`` when it is a special case, else 0."""
    if end - at > _LONGEST_CASE:
        return 0
    meaning = look_up(hash_bytes(data, at, end), known)
    return meaning if meaning & SPECIAL else 0


@inner
def _split_inside(data, at, end, table, ends, num):
    """What is left after prefixes and suffixes: whole where it is an address, else apart at separators."""
    start = at
    if not is_address(data, at, end, table):
        i = at + infix(data, at, at, end, table)  # one at the front is passed over, as spaCy does
        while i < end:
            cut = infix(data, at, i, end, table)
            if cut:
                if i > start:
                    ends[num] = i
                    num += 1
                i += cut
                ends[num] = i
                num += 1
                start = i
            else:
                i += width_of(data[i])
    if end > start:
        ends[num] = end
        num += 1
    return num
