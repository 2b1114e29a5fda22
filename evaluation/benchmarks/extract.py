"""Rules by which an answer is taken from what a model wrote, and where it may stop writing."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import polars as pl

TOKENS = {"begins": 16, "line": 32, "letter": 8, "number": 256, "code": 512}
"""Tokens that an answer is given, by rule; of a regular expression as many as of a number."""
ASKS_AGAIN = ("\n\n", "Question:", "问题：")
CODE_ENDS = ("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", '\n"""', "\n@", "\nassert ", "\n```")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")


def is_right(text: str, rule: str, answers: Sequence[str], labels: Sequence[str] = ()) -> bool:
    """Whether a text answers the question.

    Args:
        rule: ``begins`` (the text begins with an answer, and the answer ends there: "4" is not right in "42 apples"),
            ``line`` (the first line is the answer), ``number`` (the number after ``####``, else the last one),
            ``letter`` (the first of ``labels`` that stands alone), ``regex(…)`` (its first group).
        answers: the right ones; of ``letter`` right labels.
        labels: what the options are called.
    """
    right = [answer.strip() for answer in answers]
    if rule == "begins":
        said = text.strip()
        return any(said.startswith(answer) and _ends(answer, said[len(answer) :]) for answer in right)
    if rule == "number":
        said_number = number(text)
        return said_number is not None and said_number in [number(answer) for answer in right]
    found = letter(text, labels) if rule == "letter" else _line(text) if rule == "line" else _group(rule, text)
    return found is not None and found in right


def number(text: str) -> Decimal | None:
    """The number after the last ``####``, else the last one in the text."""
    _, mark, after = text.rpartition("####")
    found = _NUMBER.findall(after if mark else text)
    if not found:
        return None
    try:
        return Decimal((found[0] if mark else found[-1]).replace(",", ""))
    except InvalidOperation:
        return None


def letter(text: str, labels: Sequence[str]) -> str | None:
    """The first label that stands alone: not inside a word of Latin letters or digits."""
    longest_first = sorted(labels, key=len, reverse=True)
    found = re.search(rf"(?<![A-Za-z0-9])({'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])", text)
    return found.group(1) if found else None


def stops(rule: str) -> Callable[[str], bool]:
    """When a text has said all that the rule looks at."""
    if rule == "line":
        return lambda text: "\n" in text
    if rule in ("begins", "letter"):
        return lambda text: "\n" in text.lstrip()
    ends = CODE_ENDS if rule == "code" else ASKS_AGAIN
    return lambda text: any(end in text for end in ends)


def cut(text: str, rule: str) -> str:
    """The text up to where the rule lets it stop."""
    ends = CODE_ENDS if rule == "code" else ASKS_AGAIN
    if rule in ("line", "begins", "letter"):
        return text
    return text[: min((text.index(end) for end in ends if end in text), default=len(text))]


def _line(text: str) -> str:
    return text.partition("\n")[0].strip()


def _group(rule: str, text: str) -> str | None:
    found = pl.Series([text]).str.extract(rule[len("regex(") : -1], 1)[0]
    return found.strip() if found else None


def _ends(answer: str, rest: str) -> bool:
    if not answer or not rest:
        return True
    if answer[-1].isdigit() and re.match(r"[.,:/]?\d|%", rest):
        return False
    latin = answer[-1].isascii() and answer[-1].isalnum()
    return not (latin and rest[0].isascii() and (rest[0].isalnum() or rest[0] == "_"))
