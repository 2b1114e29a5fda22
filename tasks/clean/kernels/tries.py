"""Words as tries over bytes that kernels walk without regard to case, and the first two bytes that they may have."""

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def build(words: Iterable[tuple[str, int]], *, backward: bool = False) -> tuple[Array, Array]:
    """A trie of words.

    Args:
        words: each with bits that say what it is; a word that comes twice has the bits of both. Empty ones are none.
        backward: whether it is walked from a word's last byte to its first.

    Returns:
        Children by node and byte (0 is none; ASCII letters lead on in both cases), and the bits of the words that end
        at each node.
    """
    children: list[dict[int, int]] = [{}]
    ends = [0]
    for word, bits in words:
        node = 0
        spelling = word.strip().lower().encode()
        for byte in reversed(spelling) if backward else spelling:
            if byte not in children[node]:
                children[node][byte] = len(children)
                children.append({})
                ends.append(0)
            node = children[node][byte]
        ends[node] |= bits
    ends[0] = 0
    dense = np.zeros((len(children), 256), np.int32)
    for node, following in enumerate(children):
        for byte, child in following.items():
            dense[node, list(_cases(byte))] = child
    return dense, np.array(ends, np.int64)


def beginnings(words: Iterable[tuple[str, int]]) -> Array:
    """The bits of the words that can begin with two bytes, at ``first << 8 | second`` (uint8)."""
    found = np.zeros((256, 256), np.uint8)
    for word, bits in words:
        first, second = (_cases(byte) for byte in word.strip().lower().encode()[:2])
        for one in first:
            for other in second:
                found[one, other] |= bits
    return found.reshape(-1)


def listed(text: str) -> list[str]:
    """The words of a text that has one a line or between bars."""
    return [word.strip() for word in text.replace("\n", "|").split("|") if word.strip()]


def _cases(byte: int) -> set[int]:
    return {byte, byte - 32} if 97 <= byte <= 122 else {byte}
