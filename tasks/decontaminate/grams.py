"""Word sequences of benchmark items, and finding them in documents.

A benchmark item is held as the hashes of all its n-grams of units (see ``tasks.units``): 13 words, as in
GPT-3 (Brown et al. 2020, app. C), or 20 units of Chinese. An item shorter than that is held whole, if it is
long enough to be told from ordinary text. A document is scanned once for each length that occurs; n-grams of one item
that follow one another are one hit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from smelt.recipe.decontaminate import DecontaminateConfig
from tasks.compiled import compiled
from tasks.passages import is_blank
from tasks.units import FOLDS, KINDS, hash_placed_units, hash_units, mix, text_buffers

HIT = np.dtype([("row", "<i8"), ("start", "<i8"), ("end", "<i8"), ("benchmark", "<i4"), ("item", "<i4")])
"""A passage of a document (first byte and end) that an item of a benchmark has too."""
_ROOM = 1024
_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Grams:
    """The n-grams of all benchmarks.

    Attributes:
        hashes: uint64, sorted, each once.
        owners: int32 pairs, number of the benchmark and of the item in it; the first that has the n-gram.
        sizes: int64, the lengths in units that occur.
        too_short: items that cannot be looked for, by benchmark.
    """

    hashes: np.ndarray
    owners: np.ndarray
    sizes: np.ndarray
    too_short: tuple[int, ...]


def collect(benchmarks: Sequence[Sequence[str]], config: DecontaminateConfig) -> Grams:
    """The n-grams of the benchmarks' texts."""
    hashes, owners, sizes, too_short = [], [], set(), []
    for number, texts in enumerate(benchmarks):
        short = 0
        for item, text in enumerate(texts):
            data, offsets = text_buffers(pa.array([text]))
            units = np.empty(len(data), np.uint64)
            count, ideographs, _ = hash_units(data, offsets[0], offsets[1], KINDS, FOLDS, units)
            chinese = 2 * ideographs > count
            size = min(count, config.ngram_characters if chinese else config.ngram_words)
            if size < (config.shortest_characters if chinese else config.shortest_words):
                short += 1
                continue
            found = np.empty(count - size + 1, np.uint64)
            _grams(units[:count], size, found)
            sizes.add(size)
            hashes.append(found)
            owners.append(np.tile(np.array([[number, item]], np.int32), (len(found), 1)))
        too_short.append(short)
    joined = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
    unique, first = np.unique(joined, return_index=True)
    chosen = np.concatenate(owners)[first] if hashes else np.empty((0, 2), np.int32)
    return Grams(unique, chosen, np.array(sorted(sizes), np.int64), tuple(too_short))


def find(texts: pa.Array | pa.ChunkedArray, grams: Grams) -> np.ndarray:
    """Where N texts meet a benchmark: HIT records, by row and place."""
    data, offsets = text_buffers(texts)
    if not len(grams.hashes):
        return np.zeros(0, HIT)
    bits = max(16, int(np.ceil(np.log2(len(grams.hashes)))) + 4)
    filled = np.zeros(1 << bits, np.bool_)
    filled[grams.hashes >> np.uint64(64 - bits)] = True
    shift, count, room = np.uint64(64 - bits), _ROOM, 0
    while count > room:  # texts with more hits than there is room for are looked through again
        room = count
        found = np.zeros(room, HIT)
        columns = [np.zeros(room, np.int64) for _ in HIT.names or ()]
        count = _find(data, offsets, KINDS, FOLDS, grams.hashes, grams.owners, grams.sizes, filled, shift, *columns)
    for name, column in zip(HIT.names or (), columns, strict=True):
        found[name] = column
    found = found[:count]
    return found[np.lexsort((found["start"], found["row"]))]


@compiled
def _grams(units, size, hashes):
    """Hashes of all runs of ``size`` units, by a rolling polynomial."""
    top = np.uint64(1)
    for _ in range(size - 1):
        top = top * _BASE
    value = np.uint64(0)
    for at in range(len(units)):
        if at >= size:
            value -= units[at - size] * top
        value = value * _BASE + units[at]
        if at >= size - 1:
            hashes[at - size + 1] = mix(value + np.uint64(size))


@compiled
def _find(data, offsets, kinds, folds, hashes, owners, sizes, filled, shift, rows, starts, ends, benchmarks, items):
    """Write the hits, as far as there is room; returns how many there are."""
    longest, number = 0, 0
    for document in range(len(offsets) - 1):
        longest = max(longest, offsets[document + 1] - offsets[document])
    units = np.empty(longest, np.uint64)
    runs = np.empty(longest, np.uint64)
    places = np.empty(longest, np.int64)
    for document in range(len(offsets) - 1):
        begin, close = offsets[document], offsets[document + 1]
        count, _, _ = hash_units(data, begin, close, kinds, folds, units)
        placed = False
        for size in sizes:
            if size > count:
                continue
            _grams(units[:count], size, runs)
            last = -2  # where the n-gram before began, if it was met
            for at in range(count - size + 1):
                if not filled[runs[at] >> shift]:
                    continue
                place = np.searchsorted(hashes, runs[at])
                if place == len(hashes) or hashes[place] != runs[at]:
                    continue
                if not placed:
                    hash_placed_units(data, begin, close, kinds, folds, units, places)
                    placed = True
                end = places[at + size] if at + size < count else close
                while is_blank(data[end - 1]):
                    end -= 1
                at_hand = min(number - 1, len(rows) - 1)
                follows = last == at - 1 and number <= len(rows)
                if follows and benchmarks[at_hand] == owners[place, 0] and items[at_hand] == owners[place, 1]:
                    ends[at_hand] = end - begin
                else:
                    if number < len(rows):
                        rows[number] = document
                        starts[number] = places[at] - begin
                        ends[number] = end - begin
                        benchmarks[number], items[number] = owners[place, 0], owners[place, 1]
                    number += 1
                last = at
    return number
