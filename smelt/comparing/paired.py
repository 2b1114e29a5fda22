"""Whether two models that were asked the same items differ by more than chance."""

import math
from collections.abc import Sequence
from typing import Any

Z = 1.959964
"""Standard deviations of a 95 % interval."""


def paired(before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    """Two checkpoints on the same items: how far the share of right answers moved, and whether that is chance.

    Returns:
        ``gained``, ``lost`` (items), ``difference`` with its 95 % interval ``low`` and ``high``, and ``p`` of the exact
        two-sided McNemar test.

    Raises:
        ValueError: when the items are not the same number.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} items before, {len(after)} after")
    items = len(before)
    gained = sum(now and not was for was, now in zip(before, after, strict=True))
    lost = sum(was and not now for was, now in zip(before, after, strict=True))
    difference = (gained - lost) / max(1, items)
    half = Z * math.sqrt(max(0.0, (gained + lost) / max(1, items) - difference**2) / max(1, items))
    return {
        "gained": gained,
        "lost": lost,
        "difference": difference,
        "low": max(-1.0, difference - half),
        "high": min(1.0, difference + half),
        "p": _even(gained, lost),
    }


def _even(one: int, other: int) -> float:
    """The chance that an even coin falls at least as unevenly as this."""
    total = one + other
    tail = sum(math.comb(total, count) for count in range(min(one, other) + 1))
    return min(1.0, 2 * (tail / 2**total)) if total else 1.0
