"""Hits of keyword lists: every list at once, in one walk over the bytes (a trie, as Aho and Corasick begin theirs).

A word in Latin letters or digits is met at its borders only, a word of ideographs wherever it stands; case does not
matter. Of words that begin at the same place the longest counts, and the walk goes on behind it.
"""

from functools import lru_cache

import numpy as np

from smelt.recipe.clean import KEYWORDS, CleanConfig, KeywordList
from tasks.clean.kernels.tries import Array, build
from tasks.clean.kernels.utf8 import is_alnum, width_of
from tasks.compiled import compiled


def hits(data: Array, offsets: Array, config: CleanConfig) -> dict[str, Array]:
    """By column ``keywords_<list>``: how often words of the list occur in each document (int64)."""
    if not config.keywords:
        return {}
    children, owners = _trie(tuple(config.keywords.items()))
    found = np.zeros((len(config.keywords), len(offsets) - 1), np.int64)
    _count(data, offsets, children, owners, found)
    return {KEYWORDS + name: found[number] for number, name in enumerate(config.keywords)}


@lru_cache(maxsize=1)
def _trie(lists: tuple[tuple[str, KeywordList], ...]) -> tuple[Array, Array]:
    return build((word, 1 << number) for number, (name, words) in enumerate(lists) for word in words.read(name))


@compiled
def _count(data, offsets, children, owners, found):
    for document in range(len(offsets) - 1):
        start, end = offsets[document], offsets[document + 1]
        i = start
        while i < end:
            node = children[0, data[i]]
            stop, owner = i, 0
            if node != 0 and not (is_alnum(data[i]) and i > start and is_alnum(data[i - 1])):
                k = i + 1
                while True:
                    inside = k < end and is_alnum(data[k - 1]) and is_alnum(data[k])
                    if owners[node] and not inside:
                        stop, owner = k, owners[node]
                    node = children[node, data[k]] if k < end else 0
                    if node == 0:
                        break
                    k += 1
            if owner:
                for number in range(len(found)):
                    found[number, document] += owner >> number & 1
                i = stop
            else:
                i += width_of(data[i])
