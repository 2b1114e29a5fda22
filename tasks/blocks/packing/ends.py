"""Where a document that is longer than a context is cut: behind the last paragraph that ends in it.

A paragraph ends with a blank line, which may be one token or several; what a token adds to one is known from its text.
Where no paragraph ends, it is the last line that does, and where no line ends, the context is filled.
"""

import numpy as np
from tokenizers import Tokenizer

from tasks.compiled import compiled

_BLANK, _CLOSES = 4, 8
"""Bits of a token's kind beside the line ends at its end, of which two count: it is nothing but white space; a line end
is its last character."""


def kinds(tokenizer: Tokenizer) -> np.ndarray:
    """What each token of a vocabulary does to lines (uint8)."""
    size = max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1
    texts = tokenizer.decode_batch([[number] for number in range(size)], skip_special_tokens=False)
    return np.array([_kind(text) for text in texts], np.uint8)


def cuts(ids: np.ndarray, length: int, kinds: np.ndarray) -> np.ndarray:
    """How many tokens of a document lie before each of its cuts (int64, rising).

    Args:
        ids: of the whole document, N.
        length: tokens of a context: no piece is longer.
        kinds: of the vocabulary's tokens.
    """
    found = np.empty(len(ids), np.int64)
    return found[: _cuts(ids, length, kinds, found)].copy()


def _kind(text: str) -> int:
    lines = text[len(text.rstrip()) :].count("\n")
    return min(lines, 2) | _BLANK * (not text.strip()) | _CLOSES * text.endswith("\n")


@compiled
def _cuts(ids, length, kinds, found):
    count = begin = paragraph = line = lines = 0
    written = False  # whether the piece has more than white space so far
    for at in range(len(ids)):
        if at - begin == length:
            begin = paragraph if paragraph > begin else line if line > begin else at
            written = begin < at
            found[count] = begin
            count += 1
        kind = kinds[ids[at]]
        blank = kind & _BLANK > 0
        lines = (kind & 3) + (lines if blank else 0)
        written |= not blank
        if kind & _CLOSES and written:
            line = at + 1
            paragraph = at + 1 if lines > 1 else paragraph
    return count
