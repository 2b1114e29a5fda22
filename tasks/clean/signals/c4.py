"""C4's line rules inside kernels, in the order of datatrove's C4QualityFilter.

A line stays when it ends in a sentence's end mark, has three words and holds none of a few phrases; a
page that says *lorem ipsum* or holds a curly bracket goes as a whole, and its further lines aren't looked at.
The phrases are all at least ten bytes long, so looking at every seventh place's four bytes misses none (Wu and
Manber, 1994).
"""

import numpy as np

from tasks.clean.kernels.blocks import load
from tasks.clean.kernels.markdown import next_formula
from tasks.clean.kernels.utf8 import is_digit
from tasks.clean.signals.figures import C4_CURLY_BRACKET, C4_LINES, C4_LOREM_IPSUM, C4_SENTENCES
from tasks.compiled import inner

_LONGEST_WORD, _FEWEST_WORDS = 1000, 3
_PHRASES = (
    "lorem ipsum",
    "javascript",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)
_LOREM, _JAVASCRIPT, _POLICY = 1, 2, 4
_KINDS = np.array([_LOREM, _JAVASCRIPT] + [_POLICY] * 6)
_TEXT = np.frombuffer("".join(_PHRASES).encode(), np.uint8)
_STARTS = np.cumsum([0, *map(len, _PHRASES)])
_BLOCK = 4
_STEP = min(map(len, _PHRASES)) - _BLOCK + 1
_CASE, _FOUR = np.uint64(0x20202020), np.uint64(0xFFFFFFFF)
_PRIME, _SHIFT = np.uint64(0x9E3779B1), np.uint64(22)
_CURLY = np.uint64(0x7B7B7B7B7B7B7B7B)
_ONES, _TOPS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)


def _possible() -> np.ndarray:
    """By ten bits of a block's hash, whether it stands in one of the phrases' first bytes."""
    found = np.zeros(1024, np.bool_)
    for phrase in _PHRASES:
        for at in range(_STEP):
            block = int.from_bytes(phrase[at : at + _BLOCK].encode(), "little") | int(_CASE)
            found[(block * int(_PRIME) & 0xFFFFFFFF) >> int(_SHIFT)] = True
    return found


_POSSIBLE = _possible()


@inner
def judge_line(data, at, stop, words, longest, sentences, figures):
    """Note in ``figures`` whether C4 would keep the line ``data[at:stop]``, which has neither end blank."""
    if figures[C4_LOREM_IPSUM] or figures[C4_CURLY_BRACKET] or longest > _LONGEST_WORD or words < _FEWEST_WORDS:
        return
    end = _without_citations(data, at, stop)
    if end <= at:
        return
    byte = data[end - 1]
    ended = byte == 46 or byte == 63 or byte == 33 or byte == 34 or byte == 39
    if not ended or (byte == 46 and end - at >= 3 and data[end - 2] == 46 and data[end - 3] == 46):
        return
    found = _phrases(data, at, end)
    if found & _LOREM:
        figures[C4_LOREM_IPSUM] = 1
    elif found & _JAVASCRIPT:
        return
    elif _has_curly(data, at, end):
        figures[C4_CURLY_BRACKET] = 1
    elif not found & _POLICY:
        figures[C4_LINES] += 1
        figures[C4_SENTENCES] += sentences


@inner
def _phrases(data, at, end):
    """The kinds of the phrases in ``data[at:end]``, as bits."""
    found = 0
    i = at + _STEP - 1
    while i + _BLOCK <= end:
        block = (load(data, i) & _FOUR) | _CASE
        if _POSSIBLE[((block * _PRIME) & _FOUR) >> _SHIFT]:
            for k in range(len(_KINDS)):
                for start in range(i - _STEP + 1, i + 1):
                    if _stands(data, start, end, k):
                        found |= _KINDS[k]
        i += _STEP
    return found


@inner
def _stands(data, at, end, k):
    """Whether phrase ``k`` stands at ``at``, whatever its case."""
    start, length = _STARTS[k], _STARTS[k + 1] - _STARTS[k]
    if at + length > end:
        return False
    for i in range(length):
        byte = data[at + i]
        if (byte + 32 if 65 <= byte <= 90 else byte) != _TEXT[start + i]:
            return False
    return True


@inner
def _has_curly(data, at, end):
    """Whether a curly bracket stands in ``data[at:end]`` outside of formulas."""
    if not _curly_in(data, at, end):
        return False
    while at < end:
        formula, behind = next_formula(data, at, end)
        if _curly_in(data, at, formula):
            return True
        at = behind
    return False


@inner
def _curly_in(data, at, end):
    i = at
    while i + 8 <= end:
        block = load(data, i) ^ _CURLY
        if (block - _ONES) & ~block & _TOPS:
            return True
        i += 8
    while i < end:
        if data[i] == 123:
            return True
        i += 1
    return False


@inner
def _without_citations(data, at, stop):
    """Where the line ends once ``[12]``, ``[]``, ``[edit]`` and ``[citation needed]`` at its end are gone."""
    while stop > at and data[stop - 1] == 93:
        k = stop - 2
        while k >= at and is_digit(data[k]):
            k -= 1
        if k >= at and data[k] == 91:
            stop = k
        elif stop - at >= 6 and data[stop - 6] == 91 and data[stop - 5] == 101 and data[stop - 2] == 116:
            stop -= 6
        elif stop - at >= 17 and data[stop - 17] == 91 and data[stop - 16] == 99 and data[stop - 2] == 100:
            stop -= 17
        else:
            break
    return stop
