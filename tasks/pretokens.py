"""How text is cut before any pair is merged: words with the space before them, punctuation, line ends and digits."""

_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {1: rf"{_LETTERS}\p{{N}}{_REST}"} | {
    size: rf"{_LETTERS}\p{{N}}{{1,{size}}}(?=(?:\p{{N}}{{{size}}})*(?!\p{{N}})){_REST}" for size in (2, 3)
}
"""By the digits of a group, counted from the right. The first is Qwen2's: gigatoken has compiled code for it."""
THREE_FROM_THE_LEFT = rf"{_LETTERS}\p{{N}}{{1,3}}{_REST}"
"""For this, too: on text that is cut into groups it does what the others do."""
