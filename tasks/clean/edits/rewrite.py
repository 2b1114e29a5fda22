"""Rewriting of whole texts by libraries: wrong decoding, traditional characters, Unicode normal form.

Each is work for few documents and dear, so a compiled pass over the bytes first says which documents may need it;
the others are neither decoded nor copied.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.clean import EditsConfig
from tasks.clean.kernels.blocks import EVERY, load
from tasks.clean.kernels.characters import NOT_NORMAL, table
from tasks.clean.kernels.mojibake import GROUPS, LAST, LEAD, ODD, RUSSIAN_ODD, TRAIL
from tasks.clean.kernels.utf8 import decode, width_of
from tasks.compiled import compiled

_LEADS = np.zeros(0x10000, np.uint8)
"""Of a character that stands for a lead byte in some code page: the bits of those that are wrong behind it."""
_LEADS[0xC2:0xF5] = TRAIL
_LEADS[[ord(char) for char in "РСВГ"]] = RUSSIAN_ODD
_LEADS[[ord(char) for char in "ĂĹΓΞΟ"]] = ODD
_LEADS[[ord(char) for char in "Ć√├"]] = LEAD  # any character beyond ASCII is wrong there
Array = np.ndarray[Any, Any]
Rewrite = Callable[[str], tuple[str, int]]
"""Gives a text's new form, and how many edits that took: 0 for none."""
TRADITIONAL = 0x8000
"""A bit beside those of ``characters.table``: a character that simplified Chinese writes another way."""
_QUOTED_CAPITAL = re.compile(r"(?<=[A-ZÀ-Þ])[À-Þ](?=[”’»…–—]+(?!\w))")  # ends a word in capitals, before a closing mark
_LEAD = re.compile("[Â-ô][\u0080-\u00bf\u0152-\u0192\u02c6\u02dc\u2013-\u2122]")  # as `_suspicious` looks for it


def buffers(texts: pa.LargeStringArray) -> tuple[Array, Array]:
    """The bytes and offsets of an Arrow string array, without a copy; the bytes have at least one to spare."""
    _, offsets, data = texts.buffers()
    if data is None or data.size <= offsets.size and len(texts) == 0:  # noqa: RUF021
        return np.zeros(1, np.uint8), np.zeros(1, np.int64)
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]


def rewrite(
    texts: pa.LargeStringArray, is_code: Array, config: EditsConfig
) -> tuple[pa.LargeStringArray, dict[str, Array]]:
    """The texts after all rewriting that the config asks for, and the number of edits in each by ``edit_<kind>``."""
    counts = {}
    texts, counts["edit_encoding"] = _apply(texts, config.encoding, _suspicious, repaired, ~is_code)
    texts, counts["edit_unicode"] = _apply(texts, config.unicode is not None, _not_normal, normalised)
    texts, counts["edit_simplified"] = _apply(texts, config.simplified, _traditional, simplified, ~is_code)
    return texts, counts


def repaired(text: str) -> tuple[str, int]:
    """Lines that had been decoded wrongly as their writer meant them.

    By ftfy's ``fix_encoding``, and ``fix_c1_controls`` for the controls that stand for characters of windows-1252.
    """
    import ftfy
    from ftfy.fixes import fix_c1_controls

    lines = text.split("\n")
    new = [
        line if line.isascii() else fix_c1_controls(line if _is_sound(line) else ftfy.fix_encoding(line))
        for line in lines
    ]
    return "\n".join(new), sum(a != b for a, b in zip(lines, new, strict=True))


def _is_sound(line: str) -> bool:
    """Whether what looks wrongly decoded in a line is a capital letter before a closing mark: ``“IRMÃ”``."""
    return bool(_QUOTED_CAPITAL.search(line)) and not _LEAD.search(_QUOTED_CAPITAL.sub("", line))


def simplified(text: str) -> tuple[str, int]:
    """The text in simplified characters, words considered (OpenCC's ``t2s``)."""
    new = _converter().convert(text)
    return new, int(new != text)


def normalised(text: str) -> tuple[str, int]:
    """The text in normal form C."""
    return unicodedata.normalize("NFC", text), int(not unicodedata.is_normalized("NFC", text))


