"""MinHash signatures and their band keys, straight from an Arrow column.

A document's shingles, all of them however long it is, are hashed to 32 bits; the i-th MinHash is the
smallest value that the i-th permutation of the 32-bit integers takes on them (Broder 1997). Two documents
agree in a MinHash with a probability equal to the Jaccard similarity of their shingle sets. A permutation
is an odd multiplication, a xor-shift and another odd multiplication, all of which vector units do eight at
a time.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from smelt.recipe.dedup import MinHash
from tasks.compiled import compiled
from tasks.units import FOLDS, KINDS, hash_units, mix, text_buffers

SEED = 0x5E11
"""Of the permutations: a constant, so that whether two documents are found alike does not hang on a recipe's seed."""


def keys(texts: pa.Array | pa.ChunkedArray, config: MinHash | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What documents are compared by.

    Args:
        texts: N texts.
        config: None computes the whole-text hashes alone.

    Returns:
        whole-text hashes (uint64, N), band keys (uint64, N × bands), and whether the document has any unit
        (bool, N): one without has no meaningful band keys.
    """
    data, offsets = text_buffers(texts)
    config_bands, rows = (config.bands, config.rows) if config else (0, 1)
    words, characters = (config.shingle_words, config.shingle_characters) if config else (1, 1)
    factors = _factors(config_bands * rows)
    whole = np.empty(len(texts), np.uint64)
    bands = np.empty((len(texts), config_bands), np.uint64)
    has_units = np.empty(len(texts), np.bool_)
    _keys(data, offsets, KINDS, FOLDS, words, characters, rows, factors, whole, bands, has_units)
    return whole, bands, has_units


def described(texts: pa.Array | pa.ChunkedArray, config: MinHash, *, as_sets: bool) -> Iterator[tuple[int, np.ndarray]]:
    """What a proposed pair is verified by.

    Args:
        texts: N texts.
        as_sets: whether to yield sets of shingles rather than signatures.

    Yields:
        of each text the hash of its whole, and its distinct shingles in order, or its signature (uint32, hashes).
    """
    data, offsets = text_buffers(texts)
    longest = int(np.diff(offsets).max(initial=0))
    units, shingles = np.empty(longest, np.uint64), np.empty(longest + 1, np.uint32)
    factors = _factors(config.num_hashes)
    sizes = config.shingle_words, config.shingle_characters
    for start, end in itertools.pairwise(offsets):
        count, whole = _shingles(data, start, end, KINDS, FOLDS, *sizes, units, shingles)
        if as_sets:
            yield whole, np.unique(shingles[:count])
        else:
            signature = np.empty(config.num_hashes, np.uint32)
            _permute(shingles, count, factors[0], factors[1], signature)
            yield whole, signature


def _factors(number: int) -> np.ndarray:
    """Two factors of each of so many permutations (uint32, 2 × number)."""
    return np.random.default_rng(SEED).integers(0, 1 << 32, (2, number), dtype=np.uint32) | np.uint32(1)


@compiled
def _shingles(data, start, end, kinds, folds, words, characters, units, shingles):
    """Write a text's shingles; returns how many, and the hash of the whole text."""
    count, ideographs, whole = hash_units(data, start, end, kinds, folds, units)
    size = characters if 2 * ideographs > count else words
    return _shingle(units, count, size, shingles), whole


@compiled
def _keys(data, offsets, kinds, folds, words, characters, rows, factors, whole, bands, has_units):
    longest = 0
    for document in range(len(whole)):
        longest = max(longest, offsets[document + 1] - offsets[document])
    units = np.empty(longest, np.uint64)
    shingles = np.empty(longest + 1, np.uint32)
    signature = np.empty(factors.shape[1], np.uint32)
    for document in range(len(whole)):
        start, end = offsets[document], offsets[document + 1]
        count, ideographs, whole[document] = hash_units(data, start, end, kinds, folds, units)
        has_units[document] = count > 0
        if bands.shape[1] == 0:
            continue
        size = characters if 2 * ideographs > count else words
        num_shingles = _shingle(units, count, size, shingles)
        _permute(shingles, num_shingles, factors[0], factors[1], signature)
        for band in range(bands.shape[1]):
            key = np.uint64(band + 1)
            for row in range(rows):
                key = mix(key ^ np.uint64(signature[band * rows + row]))
            bands[document, band] = key


@compiled
def _shingle(units, count, size, shingles):
    """Hash every run of ``size`` units (one shorter run where the text has fewer); returns how many."""
    size = min(size, count)
    for first in range(count - size + 1):
        value = np.uint64(0)
        for unit in range(first, first + size):
            value = value * np.uint64(0x9E3779B97F4A7C15) + units[unit]
        shingles[first] = np.uint32(mix(value) >> np.uint64(32))
    return count - size + 1


@compiled
def _permute(shingles, num_shingles, factors, more_factors, signature):
    signature[:] = np.uint32(0xFFFFFFFF)
    for shingle in range(num_shingles):
        value = shingles[shingle]
        for i in range(len(signature)):
            permuted = np.uint32(value * factors[i])
            permuted = np.uint32((permuted ^ (permuted >> np.uint32(16))) * more_factors[i])
            signature[i] = min(signature[i], permuted)
