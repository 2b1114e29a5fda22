"""What a document is about, as a short vector: its tokens, weighed and hashed (signed TF-IDF).

A token weighs the more the fewer documents have it (inverse document frequency), and with the logarithm of how often
the document has it; it is added to one dimension with a sign, both by its hash (Weinberger et al. 2009, *Feature
Hashing*), which keeps inner products on average. All of it is done in integers, and a product of two vectors lies
below 2^24, so that float32 holds it exactly in whatever order it is summed: whoever computes a similarity finds it to
the last bit.
"""

import numpy as np

from tasks.compiled import compiled
from tasks.units import mix

DIMENSIONS = 512
"""Of a vector. The similarity of documents that have nothing in common is 0 with a standard deviation of 1 / 23."""
LENGTH = 127
"""Of a vector: the product of two, over its square, is their cosine."""
_PARTS = 16
"""Parts of a bit that weights are rounded to."""


def frequencies(tokens: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """In how many documents each token is (int64, as many as the largest token asks for).

    Args:
        tokens: of all documents, one after the other.
        ends: int64, N; where each document ends.
    """
    found = np.zeros(int(tokens.max(initial=0)) + 1, np.int64)
    _count(tokens, ends, found)
    return found


def vectors(tokens: np.ndarray, ends: np.ndarray, found: np.ndarray, documents: int) -> np.ndarray:
    """A vector of each document (int8, N x DIMENSIONS).

    Args:
        tokens: of all documents, one after the other.
        ends: int64, N; where each document ends.
        found: in how many documents each token is, out of so many that were counted; a token beyond is in none.
    """
    unknown = max(0, int(tokens.max(initial=0)) + 1 - len(found))
    weight = np.rint(_PARTS * np.log2((documents + 1) / (np.pad(found, (0, unknown)) + 1))).astype(np.int64)
    sums = np.zeros((len(ends), DIMENSIONS), np.int64)
    _add(tokens, ends, weight, sums)
    lengths = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
    return np.rint(sums * (LENGTH / np.maximum(lengths, 1.0))[:, None]).astype(np.int8)


@compiled
def _count(tokens, ends, counts):
    seen = np.full(len(counts), -1, np.int64)
    start = 0
    for document in range(len(ends)):
        for at in range(start, ends[document]):
            token = np.int64(tokens[at])
            if seen[token] != document:
                seen[token] = document
                counts[token] += 1
        start = ends[document]


@compiled
def _add(tokens, ends, weight, sums):
    times = np.zeros(len(weight), np.int64)
    start = 0
    for document in range(len(ends)):
        end = ends[document]
        for at in range(start, end):
            times[np.int64(tokens[at])] += 1
        for at in range(start, end):
            token = np.int64(tokens[at])
            bits, count = 0, times[token]
            while count:
                bits, count = bits + 1, count >> 1
            times[token] = 0
            hashed = mix(np.uint64(token) + np.uint64(1))
            value = weight[token] * bits
            sums[document, np.int64(hashed % np.uint64(sums.shape[1]))] += value if hashed >> np.uint64(63) else -value
        start = end
