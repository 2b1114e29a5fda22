"""Words inside kernels: spaCy's English rules where there are spaces, single ideographs where there are none.

The public rule sets were published over spaCy's or a like tokenizer, and their limits (words, mean
length, n-grams) mean what that tokenizer calls a word. So what lies between two blanks is split here
as spaCy's English rules split it: punctuation, quotes and brackets off both ends, then at hyphens,
slashes and commas between letters, and contractions apart. A Han ideograph, kana or hangul syllable is
a word of its own (see smelt/recipe/signals.py), and so is each mark between them.
"""

import numpy as np

from tasks.clean.characters import (
    ALPHA,
    CJK,
    CLASS,
    CURRENCY,
    DIGIT,
    ICON,
    LOWER,
    MARK,
    PLAIN_PUNCTUATION,
    PUNCTUATION,
    QUOTE,
    SPACE,
    UPPER,
)
from tasks.clean.utf8 import before, decode, width_of
from tasks.compiled import inner

PLAIN, HAS_ALPHA, END_MARK, PUNCTUATION_ONLY = 1, 2, 4, 8
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_SEED = np.uint64(0xCBF29CE484222325)
_STOP = np.array([int.from_bytes(w.encode(), "big") for w in ("the", "be", "to", "of", "and", "that", "have", "with")])
_FUNCTION_WORDS = np.sort(
    np.array(
        [
            int.from_bytes(word.encode(), "big")
            for word in (  # noqa: SIM905
                "a an the and or of to in is are was were it that this for on with as be by not at from have has but "
                "you we they he she can if which will when there their or its i"
            ).split()
        ]
    )
)


@inner
def mix(a, b):
    """A hash of two hashes."""
    a = (a ^ b) * _PRIME
    return a ^ (a >> _SHIFT)


@inner
def split(data, start, end, table, hashes, chars, flags, line_sentences, totals):
    """The words of ``data[start:end]``.

    Args:
        hashes, chars, flags: filled for each word with its hash, its characters and bits of PLAIN (a character
            that is no punctuation), HAS_ALPHA, END_MARK (ends a sentence), PUNCTUATION_ONLY.
        line_sentences: filled for each line (empty ones too) with its number of sentences.
        totals: filled with stop words met (bits), function words, sentences, lines.

    Returns:
        The number of words.
    """
    num, line, seen_end, line_words = 0, 0, False, 0
    line_sentences[0] = 0
    i = start
    while i <= end:
        byte = data[i] if i < end else 10
        if byte == 10 or byte == 32 or byte == 9:
            space, width = True, 1
        elif byte < 0x80:
            space, width = (9 <= byte <= 13) or (28 <= byte <= 31), 1
        else:
            width = width_of(byte)
            space = table[decode(data, i)] & CLASS == SPACE
        if not space:
            chunk, wide = i, False
            while i < end:
                byte = data[i]
                if byte < 0x80:
                    if byte <= 32 and (byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31):
                        break
                    i += 1
                else:
                    code = decode(data, i)
                    kind = table[code]
                    if kind & CLASS == SPACE:
                        break
                    wide = wide or kind & CLASS == CJK
                    i += width_of(byte)
            first = num
            if i - chunk <= 5 and _all_letters(data, chunk, i):
                _note_function_word(data, chunk, i, totals)
            num = (
                _wide(data, chunk, i, table, hashes, chars, flags, num)
                if wide
                else _chunk(data, chunk, i, table, hashes, chars, flags, num)
            )
            for k in range(first, num):
                if flags[k] & END_MARK:
                    seen_end = line_words > 0 or k > first or seen_end
                elif seen_end and not flags[k] & PUNCTUATION_ONLY:
                    line_sentences[line] += 1
                    seen_end = False
                line_words += 1
            continue
        if byte == 10:
            if line_words > 0:
                line_sentences[line] += 1
            totals[2] += line_sentences[line]
            line += 1
            if i < end:
                line_sentences[line] = 0
            seen_end, line_words = False, 0
        i += width
    totals[3] = line
    return num


