"""What text looks like that was decoded by the wrong code page, character by character.

UTF-8 writes a character as a lead byte and one to three bytes from 0x80 to 0xBF. Read as windows-1252 the lead is a
letter from Â to ï and the others are signs, where words have letters; read as windows-1251 the lead of Cyrillic is Р
or С. Text of East Asia or in Cyrillic, read as windows-1252, is long runs of letters from À to ÿ and signs. What was
replaced once and decoded wrongly again has three characters of its own in each code page, such as 锟斤拷.
"""

from typing import Any

import numpy as np

from tasks.clean.kernels.utf8 import decode, is_alnum
from tasks.compiled import inner

RUN, ODD, TRAIL, LEAD, LONG, RUSSIAN, RUSSIAN_ODD, INSIDE = 1, 2, 4, 8, 16, 32, 64, 128
"""Of a character: a letter from À to ÿ or an odd sign, so that it makes runs; a sign that words don't have beside a
letter; a byte from 0x80 to 0xBF; a lead byte of two; one of three; leads read as windows-1251, and what doesn't
follow those in words; what is a fault only inside of a word."""
WRONG = RUN | ODD | TRAIL | RUSSIAN_ODD | INSIDE
"""What a character has that may show a fault."""
LAST = 0x2230
_SIGNS = "¢£¤¥¦¨©¬®¯±´µ¶¸ƒˆ˜†‡‰€™ŸŒœ"
_FIGURES = "¹²³¼½¾"  # which stand behind units
_SOUND = "\xa0¡§ª«°·º»¿­ŠŽšž‘’“”–—…•‚„‹›"
_LONGEST_SOUND = 4  # letters from À to ÿ in a row, as in jäääär


def _groups() -> np.ndarray[Any, Any]:
    found = np.zeros(LAST, np.uint8)
    for code in range(0xC0, 0x100):
        found[code] |= RUN * (code not in (0xD7, 0xF7)) | LEAD * (0xC2 <= code < 0xE0) | LONG * (0xE0 <= code < 0xF0)
    found[0x80:0xA0] |= TRAIL | ODD | RUN
    for char in _SIGNS:
        found[ord(char)] |= TRAIL | ODD | RUN
    for char in _FIGURES:
        found[ord(char)] |= TRAIL | RUN
    for char in _SOUND:
        found[ord(char)] |= TRAIL
    for char in "\u0192\u201a":
        found[ord(char)] |= INSIDE
    for char in "РСВГ":
        found[ord(char)] |= RUSSIAN
    for char in "¤¦©¬®°±µ¶ЃЅЏѓ‚†‡€‰‹™":
        found[ord(char)] |= RUSSIAN_ODD
    found[ord("√")] |= LEAD
    return found


GROUPS = _groups()
"""The bits of each character below LAST."""


@inner
def misread(data, i, end, width, code, run, before, before_that):
    """How many characters the one at ``i`` shows to be misread.

    Args:
        run: characters that make runs, up to this one.
        before, before_that: bits of the characters right before, 0 for ASCII and for all from LAST on.
    """
    bits = GROUPS[code]
    if run > _LONGEST_SOUND:
        return _LONGEST_SOUND + 1 if run == _LONGEST_SOUND + 1 else 1
    if before & LEAD and bits & ODD:
        return 1
    if before_that & LONG and before & bits & TRAIL and (before | bits) & ODD:
        return 1
    if before & RUSSIAN and bits & RUSSIAN_ODD:
        return 1
    if bits & TRAIL and code <= 0xBF and i >= 2 and data[i - 2] == 0xC3 and data[i - 1] == 0x83:  # Ã
        if code == 0xA0 or code == 0xAB or code == 0xBB:
            return 1 if i + width < end and (is_alnum(data[i + width]) or data[i + width] == 0xC3) else 0
        return 1
    if bits & TRAIL and code <= 0xBF and i >= 2 and data[i - 2] == 0xC3 and data[i - 1] == 0x82:  # Â
        return 1
    if code == 0x20AC and i >= 2 and data[i - 2] == 0xC3 and data[i - 1] == 0xA2:  # â€
        return 1
    if bits & INSIDE and i > 0 and i + width < end:
        return 1 if (before & RUN or is_alnum(data[i - 1])) and _is_word(data[i + width]) else 0
    return 0


@inner
def _is_word(byte):
    return byte >= 0x80 or is_alnum(byte)


@inner
def misread_wide(data, i, end, code, before):
    """How many characters one of East Asia at ``i``, which has MISREAD, shows to be misread; ``before`` is a code."""
    following = decode(data, i + 3) if i + 6 <= end and data[i + 3] >= 0xE0 and data[i + 3] < 0xF0 else 0
    if code == 0x951F:  # 锟斤拷
        return 3 if following == 0x65A4 else 0
    if code == 0x5699:  # 嚙踝蕭
        return 3 if following == 0x8E1D else 0
    if code == 0xC3D9:  # 占쏙옙
        return 3 if before == 0x5360 else 0
    if code < 0xFF61:
        return 1 if following or before else 0
    if before == 0xFF82 or before == 0xFF83:  # ﾂ and ﾃ for 0xC2 and 0xC3
        return 2 if i + 3 < end and is_alnum(data[i + 3]) else 0
    if code == 0xFF7D and before == 0xFF7F:  # ｿｽ for the end of U+FFFD
        return 2
    if 0x4E00 <= before < 0xA000 and 0x4E00 <= following < 0xA000:
        return 2 if code != 0xFF79 and code != 0xFF89 else 0  # as in 関ｹ原
    return 0
