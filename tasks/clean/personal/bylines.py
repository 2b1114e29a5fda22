"""English names in bylines, inside kernels.

A byline stands at the beginning of a line, or after a bracket, a semicolon or a bar, as in ``(Reporting by Jane Smith;
Editing by Tom Baker)``; a bare ``By`` only at the beginning of a line that holds little else than names, since prose
begins with it too.
"""

from tasks.clean.kernels.utf8 import is_alnum
from tasks.clean.personal.names import packed
from tasks.compiled import inner

_MOST_NAMES = 12


_PARTICLES = packed("van von de der den la bin al di da del dos ter le el ben ibn")
_NO_NAMES = packed(
    "The This That These Those Default Using Design Contrast Law Hand Phone Email Mail Your Our Their Its Theorem "
    "Lemma Rule Method Inequality Equation Algorithm Principle Formula Criterion Corollary Proposition Theory "
    "Hypothesis Test "
    "Order Foundation Project Team Group Inc Ltd Company Institute University Committee Department Ministry Council "
    "Transform Expansion Integral Identity Distribution Model Process Construction Convention Conjecture Definition"
)


@inner
def english_names(data, start, at, stop, end, bare):
    """English names after the announcing word ``data[at:stop]``, those joined by ``and``, ``&`` or commas among them.

    Args:
        bare: whether the word is ``By``.

    Returns:
        Where they begin and where they end; twice ``at`` for none.
    """
    if not _opens(data, start, at, bare) or (bare and data[at] != 66):
        return at, at
    begin = stop
    while begin < end and begin - stop < 8 and data[begin] == 32:
        begin += 1
    if begin == stop and data[stop - 1] != 58:
        return at, at
    finish = _name(data, begin, end)
    if finish == begin:
        return at, at
    last, joined = finish, True  # a name behind a comma counts where one behind "and" follows: Staff Writer does not
    for _ in range(_MOST_NAMES):
        more = _after_and(data, last, end)
        joined = more > last
        if not joined and last + 1 < end and data[last] == 44 and data[last + 1] == 32:
            more = last + 2
            if _after_and(data, last + 1, end) > last + 1:  # A, B, and C
                joined, more = True, _after_and(data, last + 1, end)
        following = _name(data, more, end) if more > last else more
        if following == more:
            break
        last = following
        finish = last if joined else finish
    if bare and not (finish >= end or data[finish] in (10, 44, 124, 40, 45) or _ends_soon(data, finish, end)):
        return at, at
    return begin, finish


@inner
def _opens(data, start, at, bare):
    """Whether a byline may begin at ``at``."""
    i = at
    while i > start and data[i - 1] != 10:
        last = data[i - 1]
        if not bare and (last == 40 or last == 59 or last == 124):
            return True
        if not bare and last == 44 and i < at:  # Text by A B, photos by C D
            return True
        if is_alnum(last) or last >= 0x80 or at - i > 64:
            return False
        i -= 1
    return True


@inner
def _ends_soon(data, at, end):
    """Whether nothing but blanks and a bar, a dash or a comma follows before the line's other parts."""
    i = at
    while i < end and i - at < 64 and data[i] == 32:
        i += 1
    return i >= end or data[i] in (10, 124, 45, 44) or data[i] == 0xE2 or data[i] == 0xC2


@inner
def _after_and(data, at, end):
    """Where a further name would begin, after `` and `` or `` & ``; ``at`` where neither stands there."""
    if at + 5 < end and data[at] == 32 and data[at + 1] == 97 and data[at + 2] == 110 and data[at + 3] == 100:
        return at + 5 if data[at + 4] == 32 else at
    if at + 3 < end and data[at] == 32 and data[at + 1] == 38 and data[at + 2] == 32:
        return at + 3
    return at


@inner
def _name(data, at, end):
    """Where a name of two to four words ends; ``at`` for none. Initials and particles count, but not alone."""
    i, stop, words, full, initials = at, at, 0, 0, 0
    while i < end and words < 4:
        first = i
        while (
            i < end
            and i - first < 40
            and (97 <= data[i] | 32 <= 122 or data[i] == 39 or data[i] == 45 or _is_accented(data, i, end))
        ):
            i += 2 if data[i] >= 0x80 else 1
        length = i - first
        if length == 0:
            break
        value = 0
        for k in range(first, min(i, first + 7)):
            value = value << 8 | data[k]
        capital = 65 <= data[first] <= 90 or data[first] >= 0x80
        if capital and length == 1 and i < end and data[i] == 46:  # an initial
            i += 1
            initials += 1
        elif capital and length > 1 and (97 <= data[i - 1] <= 122 or data[i - 1] >= 0x80):
            gerund = words == 0 and data[i - 1] == 103 and data[i - 2] == 110 and data[i - 3] == 105  # Changing
            if gerund or _among(value, _NO_NAMES):
                return at
            full += 1
            stop = i
        elif not _among(value, _PARTICLES):
            break
        words += 1
        if i + 1 < end and data[i] == 32:
            i += 1
        else:
            break
    return stop if full >= 1 and full + initials >= 2 else at


@inner
def _is_accented(data, at, end):
    """Whether a Latin letter of two bytes (À to ɏ) begins at ``at``."""
    if not 0xC3 <= data[at] <= 0xC9 or at + 1 >= end:
        return False
    return data[at] != 0xC3 or (data[at + 1] != 0x97 and data[at + 1] != 0xB7)  # not × and ÷


@inner
def _among(value, words):
    for word in words:
        if word == value:
            return True
    return False