@inner
def _note_function_word(data, at, end, totals):
    """Count ``data[at:end]`` when it is a function word, and set its bit when it is one of Gopher's stop words."""
    exact, folded = 0, 0
    for i in range(at, end):
        exact = exact << 8 | data[i]
        folded = folded << 8 | data[i] | 32
    for k in range(len(_STOP)):
        if _STOP[k] == exact:
            totals[0] |= 1 << k
    found = np.searchsorted(_FUNCTION_WORDS, folded)
    if found < len(_FUNCTION_WORDS) and _FUNCTION_WORDS[found] == folded:
        totals[1] += 1


@inner
def _emit(data, at, end, table, hashes, chars, flags, num):
    """Write the word ``data[at:end]`` as number ``num``."""
    value = _SEED
    count, bits, only = 0, 0, True
    i = at
    while i < end:
        byte = data[i]
        value = (value ^ np.uint64(byte)) * _PRIME
        if byte < 0x80:
            kind = table[byte]
            i += 1
        else:
            kind = table[decode(data, i)]
            step = width_of(byte)
            for k in range(1, step):
                value = (value ^ np.uint64(data[i + k])) * _PRIME
            i += step
        value ^= value >> _SHIFT
        count += 1
        if not kind & PLAIN_PUNCTUATION:
            bits |= PLAIN
        if kind & ALPHA:
            bits |= HAS_ALPHA
        if kind & CLASS != PUNCTUATION:
            only = False
    if only:
        bits |= PUNCTUATION_ONLY
    byte = data[at]
    if count == 1 and (byte == 46 or byte == 33 or byte == 63 or byte >= 0x80):  # noqa: SIM102
        if byte < 0x80 or decode(data, at) in (0x3002, 0xFF01, 0xFF1F, 0xFF61, 0x2026):
            bits |= END_MARK
    hashes[num] = value
    chars[num] = count
    flags[num] = bits
    return num + 1


@inner
def _wide(data, at, end, table, hashes, chars, flags, num):
    """The words of a chunk with ideographs in it: each is a word, and what lies between them is a chunk."""
    start = at
    i = at
    while i < end:
        byte = data[i]
        step = width_of(byte)
        if byte >= 0x80:
            kind = table[decode(data, i)]
            if kind & CLASS == CJK or (byte >= 0xE3 and kind & CLASS == PUNCTUATION):
                if i > start:
                    num = _chunk(data, start, i, table, hashes, chars, flags, num)
                num = _emit(data, i, i + step, table, hashes, chars, flags, num)
                start = i + step
        i += step
    return _chunk(data, start, end, table, hashes, chars, flags, num) if end > start else num


@inner
def _all_letters(data, at, end):
    for i in range(at, end):
        byte = data[i] | 32
        if byte < 97 or byte > 122:
            return False
    return True


@inner
def _chunk(data, at, end, table, hashes, chars, flags, num):
    """The words between two blanks, as spaCy's English rules split them."""
    if _all_letters(data, at, end) or end - at == 1:
        return _emit(data, at, end, table, hashes, chars, flags, num)
    # what is split off the front is written at once; what is split off the end waits, last first
    while at < end:
        step = _prefix(data, at, end, table)
        if step == 0:
            break
        num = _emit(data, at, at + step, table, hashes, chars, flags, num)
        at += step
    tail = end
    while tail > at:
        step = _suffix(data, at, tail, table)
        if step == 0:
            break
        tail -= step
    if tail > at:
        num = _inside(data, at, tail, table, hashes, chars, flags, num)
    first, last = num, end
    while last > tail:
        step = _suffix(data, at, last, table)
        num = _emit(data, last - step, last, table, hashes, chars, flags, num)
        last -= step
    low, high = first, num - 1
    while low < high:
        hashes[low], hashes[high] = hashes[high], hashes[low]
        chars[low], chars[high] = chars[high], chars[low]
        flags[low], flags[high] = flags[high], flags[low]
        low, high = low + 1, high - 1
    return num


