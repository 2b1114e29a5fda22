"""Two texts side by side, with what was taken out and what was put in marked.

Lines are matched first, then the words of lines that were changed. A word is what a reader takes for one: a run of
letters with their marks (Russian, Arabic, Hindi), a single character where a script has no blanks between words
(Chinese, Japanese, Thai). Work is bounded whatever the texts are: beyond ``MAX_CHARS`` nothing is shown, and stretches
that have nothing in common are marked whole.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import regex
from markupsafe import Markup, escape

MAX_CHARS = 20_000
MAX_PAIRS = 40_000
"""Pairs of equal words, one from either side, up to which a changed stretch is matched word by word; one of more is
matched by its sentences. A page of any language has far fewer; what repeats a few words would take minutes."""
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_WORD = regex.compile(
    rf"\n|[^\S\n]+|[{_UNSPACED}]\p{{M}}*|(?:(?![{_UNSPACED}])[\p{{L}}\p{{N}}_]\p{{M}}*)+|.\p{{M}}*", regex.DOTALL
)
_SENTENCE = regex.compile(r"[^\n.!?。！？；;،؟।]*[\n.!?。！？；;،؟।]*")
_PHRASE = regex.compile(r"\S*\s*")

Pair = tuple[Markup, Markup]
Run = tuple[bool, Sequence[str], Sequence[str]]
"""Whether both sides are equal, and the words of either."""


def side_by_side(before: str, after: str) -> list[Pair]:
    """Lines that stand opposite each other, as HTML: ``<del>`` on the left, ``<ins>`` on the right."""
    left, right = before[:MAX_CHARS].splitlines(), after[:MAX_CHARS].splitlines()
    found: list[Pair] = []
    for kind, a, b, c, d in _matched(left, right):
        if kind == "equal":
            found += [(escape(line), escape(line)) for line in left[a:b]]
        elif a == b or c == d:
            found += [(_marked("del", line), Markup("")) for line in left[a:b]]
            found += [(Markup(""), _marked("ins", line)) for line in right[c:d]]
        else:
            found += _rows(list(_runs("\n".join(left[a:b]), "\n".join(right[c:d]))))
    return found


def _rows(runs: Sequence[Run]) -> list[Pair]:
    """The words of changed lines as rows: a new one begins where a line ends on both sides."""
    rows: list[Pair] = []
    left, right = Markup(""), Markup("")
    for equal, a, b in runs:
        if not equal:
            left, right = left + _marked("del", "".join(a)), right + _marked("ins", "".join(b))
            continue
        first, *others = "".join(a).split("\n")
        left, right = left + escape(first), right + escape(first)
        for line in others:
            rows.append((left, right))
            left, right = escape(line), escape(line)
    return [*rows, (left, right)]


def _runs(before: str, after: str, larger: Sequence[regex.Pattern[str]] = (_SENTENCE, _PHRASE)) -> Iterator[Run]:
    """What two texts have in common and what not, word by word; by larger units first where that is too much work."""
    left, right = _WORD.findall(before), _WORD.findall(after)
    first, same = _ends(left, right)
    inner, other = left[first : len(left) - same], right[first : len(right) - same]
    if _pairs(inner, other) <= MAX_PAIRS:
        for kind, a, b, c, d in _matched(left, right):
            yield kind == "equal", left[a:b], right[c:d]
        return
    yield True, left[:first], right[:first]
    if larger:
        units = [[one for one in larger[0].findall("".join(words)) if one] for words in (inner, other)]
        yield from _by_units(units[0], units[1], larger[1:])
    else:
        yield False, inner, other
    yield True, left[len(left) - same :], right[len(right) - same :]


def _by_units(left: Sequence[str], right: Sequence[str], larger: Sequence[regex.Pattern[str]]) -> Iterator[Run]:
    for kind, a, b, c, d in _matched(left, right):
        if kind == "equal":
            yield True, left[a:b], right[c:d]
        elif b - a == d - c:
            for one, other in zip(left[a:b], right[c:d], strict=True):
                yield from _runs(one, other, larger)
        else:
            yield from _runs("".join(left[a:b]), "".join(right[c:d]), larger)


def _matched(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """How one sequence becomes the other; what both begin and end with is no work."""
    first, same = _ends(left, right)
    yield "equal", 0, first, 0, first
    inner, other = left[first : len(left) - same], right[first : len(right) - same]
    opcodes: Sequence[tuple[str, int, int, int, int]]
    if min(len(inner), len(other)) == 0 or len(inner) == len(other) == 1:
        opcodes = [("replace", 0, len(inner), 0, len(other))]
    else:
        opcodes = SequenceMatcher(None, inner, other, autojunk=_pairs(inner, other) > MAX_PAIRS).get_opcodes()
    for kind, a, b, c, d in opcodes:
        yield kind, first + a, first + b, first + c, first + d
    yield "equal", len(left) - same, len(left), len(right) - same, len(right)


def _ends(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """How many items both begin with, and how many both end with behind those."""
    end = min(len(left), len(right))
    first = next((at for at in range(end) if left[at] != right[at]), end)
    return first, next((at for at in range(end - first) if left[-1 - at] != right[-1 - at]), end - first)


def _pairs(left: Sequence[str], right: Sequence[str]) -> int:
    """How many pairs of equal items there are, which is what matching costs."""
    counted = Counter(right)
    return sum(counted[item] for item in left)


def _marked(tag: str, text: str) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(text) if text else Markup("")
