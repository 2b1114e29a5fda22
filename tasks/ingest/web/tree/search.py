"""Words looked for in whole pages and in their start tags: many bytes at a time, as no loop can that stops at a hit."""

from typing import NamedTuple

import numpy as np

from tasks.compiled import compiled, inner
from tasks.ingest.web.tree.tags import TEXT

_WINDOW = 512
"""Bytes that are looked at together."""


class Words(NamedTuple):
    """Words in small letters; w words."""

    letters: np.ndarray
    """uint8[w, l]; zeros behind a word."""
    sizes: np.ndarray
    """int64[w]"""
    fourth: np.ndarray
    """uint8[w]; the fourth letter, or what must not follow three (0 where anything may)."""


def words_of(words: dict[str, str]) -> Words:
    """Words to look for.

    Args:
        words: of three letters or more, each with the letter that must not follow it; only one of three may have one.
    """
    letters = np.zeros((len(words), max(map(len, words))), np.uint8)
    fourth = np.zeros(len(words), np.uint8)
    for row, (place, (word, unlike)) in zip(letters, enumerate(words.items()), strict=True):
        row[: len(word)] = np.frombuffer(word.encode(), np.uint8)
        fourth[place] = row[3] if len(word) > 3 else ord(unlike or "\0")
    return Words(letters, np.array([len(word) for word in words]), fourth)


@compiled
def tags_with(source, tag, start, end, words):
    """The elements whose start tag has one of these words, in any case (int32[k], in document order)."""
    found, count, node = np.empty(len(tag), np.int32), 0, 1
    low, hits = np.zeros(_WINDOW + 4, np.uint8), np.empty(_WINDOW, np.uint8)
    for begin in range(0, source.size, _WINDOW):
        if not _search(source, begin, low, hits, words):
            continue
        for i in range(min(_WINDOW, source.size - begin)):
            if not hits[i]:
                continue
            at = begin + i
            while node < len(tag) and (end[node] <= at or tag[node] == TEXT):
                node += 1
            if node == len(tag):
                return found[:count]
            if start[node] < at and _word_at(source, at, end[node], words) >= 0:
                found[count] = node
                count, node = count + 1, node + 1
    return found[:count]


@compiled
def words_in(source, words):
    """Which of these words stand in some bytes, in any case (bool[w])."""
    found = np.zeros(len(words.sizes), np.bool_)
    low, hits = np.zeros(_WINDOW + 4, np.uint8), np.empty(_WINDOW, np.uint8)
    for begin in range(0, source.size, _WINDOW):
        if _search(source, begin, low, hits, words):
            for i in range(min(_WINDOW, source.size - begin)):
                if hits[i]:
                    word = _word_at(source, begin + i, source.size, words)
                    if word >= 0:
                        found[word] = True
    return found


@inner
def _search(source, begin, low, hits, words):
    """Note where in a window the first four letters of a word stand; whether there is such a place."""
    size, first = min(_WINDOW, source.size - begin), np.uint64(begin)
    for i in range(min(size + 3, source.size - begin)):
        low[i] = source[first + np.uint64(i)] | np.uint8(32)
    for i in range(source.size - begin, size + 3):
        low[i] = 0
    for i in range(size):
        hits[i] = 0
    for word in range(words.sizes.size):
        one, two, third = words.letters[word, 0], words.letters[word, 1], words.letters[word, 2]
        fourth, three = words.fourth[word], words.sizes[word] == 3
        for i in range(size):
            hits[i] |= np.uint8(
                (low[i] == one) & (low[i + 1] == two) & (low[i + 2] == third) & ((low[i + 3] == fourth) != three)
            )
    some = np.uint8(0)
    for i in range(size):
        some |= hits[i]
    return some > 0


@inner
def _word_at(source, at, end, words):
    """Which of the words stands here, before ``end``; -1 where none does."""
    for word in range(words.sizes.size):
        size, place = words.sizes[word], 0
        if at + size > end:
            continue
        while place < size and source[at + place] | 32 == words.letters[word, place]:
            place += 1
        if place == size and (size > 3 or at + 3 >= source.size or source[at + 3] | 32 != words.fourth[word]):
            return word
    return -1
