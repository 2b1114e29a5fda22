"""What every Unicode character is to the kernels: one 16-bit entry for each code point.

The low four bits hold a class, the others are flags. Built from Python's own Unicode tables, and for
punctuation from datatrove's sets, so that the public rules mean the same here as there.
"""

import unicodedata
from functools import cache
from typing import Any

import numpy as np
from datatrove.utils.text import PUNCTUATION_SET, TERMINAL_PUNCTUATION

CLASS = 0x0F
OTHER, SPACE, LOWER, UPPER, CJK, LETTER, DIGIT, PUNCTUATION, SYMBOL, GARBLED = range(10)
PLAIN_PUNCTUATION = 0x10  # in datatrove's PUNCTUATION_SET
TERMINAL = 0x20  # ends a sentence, in any script
NOT_NORMAL = 0x40  # may have to change in Unicode normal form C
ALPHA = 0x80  # str.isalpha
FUNCTION = 0x100  # a Chinese function character
ICON = 0x200  # category So, a word of its own
QUOTE = 0x400  # spaCy's quotes and brackets
MARK = 0x800  # spaCy's punctuation, split off both ends of a word
CURRENCY = 0x1000
MISREAD = 0x2000  # of East Asia, and hardly ever written but by a wrong code page; see ``mojibake``

ZH_FUNCTION = "的了是在不和有我这个也就与为"
_SPACY_MARKS = "…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪"
_SPACY_QUOTES = "'\"”“`‘´’‚„»«「」『』（）〔〕【】《》〈〉⟦⟧"
_CURRENCY = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿"
_MISREAD = "锟嚙쏙锛銆鈥鐨鏄縺繧繝"  # what UTF-8 is in GBK, Big5, windows-949 and Shift_JIS
_RANGES = ((0, 0x33480), (0xE0000, 0xE01F0))  # all that is assigned, private use aside
_COMPOSING = ((0x1161, 0x1175), (0x11A8, 0x11C2))  # jamo that join the one before


@cache
def table() -> np.ndarray[Any, np.dtype[np.uint16]]:
    """The entries of all 0x110000 code points."""
    entries = np.full(0x110000, OTHER, np.uint16)
    for low, high in _RANGES:
        for code in range(low, high):
            entries[code] = _entry(code)
    entries[0xE000:0xF900] = GARBLED
    entries[0xF0000:0x110000] = GARBLED
    entries[0xD800:0xE000] = GARBLED
    entries[[ord(char) for char in _MISREAD]] |= MISREAD
    entries[0xFF61:0xFFA0] |= MISREAD
    for low, high in _COMPOSING:
        entries[low : high + 1] |= NOT_NORMAL
    return entries


def _entry(code: int) -> int:
    char = chr(code)
    category = unicodedata.category(char)
    entry = _class(char, code, category)
    entry |= PLAIN_PUNCTUATION * (char in PUNCTUATION_SET) | TERMINAL * (char in TERMINAL_PUNCTUATION)
    entry |= ALPHA * char.isalpha() | FUNCTION * (char in ZH_FUNCTION) | ICON * (category == "So" and char != "°")
    entry |= QUOTE * (char in _SPACY_QUOTES) | MARK * (char in _SPACY_MARKS) | CURRENCY * (char in _CURRENCY)
    if code >= 0x300 and (unicodedata.combining(char) or not unicodedata.is_normalized("NFC", char)):
        entry |= NOT_NORMAL
    return entry


def _class(char: str, code: int, category: str) -> int:
    if char.isspace():
        return SPACE
    if category[0] == "L":
        if _is_cjk(code):
            return CJK
        if code < 0x250 or 0x1E00 <= code < 0x1F00:
            return UPPER if category in ("Lu", "Lt") else LOWER
        return LETTER
    if category[0] == "M":
        return LETTER
    if category[0] == "N":
        return DIGIT if category == "Nd" else CJK if _is_cjk(code) else SYMBOL
    if category[0] == "P":
        return PUNCTUATION
    if category[0] == "S":
        return GARBLED if code == 0xFFFD else SYMBOL
    return GARBLED if category in ("Cc", "Co", "Cs") else OTHER


def _is_cjk(code: int) -> bool:
    return (
        0x3005 <= code <= 0x3007
        or 0x3021 <= code <= 0x3029
        or 0x3031 <= code <= 0x30FF
        or 0x3100 <= code <= 0x318F
        or 0x31A0 <= code <= 0x31FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7A3
        or 0xF900 <= code <= 0xFAFF
        or 0xFF66 <= code <= 0xFF9F
        or 0x20000 <= code <= 0x3347F
    )
