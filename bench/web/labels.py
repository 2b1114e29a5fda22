"""What blocks of a page are content, told from what people marked as its content."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

_AROUND = 150
"""Words to each side that tell which of two places with the same words is the one that was marked."""
_UNKNOWN = np.nan


def of_strings(texts: list[str], wanted: list[str], unwanted: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Labels from strings that the content holds or doesn't.

    Args:
        texts: each block's text, flattened as the strings are.

    Returns:
        float64[b], from 0 to 1 or NaN where nothing is known, and float64[b], strings that each label is worth.
    """
    whole = "".join(texts)
    borders = np.cumsum([0] + [len(text) for text in texts])
    labels, weights = np.full(len(texts), _UNKNOWN), np.zeros(len(texts))

    def places(string: str) -> Iterator[range]:
        at = whole.find(string) if string else -1
        while at >= 0:
            first, last = np.searchsorted(borders, [at, at + len(string) - 1], "right") - 1
            yield range(first, last + 1)
            at = whole.find(string, at + 1)

    for string in unwanted:
        for place in places(string):
            labels[place], weights[place] = 0, weights[place] + 1 / len(place)
    for string in wanted:
        found = list(places(string))
        longest = max((max(len(texts[block]) for block in place) for place in found), default=0)
        for place in found:
            if max(len(texts[block]) for block in place) < 0.8 * longest:
                continue
            for block in place:
                against = weights[block] if labels[block] == 0 else 0
                labels[block] = 1 / (1 + against)
                weights[block] += 1 / len(place) / len(found)
    return labels, weights


def of_text(words: list[list[str]], truth: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Labels from the whole content: the share of each block's words that lie in 4-grams of it.

    Args:
        words: each block's words.

    Returns:
        float64[b] from 0 to 1, NaN for blocks without words, and each block's part of the content's length.
    """
    flat = [word for block in words for word in block]
    sizes = np.array([len(block) for block in words], float)
    left = Counter(zip(*(truth[shift:] for shift in range(4)), strict=False))
    grams = list(zip(*(flat[shift:] for shift in range(4)), strict=False))
    hits = np.array([gram in left for gram in grams], float)
    sums = np.concatenate([[0], np.cumsum(hits)])
    places = np.arange(len(grams))
    density = sums[np.minimum(len(grams), places + _AROUND)] - sums[np.maximum(0, places - _AROUND)]
    covered = np.zeros(len(flat), bool)
    for place in sorted(np.flatnonzero(hits), key=lambda place: -density[place]):
        if left[grams[place]] > 0:
            left[grams[place]] -= 1
            covered[place : place + 4] = True
    got = np.bincount(np.repeat(np.arange(len(words)), sizes.astype(int)), covered, minlength=len(words))
    labels = np.divide(got, sizes, out=np.full(len(words), _UNKNOWN), where=sizes > 0)
    return labels, np.maximum(sizes, 0.5) / max(20, len(truth))
