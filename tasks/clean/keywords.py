"""Hits of keyword lists: every list at once, in one walk over the bytes (a trie, as Aho and Corasick begin theirs).

A word in Latin letters or digits is met at its borders only, a word of ideographs wherever it stands; case does not
matter. Of words that begin at the same place the longest counts, and the walk goes on behind it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from smelt.recipe.clean import KEYWORDS, CleanConfig, KeywordList
from tasks.clean.utf8 import is_alnum, width_of
from tasks.compiled import compiled

Array = np.ndarray[Any, Any]


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
    return build({name: words.read(name) for name, words in lists})


def build(lists: Mapping[str, Sequence[str]]) -> tuple[Array, Array]:
    """Children by node and byte (0 is none), and the lists that have the word that ends at a node, as bits."""
    children: list[dict[int, int]] = [{}]
    owners = [0]
    for number, words in enumerate(lists.values()):
        for word in words:
            node = 0
            for byte in word.strip().lower().encode():
                if byte not in children[node]:
                    children[node][byte] = len(children)
                    children.append({})
                    owners.append(0)
                node = children[node][byte]
            owners[node] |= 1 << number
    owners[0] = 0  # an empty word is none
    dense = np.zeros((len(children), 256), np.int32)
    for node, following in enumerate(children):
        for byte, child in following.items():
            dense[node, byte] = child
            dense[node, byte - 32 if 97 <= byte <= 122 else byte] = child
    return dense, np.array(owners, np.int64)


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
