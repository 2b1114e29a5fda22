"""What a vocabulary is like, whatever text it is used on: its characters, its longest tokens, digits, white space."""

import itertools
import re
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.encoder import Encoder

LONGEST = 20
"""Tokens that are named as the longest."""
INDENTATIONS = (2, 4, 8, 12, 16, 24, 32)
"""Widths in spaces that are tried."""
NUMBER = "1234567"
_IDEOGRAPHS = ((0x2E80, 0x3000), (0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
_ROWS = {"gb2312_level_1": (0xB0, 0xD7), "gb2312_level_2": (0xD8, 0xF7)}


def character_sets() -> dict[str, str]:
    """Chinese characters by set: GB 2312's two levels, and the ideographs that GB 18030 writes in two bytes."""
    found = {
        name: "".join(
            bytes(pair).decode("gb2312", errors="ignore")
            for pair in itertools.product(range(first, last + 1), range(0xA1, 0xFF))
        )
        for name, (first, last) in _ROWS.items()
    }
    everything = (chr(code) for first, end in _IDEOGRAPHS for code in range(first, end))
    found["gb18030_two_bytes"] = "".join(one for one in everything if len(one.encode("gb18030")) == 2)
    return found


def nature(encoder: Encoder, tokens: list[bytes]) -> dict[str, Any]:
    """Figures of a vocabulary.

    Args:
        tokens: the bytes of all tokens but the special ones.

    Returns:
        ``coverage`` (by character set: characters, and how many of them are one token), ``longest_tokens`` and
        ``longest_chinese_tokens``, ``digits`` (how a number is cut, and the digits of the longest number that is a
        token), ``white_space`` (tokens of nothing else, tokens that an indentation takes by its width, tokens that go
        on after a line's end, tokens that hold text and a line's end) and ``steps`` (tokens that are the beginning of a
        character, beyond the 256 bytes).
    """
    texts = [token.decode(errors="replace") for token in tokens]
    whole = [text for text in texts if "\ufffd" not in text]
    chinese = [text for text in whole if re.fullmatch(r"\W?[\u3400-\u9fff]+", text)]
    number, _ = encoder.encode(pa.array([NUMBER]))
    _, indentations = encoder.encode(pa.array(["\n" + " " * width + "x" for width in INDENTATIONS]))
    return {
        "coverage": {name: _coverage(encoder, characters) for name, characters in character_sets().items()},
        "longest_tokens": sorted(whole, key=lambda text: (-len(text), text))[:LONGEST],
        "longest_chinese_tokens": sorted(chinese, key=lambda text: (-len(text), text))[:LONGEST],
        "digits": {
            "number": NUMBER,
            "tokens": len(number),
            "longest": max((len(text) for text in whole if text.isdecimal()), default=0),
        },
        "white_space": {
            "tokens": sum(text.isspace() for text in whole),
            "tokens_of_indentation": dict(zip(map(str, INDENTATIONS), (indentations - 2).tolist(), strict=True)),
            "across_lines": sum(bool(re.search(r"[\r\n]+[^\S\r\n]*\S", text)) for text in whole),
            "with_line_end": sum(bool(re.search(r"\S[\r\n]", text)) for text in whole),
        },
        "steps": sum(len(token) > 1 and "\ufffd" in text for token, text in zip(tokens, texts, strict=True)),
    }


def _coverage(encoder: Encoder, characters: str) -> dict[str, int]:
    _, lengths = encoder.encode(pa.array(list(characters)))
    return {"characters": len(characters), "single_tokens": int(np.count_nonzero(lengths == 1))}