def _apply(
    texts: pa.LargeStringArray,
    wanted: bool,
    suspects: Callable[[Array, Array], Array],
    function: Rewrite,
    among: Array | None = None,
) -> tuple[pa.LargeStringArray, Array]:
    """Rewrite the documents that ``suspects`` names, those of ``among`` where it is given."""
    counts = np.zeros(len(texts), np.int64)
    if not wanted or len(texts) == 0:
        return texts, counts
    rows = suspects(*buffers(texts))
    replaced = {}
    for row in np.flatnonzero(rows if among is None else rows & among):
        text, count = function(texts[row].as_py())
        if count:
            replaced[int(row)], counts[row] = text, count
    if not replaced:
        return texts, counts
    values = pa.array(list(replaced.values()), pa.large_string())
    return pc.replace_with_mask(texts, pa.array(counts > 0), values), counts


def _not_normal(data: Array, offsets: Array) -> Array:
    return _holding(data, offsets, table(), NOT_NORMAL, _normal_leads())


def _traditional(data: Array, offsets: Array) -> Array:
    characters = _traditional_characters()
    return _holding(data, offsets, characters, TRADITIONAL, _leads(characters, TRADITIONAL))


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


@cache
def _traditional_characters() -> Array:
    found = np.zeros(0x110000, np.uint16)
    for low, high in ((0x3400, 0xA000), (0xF900, 0xFB00)):
        for code in range(low, high):
            found[code] = TRADITIONAL * (_converter().convert(chr(code)) != chr(code))
    return found


@cache
def _normal_leads() -> Array:
    return _leads(table(), NOT_NORMAL)


def _leads(characters: Array, bit: int) -> Array:
    """By byte: whether a character that begins with it in UTF-8 has the bit."""
    found = np.zeros(256, np.uint8)
    for code in np.flatnonzero(characters & bit):
        if not 0xD800 <= code < 0xE000:
            found[chr(code).encode()[0]] = 1
    return found


@compiled
def _holding(data, offsets, classes, bit, leads):
    """Which documents hold a character with this bit; ``leads`` says which first bytes such a character may have."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for document in range(len(offsets) - 1):
        i, end = offsets[document], offsets[document + 1]
        while i < end:
            if i + 8 <= end and not load(data, i) & EVERY:
                i += 8
                continue
            byte = data[i]
            if leads[byte] == 0:
                i += width_of(byte)
            elif classes[decode(data, i)] & bit:
                found[document] = True
                break
            else:
                i += width_of(byte)
    return found


@compiled
def _suspicious(data, offsets):
    """Which documents hold C1 controls, or what UTF-8 looks like when it is read by a code page that ftfy knows.

    That is a character that stands for a lead byte, and behind it, control characters aside, one of those that stand
    for the other bytes: in windows-1252 a letter from Â (U+00C2) to ô (U+00F4), in others those of ``_LEADS``.
    """
    found = np.zeros(len(offsets) - 1, np.bool_)
    for document in range(len(offsets) - 1):
        i, end = offsets[document], offsets[document + 1]
        while i < end - 2:
            if i + 8 <= end and not load(data, i) & EVERY:
                i += 8
                continue
            i += 1
            lead = data[i - 1]
            if lead < 0xC2:
                continue
            if lead == 0xC2 and 0x80 <= data[i] <= 0x9F and data[i] != 0x85:  # which is a line end
                found[document] = True
                break
            code = decode(data, i - 1) if lead < 0xF0 else 0
            if not _LEADS[code]:
                continue
            k = i - 1 + width_of(lead)
            while k + 1 < end and (data[k] < 32 or data[k] == 127):
                k += 1
            if k + 1 >= end or data[k] < 0xC2:
                continue
            if code < 0x100:
                suspicious = data[k] in (0xC2, 0xE2, 0xC5, 0xC6, 0xCB, 0xEF)
            else:
                behind = decode(data, k) if data[k] < 0xF0 else 0
                wrong = GROUPS[behind] if behind < LAST else 0
                suspicious = wrong & _LEADS[code] or (_LEADS[code] & LEAD and 0x80 <= behind < 0x2500)
            if suspicious:
                found[document] = True
                break
    return found
