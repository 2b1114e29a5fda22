"""Bits per byte, of right answers and of documents: the interval of such a figure, and how far two models differ."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from smelt.comparing.paired import Z

Ratio = tuple[float, float | None, float | None]
"""A figure and the ends of its 95 % interval, which one item alone doesn't have."""


def per_byte(bits: Sequence[float], sizes: Sequence[int]) -> Ratio:
    """Bits of all items over bytes of all items, with the 95 % interval that follows from how the items differ.

    The standard error is that of a ratio of sums (linearized; Cochran 1977, *Sampling Techniques*, 6.4): items count
    by their bytes, and what they have in common with the whole says nothing of its chance.

    Args:
        bits: of each item, or by how much they changed.
        sizes: bytes of each item.
    """
    values, weights = np.asarray(bits, float), np.asarray(sizes, float)
    items, total = len(values), max(1.0, float(weights.sum()))
    ratio = float(values.sum()) / total
    if items < 2:
        return ratio, None, None
    off = values - ratio * weights
    half = Z * math.sqrt(float((off**2).sum()) * items / (items - 1)) / total
    return ratio, ratio - half, ratio + half


def paired_bits(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, float | None]:
    """How far the bits per byte of the right answers moved on the same items: ``difference``, ``low`` and ``high``.

    Args:
        before, after: scores with ``gold_bits`` and ``gold_bytes``, as ``written`` gives them.
    """
    moved = np.subtract(read(after["gold_bits"]), read(before["gold_bits"]))
    difference, low, high = per_byte(moved.tolist(), [int(size) for size in read(after["gold_bytes"])])
    return {"difference": difference, "low": low, "high": high}


def paired_documents(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """How far the bits per byte of held-out text moved, by label and over ``all``.

    Compared are the documents that both read to the same byte: a cap on tokens cuts the last one of a label elsewhere
    where the tokenizer is another.

    Args:
        before, after: figures by label with ``document_ids``, ``document_bits`` and ``document_bytes``; a label whose
            have none, of an earlier Smelt, is left out, and so is one of which no document is the same.

    Returns:
        ``difference``, ``low``, ``high`` (None of one document) and ``documents``.
    """
    moved: dict[str, list[tuple[float, int]]] = {"all": []}
    for label, figures in before.items():
        was, now = _documents(figures), _documents(after.get(label, {}))
        if own := [(now[key] - bits, key[1]) for key, bits in was.items() if key in now]:
            moved[label] = own
            moved["all"] += own
    return {label: _moved(own) for label, own in moved.items() if own}


def _moved(moved: Sequence[tuple[float, int]]) -> dict[str, Any]:
    difference, low, high = per_byte(*zip(*moved, strict=True))
    return {"difference": difference, "low": low, "high": high, "documents": len(moved)}


def _documents(figures: Mapping[str, Any]) -> dict[tuple[str, int], float]:
    """The bits of each document, by id and bytes; nothing where they weren't kept."""
    if "document_bits" not in figures:
        return {}
    sizes = map(int, read(figures["document_bytes"]))
    return dict(
        zip(zip(figures["document_ids"].split(), sizes, strict=True), read(figures["document_bits"]), strict=True)
    )


def written(values: Sequence[float]) -> str:
    """A figure of each item as one string: a line in a file that has a line a value."""
    return " ".join(f"{value:.12g}" for value in values)


def read(text: str) -> list[float]:
    """What ``written`` wrote."""
    return [float(value) for value in text.split()]
