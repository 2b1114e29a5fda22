"""Bits per byte of two arms as a ratio, with the interval that pieces of text and seeds leave."""

from collections.abc import Mapping, Sequence

import numpy as np

from bench.arms.heldout import Piece

RESAMPLES = 2000
LEVEL = 95
ALL = "all"
"""The mean of the languages, each as much as another."""


def bits_per_byte(losses: np.ndarray, pieces: Sequence[Piece]) -> dict[str, float]:
    """By language, and their mean as ``all``.

    Args:
        losses: nats of each piece, [seeds, pieces].
    """
    sizes, langs = _described(pieces)
    found = {lang: _bits(losses, sizes, np.flatnonzero(langs == lang)) for lang in np.unique(langs)}
    return {**found, ALL: float(np.mean(list(found.values())))}


def ratios(
    theirs: np.ndarray, ours: np.ndarray, pieces: Sequence[Piece], *, seed: int = 0
) -> Mapping[str, tuple[float, float, float]]:
    """Theirs over ours by language and for ``all``: the ratio, and the ends of its 95 % interval.

    Pieces (of each language by itself) and seeds are drawn anew, the same ones for both: they were judged on the same
    text, and trained under the same seeds.

    Args:
        theirs, ours: nats of each piece, [seeds, pieces].
    """
    draw = np.random.default_rng(seed)
    sizes, langs = _described(pieces)
    places = {str(lang): np.flatnonzero(langs == lang) for lang in np.unique(langs)}
    drawn: dict[str, list[float]] = {name: [] for name in (*places, ALL)}
    for _ in range(RESAMPLES):
        seeds = draw.integers(0, len(ours), len(ours))
        both: list[tuple[float, float]] = []
        for lang, own in places.items():
            chosen = draw.choice(own, len(own))
            both.append((_bits(theirs[seeds], sizes, chosen), _bits(ours[seeds], sizes, chosen)))
            drawn[lang].append(both[-1][0] / both[-1][1])
        drawn[ALL].append(sum(one for one, _ in both) / sum(other for _, other in both))
    told, own_bits = bits_per_byte(theirs, pieces), bits_per_byte(ours, pieces)
    ends = {name: np.percentile(values, [(100 - LEVEL) / 2, (100 + LEVEL) / 2]) for name, values in drawn.items()}
    return {name: (told[name] / own_bits[name], float(low), float(high)) for name, (low, high) in ends.items()}


def _described(pieces: Sequence[Piece]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([piece.bytes for piece in pieces]), np.array([piece.lang for piece in pieces])


def _bits(losses: np.ndarray, sizes: np.ndarray, chosen: np.ndarray) -> float:
    return float(losses[:, chosen].sum() / len(losses) / sizes[chosen].sum() / np.log(2))
