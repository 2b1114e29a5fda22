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
    return "" if _is_wide(before[-_REACH:][::-1]) and _is_wide(after[:_REACH]) else " "


def joined(lines: Sequence[str]) -> str:
    """The lines in one."""
    out: list[str] = []
    last = ""
    for line in lines:
        out += [glue(last, line), line] if last and line else [line]
        last = line or last
    return "".join(out)


def _is_wide(text: str) -> bool:
    """Whether the text begins with Chinese or Japanese, or with shared marks that such a character follows."""
    return bool(_WIDE.match(text.lstrip(_SHARED)))