@inner
def _prefix(data, at, end, table):
    """Bytes that spaCy would split off the front."""
    byte = data[at]
    if byte == 46:
        i = at
        while i < end and data[i] == 46:
            i += 1
        return i - at if i - at > 1 else 0
    if byte == 43:
        return 1 if at + 1 < end and not 48 <= data[at + 1] <= 57 else 0
    if byte < 0x80:
        kind = table[byte]
        return 1 if kind & (MARK | QUOTE | CURRENCY) or byte == 37 or byte == 61 else 0
    code = decode(data, at)
    kind = table[code]
    dash = code == 0x2014 or code == 0x2013 or code == 0xA7
    return width_of(byte) if kind & (MARK | QUOTE | CURRENCY | ICON) or dash else 0


@inner
def _suffix(data, at, end, table):
    """Bytes that spaCy would split off the end of ``data[at:end]``."""
    i = before(data, end, at)
    if i == at:
        return 0
    byte = data[i]
    last = before(data, i, at)
    code = decode(data, last)
    kind = table[code]
    if byte == 46:
        if code == 46:
            k = i
            while k > at and data[k - 1] == 46:
                k -= 1
            return end - k if k > at else 0
        lower_or_digit = kind & CLASS == LOWER or kind & CLASS == DIGIT
        other = code == 37 or code == 0xB2 or code == 45 or code == 43 or kind & (MARK | QUOTE) or kind & CLASS == CJK
        twice = False
        if kind & CLASS == UPPER and last > at:
            twice = table[decode(data, before(data, last, at))] & CLASS == UPPER
        if lower_or_digit and _is_abbreviation(data, at, end):
            return 0
        return 1 if lower_or_digit or other or twice else 0
    if byte == 115 or byte == 83:
        if code == 39 or code == 0x2019:
            return end - last if last > at else 0
        return 0
    if byte == 43:
        return 1 if kind & CLASS == DIGIT else 0
    if byte == 37:
        return 1 if kind & CLASS == DIGIT else 0
    if byte < 0x80:
        found = table[byte]
        if found & CURRENCY:
            return 1 if kind & CLASS == DIGIT else 0
        return 1 if found & (MARK | QUOTE) else _unit(data, at, end)
    code = decode(data, i)
    found = table[code]
    return end - i if found & (MARK | QUOTE | ICON) or code == 0x2014 or code == 0x2013 else 0


@inner
def _is_abbreviation(data, at, end):
    """Whether the word with its dot is one that English keeps together (e.g. i.e. a.m. Mr. vs.)."""
    length = end - at
    if length == 4 and data[at + 1] == 46:
        a, b = data[at] | 32, data[at + 2] | 32
        return (a == 101 and b == 103) or (a == 105 and b == 101) or ((a == 97 or a == 112) and b == 109)
    if length == 3:
        a, b = data[at] | 32, data[at + 1] | 32
        return (
            (a == 118 and b == 115)
            or (a == 109 and (b == 114 or b == 115))
            or (a == 100 and b == 114)
            or (a == 99 and b == 111)
            or (a == 115 and b == 116)
            or (a == 106 and b == 114)
        )
    return False


@inner
def _unit(data, at, end):
    """Bytes of a unit such as ``km`` or ``GB`` at the end, right after a digit."""
    i = end
    while i > at and end - i < 4 and 97 <= data[i - 1] | 32 <= 122:
        i -= 1
    if i == at or not 48 <= data[i - 1] <= 57 or i == end:  # noqa: SIM109
        return 0
    value = 0
    for k in range(i, end):
        value = value << 8 | data[k]
    for unit in _UNITS:
        if unit == value:
            return end - i
    return 0


_UNITS = np.array(
    [
        int.from_bytes(unit.encode(), "big")
        for unit in "km m dm cm mm nm ha kg g mg kb KB mb MB gb GB tb TB T G M K kB Kb Mb Gb Tb lb oz ft in mph kph bar atm Pa hPa kPa mbar".split()  # noqa: E501, SIM905
    ]
)  # fmt: skip


