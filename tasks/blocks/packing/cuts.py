"""Where the documents of all parts are cut, as a round writes it and the order of a phase reads it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from smelt.stage import Context

ROUND, SUFFIX = "cuts", ".cuts"
CUT = np.dtype([("row", "<i8"), ("tokens", "<i8")])
"""A cut: the document's row in its part, and how many of its tokens lie before."""


@dataclass(frozen=True)
class Cuts:
    """Where documents that are longer than a context are cut: numbers of documents in the catalog, rising, and how many
    of its tokens lie before the cut (both int64)."""

    documents: np.ndarray
    tokens: np.ndarray


def shard_name(length: int, part: str) -> str:
    """The shard of a part's cuts for contexts of a length."""
    return f"{length}-{part}"


def read(context: Context, length: int, firsts: Sequence[int]) -> Cuts:
    """The cuts of all documents for contexts of a length.

    Args:
        firsts: the number in the catalog of the first document of each part.
    """

    def fetch(name: str) -> np.ndarray:
        return np.frombuffer(context.get(ROUND, shard_name(length, name), SUFFIX), CUT)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(fetch, [part.name for part in context.inputs["tokens"].parts]))
    documents = [first + own["row"] for first, own in zip(firsts, found, strict=True)]
    return Cuts(np.concatenate(documents), np.concatenate([own["tokens"] for own in found]))
