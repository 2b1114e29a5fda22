"""Many short strings found in one pass over bytes: an Aho-Corasick automaton in flat arrays."""

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Automaton(NamedTuple):
    """States reached by bytes; state 0 is the start. s states over k classes of bytes."""

    letters: np.ndarray
    """uint8[256]; the class of a byte, 0 for those that no string holds."""
    step: np.ndarray
    """int16[s, k]; the next state."""
    found: np.ndarray
    """uint64[s]; the marks of all strings that end here."""


def automaton(marks: Mapping[str, int]) -> Automaton:
    """The automaton that finds the given strings.

    Args:
        marks: bits by string.
    """
    strings = {string.encode(): bits for string, bits in marks.items()}
    letters = np.zeros(256, np.uint8)
    used = sorted({byte for string in strings for byte in string})
    letters[used] = np.arange(1, len(used) + 1)
    tree: list[dict[int, int]] = [{}]
    found = [0]
    for string, bits in strings.items():
        state = 0
        for byte in string:
            letter = int(letters[byte])
            if letter not in tree[state]:
                tree[state][letter] = len(tree)
                tree.append({})
                found.append(0)
            state = tree[state][letter]
        found[state] |= bits
    step = np.zeros((len(tree), len(used) + 1), np.int16)
    shorter = [0] * len(tree)
    queue = deque([0])
    while queue:
        state = queue.popleft()
        step[state] = step[shorter[state]] if state else 0
        for letter, following in tree[state].items():
            shorter[following] = int(step[state, letter]) if state else 0
            found[following] |= found[shorter[following]]
            step[state, letter] = following
            queue.append(following)
    return Automaton(letters, step, np.array(found, np.uint64))