@inner
def _inside(data, at, end, table, hashes, chars, flags, num):
    """What is left after prefixes and suffixes: apart at infixes, contractions taken apart, addresses kept whole."""
    if _is_address(data, at, end):
        return _emit(data, at, end, table, hashes, chars, flags, num)
    start = at
    i = at
    while i < end:
        byte = data[i]
        step = width_of(byte)
        cut = 0
        if byte == 46 and i > start:
            k = i
            while k < end and data[k] == 46:
                k += 1
            if k - i > 1:
                cut = k - i
            elif i + 1 < end:
                a, b = table[decode(data, before(data, i, at))], table[decode(data, i + 1)]
                cut = 1 if (a & CLASS == LOWER or a & QUOTE) and (b & CLASS == UPPER or b & QUOTE) else 0
        elif i > start and i + step < end:
            a, b = table[decode(data, before(data, i, at))], table[decode(data, i + step)]
            if byte == 45 or byte == 126:
                letters = a & ALPHA and b & ALPHA
                digits = byte == 45 and a & CLASS == DIGIT and (b & CLASS == DIGIT or data[i + 1] == 45)
                cut = 1 if letters or digits else 0
                if byte == 45 and a & ALPHA and data[i + 1] == 45:
                    k = i
                    while k < end and data[k] == 45:
                        k += 1
                    cut = k - i if k < end and k - i <= 3 and table[decode(data, k)] & ALPHA else 0
            elif byte == 44:
                cut = 1 if a & ALPHA and b & ALPHA else 0
            elif byte == 58 or byte == 60 or byte == 62 or byte == 61 or byte == 47:
                cut = 1 if (a & ALPHA or a & CLASS == DIGIT) and b & ALPHA else 0
            elif byte == 43 or byte == 42 or byte == 94:
                cut = 1 if a & CLASS == DIGIT and (b & CLASS == DIGIT or data[i + 1] == 45) else 0
            elif byte >= 0xE2:
                code = decode(data, i)
                dash = (code == 0x2014 or code == 0x2013) and a & ALPHA and b & ALPHA
                cut = step if dash or code == 0x2026 or table[code] & ICON else 0
        if cut:
            if i > start:
                num = _contraction(data, start, i, table, hashes, chars, flags, num)
            num = _emit(data, i, i + cut, table, hashes, chars, flags, num)
            i += cut
            start = i
        else:
            i += step
    return _contraction(data, start, end, table, hashes, chars, flags, num) if end > start else num


@inner
def _contraction(data, at, end, table, hashes, chars, flags, num):
    """``don't`` as ``do n't``, ``we'll`` as ``we 'll``; everything else as it is."""
    cut = end
    length = end - at
    if length > 3 and data[end - 1] | 32 == 116:  # n't
        quote = 3 if length > 5 and data[end - 2] == 0x99 and data[end - 3] == 0x80 else 1 if data[end - 2] == 39 else 0
        if quote and data[end - 2 - quote] | 32 == 110 and end - 2 - quote > at:
            cut = end - 2 - quote
    if cut == end:
        for tail in range(1, 3):
            first = data[end - tail] | 32 if length > tail + 1 else 0
            if not (
                (tail == 1 and (first == 109 or first == 100))
                or (
                    tail == 2
                    and (
                        (first == 114 and data[end - 1] | 32 == 101)
                        or (first == 108 and data[end - 1] | 32 == 108)
                        or (first == 118 and data[end - 1] | 32 == 101)
                    )
                )
            ):
                continue
            k = end - tail
            if data[k - 1] == 39:
                cut = k - 1
            elif length > tail + 3 and data[k - 1] == 0x99 and data[k - 2] == 0x80:
                cut = k - 3
    if cut <= at or cut == end or not _all_letters(data, at, cut):
        return _emit(data, at, end, table, hashes, chars, flags, num)
    num = _emit(data, at, cut, table, hashes, chars, flags, num)
    return _emit(data, cut, end, table, hashes, chars, flags, num)


@inner
def _is_address(data, at, end):
    """Whether the chunk is what spaCy keeps whole: a URL or a host name with a path."""
    if end - at < 5:
        return False
    for i in range(at, min(end - 3, at + 10)):
        if data[i] == 58 and data[i + 1] == 47 and data[i + 2] == 47:
            return True
    if data[at] | 32 == 119 and data[at + 1] | 32 == 119 and data[at + 2] | 32 == 119 and data[at + 3] == 46:
        return True
    for i in range(at + 1, end - 2):  # noqa: SIM110
        if data[i] == 64:
            return True
    return False
