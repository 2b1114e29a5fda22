"""Lines of a paragraph in one: between Chinese no blank, whatever marks the lines end and begin with."""

import re
from collections.abc import Sequence

_EAST = "\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff01-\uff5e\uff61-\uff9f\U00020000-\U0003ffff"  # not hangul, which has blanks  # noqa: E501
_WIDE = re.compile(f"[{_EAST}]")
_SHARED = "“”‘’—…·‥–―•"
"""Marks that Chinese shares with other languages: what they are is told by the letters beside them."""
_REACH = 64  # characters in which the nearest letter is looked for


def glue(before: str, after: str) -> str:
    """What belongs between a line and the one that it goes on in: a blank, or nothing where both sides are Chinese."""
    sides = {_begins_wide(before[-_REACH:][::-1]), _begins_wide(after[:_REACH])}
    return "" if True in sides and False not in sides else " "


def joined(lines: Sequence[str]) -> str:
    """The lines in one."""
    out: list[str] = []
    last = ""
    for line in lines:
        out += [glue(last, line), line] if last and line else [line]
        last = (last + line)[-_REACH:]
    return "".join(out)


def is_wide(character: str) -> bool:
    """Whether a character is an ideograph, kana or a mark that only Chinese and Japanese have."""
    return _WIDE.match(character) is not None


def _begins_wide(text: str) -> bool | None:
    """Whether the text begins with Chinese or Japanese, or with shared marks that it follows; None for marks alone."""
    letters = text.lstrip(_SHARED)
    return is_wide(letters) if letters else None
