"""Escapes of a roff line: where they are, and the text that remains of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tasks.ingest.roff.glyphs import composed, glyph, overstruck

JOINED = "\x01"
"""At the end of a line's text: what follows joins without a blank (``\\c``)."""
_NEXT_OVER = "\x02"  # in front of two characters printed at one place
_WITH_NAME = "fFmMngkOVY*$"  # a name of one character, of two behind (, of any number in brackets
_WITH_ARGUMENT = "AbBCDhHlLNoRSvwxXZ"  # an argument between two equal characters
_LONGEST_NAME, _LONGEST_ARGUMENT = 80, 100
_PLAIN = {"e": "\\", "\\": "\\", "E": "\\", "-": "-", " ": " ", "~": " ", "0": " ", "t": "\t", "'": "´", "`": "`", "_": "_",  # noqa: E501
          ".": ".", "c": JOINED, "z": _NEXT_OVER} | dict.fromkeys("&|^/,:%pdu){}ar!?", "")  # fmt: skip
_BLANK = re.compile(r"\+?\d*[1-9]\d*(?:\.\d*)?[nm]?")
_OVER = re.compile(_NEXT_OVER + "(.)(.)")
_ACCENTED = re.compile("[^\\W\\d_][\u0300-\u0338]+")
COMMENT = re.compile(r'(?<!\\)((?:\\\\)*)\\(?:"|#).*')
BRACES = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Escape:
    """One escape.

    Attributes:
        before: the text between it and the one before it.
        kind: the character behind the backslash; empty for the end of the line.
        argument: its name or argument.
        raw: all of it, as it is written.
    """

    before: str
    kind: str = ""
    argument: str = ""
    raw: str = ""


def escapes(text: str) -> Iterator[Escape]:
    """The escapes of a line, and last what stands behind them."""
    start = 0
    while (at := text.find("\\", start)) >= 0:
        kind, end = text[at + 1 : at + 2], at + 2
        argument = ""
        if kind in ("(", "["):
            argument, end = _name(text, at + 1)
        elif kind and kind in _WITH_NAME:
            argument, end = _name(text, end)
        elif kind and kind in _WITH_ARGUMENT:
            argument, end = _argument(text, end)
        elif kind == "s":
            end = _size(text, end)
        yield Escape(text[start:at], kind, argument, text[at:end])
        start = end
    yield Escape(text[start:])


def plain(text: str) -> str:
    """The text of a line whose strings and registers are filled in."""
    if "\\" in text:
        text = "".join(escape.before + _text(escape) for escape in escapes(text))
        text = _OVER.sub(lambda found: overstruck(found[1] + found[2]), text).replace(_NEXT_OVER, "")
    return _ACCENTED.sub(lambda found: composed(found[0]), text)


def _text(escape: Escape) -> str:
    kind, argument = escape.kind, escape.argument
    if kind in ("(", "[", "C"):
        return glyph(argument)
    if kind == "N":
        return chr(int(argument)) if argument.isdecimal() and 32 <= int(argument) < 0xD800 else ""
    if kind == "o":
        return overstruck(plain(argument).replace(JOINED, ""))
    if kind == "h":
        return " " if _BLANK.fullmatch(argument) else ""
    if kind == "Z":
        return plain(argument)
    if kind in _WITH_NAME or kind in _WITH_ARGUMENT or kind in ("", "s"):
        return ""
    return _PLAIN.get(kind, kind)


def _name(text: str, at: int) -> tuple[str, int]:
    """A name at ``at`` (with its sign, as registers may have one), and where it ends."""
    sign = text[at : at + 1] if text[at : at + 1] in ("+", "-") and text[at - 1 : at] == "n" else ""
    at += len(sign)
    if text[at : at + 1] == "(":
        return sign + text[at + 1 : at + 3], at + 3
    if text[at : at + 1] == "[":
        end = text.find("]", at, at + _LONGEST_NAME)
        return (sign + text[at + 1 : end], end + 1) if end >= 0 else ("", at + 1)
    return sign + text[at : at + 1], at + 1


def _argument(text: str, at: int) -> tuple[str, int]:
    """An argument between two characters of which the first is at ``at``, and where it ends."""
    border, end = text[at : at + 1], at + 1
    while border and end < min(len(text), at + _LONGEST_ARGUMENT):
        if text[end] == border:
            return text[at + 1 : end], end + 1
        if text[end] != "\\":
            end += 1
        elif text[end + 1 : end + 3] == "w" + border and text.find(border, end + 3, end + 80) >= 0:
            end = text.find(border, end + 3) + 1  # a width inside, with borders of its own
        else:
            end += 2
    return "", at


def _size(text: str, at: int) -> int:
    """Where a change of size ends."""
    found = re.compile(r"[+-]?(?:\[[^\]]{0,20}\]|'[^']{0,20}'|\([+-]?..|[1-3]\d|\d)").match(text, at)
    return found.end() if found else at
