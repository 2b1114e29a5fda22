"""What ``unseen`` says: whether reading a question again, without its answer, moves a model to the right answer."""

from collections.abc import Sequence
from typing import Any

from evaluation.benchmarks.asking import Asked
from evaluation.benchmarks.told import Told
from evaluation.perplexity import DIGITS
from smelt.comparing.bits import per_byte

Row = dict[str, Any]


def gained(one: Asked, before: Sequence[Told], after: Sequence[Told]) -> float:
    """By how many bits per byte the right answer became likelier, beyond what the wrong ones did on average.

    What moves all options alike (the words around the question, text of such a kind) takes itself out.
    """
    moved = [
        (was.bits - now.bits) / len(ending.encode())
        for was, now, ending in zip(before, after, one.endings, strict=True)
    ]
    wrong = [own for place, own in enumerate(moved) if place not in one.right]
    return moved[one.right[0]] - sum(wrong) / len(wrong)


def remembered(rows: Sequence[Row]) -> dict[str, float | None]:
    """Of all items: ``memory``, the mean of what they ``gained``, with its 95 % interval ``low`` to ``high`` (None of
    one item alone), and ``accuracy`` and ``bits_per_byte`` as they were before."""
    mean, low, high = per_byte([row["gained"] for row in rows], [1] * len(rows))
    bits, _, _ = per_byte([row["bits_before"] for row in rows], [row["gold_bytes"] for row in rows])
    found = {"memory": mean, "low": low, "high": high, "bits_per_byte": bits}
    found["accuracy"] = sum(row["right_before"] for row in rows) / len(rows)
    return {name: None if value is None else round(value, DIGITS) for name, value in found.items()}
