"""Proposed pairs verified: how alike two documents are, from their sets of shingles or their signatures.

A text travels as 32-bit numbers: the two halves of the hash of the whole, how many values follow, and the values.
"""

from collections.abc import Iterable

import numpy as np

from tasks.compiled import compiled

HEAD = 3
"""Numbers in front of a text's values."""
_MODES = {"jaccard": 0, "containment": 1, "signature": 2}


def packed(texts: Iterable[tuple[int, np.ndarray]]) -> list[np.ndarray]:
    """Texts (hash of the whole, values) as they travel, uint32 arrays."""
    return [
        np.concatenate((np.array([whole & 0xFFFFFFFF, whole >> 32, len(values)], np.uint32), values))
        for whole, values in texts
    ]


def chosen(stream: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Of texts as they travel, one behind the other, those whose hashes are among these (uint64, sorted, not empty)."""
    hashes, places = located(stream)
    among = wanted[np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)] == hashes
    return np.concatenate([np.zeros(0, np.uint32), *_slices(stream, places[among])])


def each_once(stream: np.ndarray) -> list[np.ndarray]:
    """The texts of a stream by their hashes, each once."""
    hashes, places = located(stream)
    return _slices(stream, places[np.unique(hashes, return_index=True)[1]])


def _slices(stream: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    return [stream[place - HEAD + 1 : place + 1 + int(stream[place])] for place in places.tolist()]


class Pairs:
    """Pairs of texts whose similarities are worked out as the texts come in.

    Args:
        texts, better_texts: hashes of the two texts of each pair, uint64, N; the second are those of documents that
            may stay.
        better: those, as they travel, one behind the other.
        verify: the recipe's choice.
    """

    def __init__(self, texts: np.ndarray, better_texts: np.ndarray, better: np.ndarray, verify: str) -> None:
        both = np.column_stack((texts, better_texts))
        self._distinct, self._inverse = np.unique(both, axis=0, return_inverse=True)
        hashes, starts = located(better)
        order = np.argsort(hashes, kind="stable")
        places = np.searchsorted(hashes[order], self._distinct[:, 1])
        self._better, self._starts, self._mode = better, starts[order][places], _MODES[verify]
        self._found = np.full(len(self._distinct), -1.0)

    def compare(self, texts: np.ndarray) -> None:
        """Work out the pairs of some texts, as they travel, one behind the other."""
        _compare(texts, self._distinct[:, 0].copy(), self._better, self._starts, self._mode, self._found)

    def similarities(self) -> np.ndarray:
        """Of each pair, float64, N, once all texts have come."""
        assert (self._found >= 0).all(), "a text of a pair was never sent"
        return self._found[self._inverse.reshape(-1)]


@compiled
def located(stream):
    """The hash of each text of a stream, and where its values' count stands."""
    number, at = 0, 0
    while at < len(stream):
        number += 1
        at += HEAD + int(stream[at + 2])
    hashes, starts = np.empty(number, np.uint64), np.empty(number, np.int64)
    at = 0
    for text in range(number):
        hashes[text] = np.uint64(stream[at]) | np.uint64(stream[at + 1]) << np.uint64(32)
        starts[text] = at + 2
        at += HEAD + int(stream[at + 2])
    return hashes, starts


@compiled
def _compare(stream, wanted, better, starts, mode, found):
    hashes, places = located(stream)
    for text in range(len(hashes)):
        first = places[text] + 1
        values = stream[first : first + np.int64(stream[first - 1])]
        pair = np.searchsorted(wanted, hashes[text])
        while pair < len(wanted) and wanted[pair] == hashes[text]:
            begin = starts[pair] + 1
            others = better[begin : begin + np.int64(better[begin - 1])]
            found[pair] = _alike(values, others, mode)
            pair += 1


@compiled
def _alike(one, other, mode):
    """Jaccard similarity (0), share of the first in the second where that is not smaller (1), equal MinHashes (2)."""
    common = 0
    if mode == 2:
        for place in range(len(one)):
            common += one[place] == other[place]
        return common / len(one)
    if mode == 1 and len(other) < len(one):
        return 0.0
    at, there = 0, 0
    while at < len(one) and there < len(other):
        if one[at] == other[there]:
            common += 1
            at += 1
            there += 1
        elif one[at] < other[there]:
            at += 1
        else:
            there += 1
    return common / len(one) if mode == 1 else common / (len(one) + len(other) - common)
