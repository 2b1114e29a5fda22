"""Two texts side by side, with what was taken out and what was put in marked.

Lines are matched first, then the words of lines that stand opposite each other; a Chinese character is a word. Work
is bounded whatever the texts are: beyond ``MAX_CHARS`` nothing is shown, and long lines are marked whole.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from markupsafe import Markup, escape

MAX_CHARS = 20_000
MAX_WORDS = 400
"""Words of a line that are matched one by one."""
_WORD = re.compile(r"[A-Za-z0-9_]+|\s+|.", re.DOTALL)

Pair = tuple[Markup, Markup]


def side_by_side(before: str, after: str) -> list[Pair]:
    """Lines that stand opposite each other, as HTML: ``<del>`` on the left, ``<ins>`` on the right."""
    left, right = before[:MAX_CHARS].splitlines(), after[:MAX_CHARS].splitlines()
    found: list[Pair] = []
    for kind, a, b, c, d in SequenceMatcher(None, left, right).get_opcodes():
        if kind == "equal":
            found += [(escape(line), escape(line)) for line in left[a:b]]
        else:
            found += [_words(one, other) for one, other in zip_longest(left[a:b], right[c:d])]
    return found


def _words(before: str | None, after: str | None) -> Pair:
    if before is None or after is None:
        return _marked("del", before or ""), _marked("ins", after or "")
    left, right = _WORD.findall(before), _WORD.findall(after)
    if max(len(left), len(right)) > MAX_WORDS:
        return _marked("del", before), _marked("ins", after)
    matched = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    return (
        _joined([("del" if kind != "equal" else "", left[a:b]) for kind, a, b, _, _ in matched]),
        _joined([("ins" if kind != "equal" else "", right[c:d]) for kind, _, _, c, d in matched]),
    )


def _joined(runs: Sequence[tuple[str, Sequence[str]]]) -> Markup:
    return Markup("").join(_marked(tag, "".join(words)) if tag else escape("".join(words)) for tag, words in runs)


def _marked(tag: str, text: str) -> Markup:
    return Markup(f"<{tag}>{{}}</{tag}>").format(text) if text else Markup("")
