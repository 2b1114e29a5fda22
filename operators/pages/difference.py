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


def _runs(before: str, after: str) -> Iterator[Run]:
    """What two texts have in common and what not, word by word."""
    left, right = _WORD.findall(before), _WORD.findall(after)
    if _pairs(left, right) <= MAX_PAIRS:
        for kind, a, b, c, d in _matched(left, right):
            yield kind == "equal", left[a:b], right[c:d]
        return
    left, right = ([one for one in _SENTENCE.findall(text) if one] for text in (before, after))
    for kind, a, b, c, d in _matched(left, right):
        if kind != "equal" and b - a == d - c and max(len(left), len(right)) > 1:
            for inner, other in zip(left[a:b], right[c:d], strict=True):
                yield from _runs(inner, other)
        else:
            yield kind == "equal", left[a:b], right[c:d]


def _matched(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """How one sequence becomes the other; what both begin and end with is no work."""
    end = min(len(left), len(right))
    first = next((at for at in range(end) if left[at] != right[at]), end)
    same = next((at for at in range(end - first) if left[-1 - at] != right[-1 - at]), end - first)
    yield "equal", 0, first, 0, first
    inner, other = left[first : len(left) - same], right[first : len(right) - same]
    if min(len(inner), len(other)) == 0 or len(inner) == len(other) == 1:
        opcodes = [("replace", 0, len(inner), 0, len(other))]
    else:
        opcodes = SequenceMatcher(None, inner, other, autojunk=_pairs(inner, other) > MAX_PAIRS).get_opcodes()
    for kind, a, b, c, d in opcodes:
        yield kind, first + a, first + b, first + c, first + d
    yield "equal", len(left) - same, len(left), len(right) - same, len(right)


def _pairs(left: Sequence[str], right: Sequence[str]) -> int:
    """How many pairs of equal items there are, which is what matching costs."""
    counted = Counter(right)
    return sum(counted[item] for item in left)


def _marked(tag: str, text: str) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(text) if text else Markup("")
