"""What ideographs say of the language that is written in them, by the character sets of those who write it.

Of the everyday characters of JIS X 0208 (level 1), those that neither GB 2312 nor Big5 have are Japanese; everyday
characters of GB 2312 or Big5 (level 1) that JIS has at most among its rare ones are Chinese. A text with some that
simplified Chinese lacks and some that traditional Chinese lacks is neither.
"""

from functools import cache
from typing import Any

import numpy as np

FIRST, LAST = 0x4E00, 0x9FFF
JAPANESE, CHINESE, NOT_SIMPLIFIED, NOT_TRADITIONAL = 1, 2, 4, 8
UNTOLD = 0.6
"""Confidence where no character says whether a text in ideographs is Chinese."""
_NONE = 1 << 16


@cache
def hints() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Bits of each ideograph from FIRST to LAST."""
    found = np.zeros(LAST - FIRST + 1, np.uint8)
    for code in range(FIRST, LAST + 1):
        jis, gb, big5 = _place(code, "euc_jp"), _place(code, "gb2312"), _place(code, "big5")
        everyday = jis < 0xD000
        found[code - FIRST] = (
            JAPANESE * (everyday and gb == big5 == _NONE)
            | CHINESE * (not everyday and (gb < 0xD800 or big5 < 0xC680))
            | NOT_SIMPLIFIED * (everyday and gb == _NONE)
            | NOT_TRADITIONAL * (everyday and big5 == _NONE)
        )
    return found


def _place(code: int, charset: str) -> int:
    """A character's two bytes in a set, which its everyday characters begin; past all of them where it isn't in it."""
    try:
        encoded = chr(code).encode(charset)
    except UnicodeEncodeError:
        return _NONE
    return int.from_bytes(encoded) if len(encoded) == 2 else _NONE


def language(counts: np.ndarray[Any, Any], kana: int) -> tuple[str, float]:
    """Language of a text in ideographs with few kana, and the confidence in it (0 to 1).

    Args:
        counts: how many of its ideographs have each bit, in the bits' order.
    """
    japanese, chinese, not_simplified, not_traditional = counts.tolist()
    speaks_for_japanese = japanese + kana
    told = speaks_for_japanese + chinese
    if speaks_for_japanese > chinese:
        return "ja", 0.5 + 0.5 * speaks_for_japanese / told
    if not told:
        return ("ja" if not_simplified and not_traditional else "zh"), UNTOLD
    return "zh", 0.5 + 0.5 * chinese / told
