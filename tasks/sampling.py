"""Draws that a document carries in its id: the same for the same document, wherever and whenever it is met.

A document takes part in a sample when its draw, a number in [0, 1) made from its id and a purpose, is below
the share that is asked for. So samples need no shared state between workers, don't depend on how documents
are cut into parts, and for one purpose a smaller sample is contained in a larger one.
"""

import hashlib
import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from smelt.lake import Manifest


def ids_as_numbers(ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Ids (16 hex digits each) as uint64, in the same order; no id becomes a string of Python's."""
    chunks = ids.chunks if isinstance(ids, pa.ChunkedArray) else [ids]
    return np.concatenate([np.empty(0, np.uint64), *(_hex_as_numbers(chunk) for chunk in chunks)])


def _hex_as_numbers(ids: pa.Array) -> np.ndarray:
    text = ids.cast(pa.large_string())
    if len(text) == 0:
        return np.empty(0, np.uint64)
    _, offsets, content = text.buffers()
    borders = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    digits = content[int(borders[0]) : int(borders[-1])].to_pybytes().decode("ascii")
    return np.frombuffer(bytes.fromhex(digits), ">u8").astype(np.uint64)


def draws(ids: pa.Array | pa.ChunkedArray, purpose: str) -> np.ndarray:
    """A number in [0, 1) for each id (float64, N); draws for two purposes are independent."""
    return scramble(ids_as_numbers(ids), purpose) / 2.0**64


def scramble(numbers: np.ndarray, purpose: str) -> np.ndarray:
    """Numbers (uint64, N) permuted over all 64-bit integers, in a way that the purpose chooses."""
    salt = np.frombuffer(hashlib.sha256(purpose.encode()).digest()[:8], np.uint64)[0]
    value = numbers ^ salt
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    value = (value ^ (value >> np.uint64(31))) + salt
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return value ^ (value >> np.uint64(31))


def parts_that_hold(manifest: Manifest, wanted: Mapping[str, int], *, label: str, unit: str) -> list[str]:
    """Names of parts, in a shuffled order's beginning, that hold so much together; all parts where they don't.

    Args:
        wanted: ``unit`` (``documents`` or ``bytes``) to hold of each language or source.
        label: ``lang`` or ``source``, which the parts' statistics count by.
    """
    missing, names = dict(wanted), []
    for number in np.random.default_rng(0).permutation(len(manifest.parts)):
        part = manifest.parts[number]
        if any(size > 0 for size in missing.values()):
            names.append(part.name)
            for name, figures in part.stats[f"by_{label}"].items():
                if name in missing:
                    missing[name] -= figures[unit]
    return sorted(names)


def share_out(total: int, weights: Mapping[str, float], available: Mapping[str, int]) -> dict[str, int]:
    """How much to take of each group so that there is ``total``, in the weights' proportions.

    A group that hasn't got its share gives all it has, and the others fill up, again by their weights. What is
    returned adds up to less than ``total`` only when all groups together haven't got so much.

    Args:
        weights: above 0, on any scale.
        available: what each group has; those with a weight count.
    """
    taken = dict.fromkeys(sorted(weights), 0)
    filling = {name for name in taken if available.get(name, 0) > 0}
    left = total
    while filling:
        scale = left / sum(weights[name] for name in sorted(filling))
        scarce = {name for name in filling if available[name] <= weights[name] * scale}
        for name in scarce or filling:
            taken[name] = available[name] if scarce else math.ceil(weights[name] * scale)
        left -= sum(available[name] for name in scarce)
        filling = filling - scarce if scarce else set()
    return taken
