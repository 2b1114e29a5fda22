"""Numeric expressions of roff: from left to right, in basic units of a device with 240 to an inch."""

import re
from collections.abc import Callable

_SCALES = {"u": 1, "i": 240, "c": 94, "p": 10 / 3, "P": 40, "m": 24, "n": 24, "v": 40, "M": 0.24}
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([uicpPmnvM]?)")
_SIGN = re.compile(r"<=|>=|==|<\?|>\?|[-+*/%<>=&:]")
_DEEPEST = 20  # brackets in each other
_APPLIED: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
    "/": lambda a, b: int(a / b) if b else 0, "%": lambda a, b: a % b if b else 0,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b, "==": lambda a, b: a == b, "&": lambda a, b: a > 0 and b > 0,
    ":": lambda a, b: a > 0 or b > 0, "<?": min, ">?": max,
}  # fmt: skip
_LARGEST = 1 << 31


def value_of(expression: str) -> int:
    """What an expression comes to; 0 for what is none."""
    return _expression(expression.replace(" ", ""), 0, 0)[0]


def _expression(text: str, at: int, depth: int) -> tuple[int, int]:
    left, at = _operand(text, at, depth)
    while sign := _SIGN.match(text, at):
        right, at = _operand(text, sign.end(), depth)
        left = int(max(-_LARGEST, min(_APPLIED[sign[0]](left, right), _LARGEST)))
    return left, at


def _operand(text: str, at: int, depth: int) -> tuple[int, int]:
    negative = inverse = False
    while text[at : at + 1] in ("-", "+", "!"):
        negative ^= text[at] == "-"
        inverse ^= text[at] == "!"
        at += 1
    value = 0
    if text[at : at + 1] == "(" and depth < _DEEPEST:
        value, at = _expression(text, at + 1, depth + 1)
        at += text[at : at + 1] == ")"
    elif number := _NUMBER.match(text, at):
        value, at = int(min(float(number[1][:20]) * _SCALES.get(number[2], 1), _LARGEST)), number.end()
    value = -value if negative else value
    return (int(value <= 0) if inverse else value), at
