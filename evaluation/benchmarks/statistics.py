"""What a score is worth: intervals, and whether a benchmark tells models apart at all."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from smelt.comparing.paired import Z

MIN_SIGNAL_TO_NOISE = 1.0
"""Range of a score over the checkpoints, over the noise of a single one, below which a benchmark is noise."""
MIN_MONOTONE = 0.5
"""Rank correlation of score and step below which it is noise."""


def interval(right: float, items: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which stays within 0 and 1 and is no point where all are right."""
    if items == 0:
        return 0.0, 1.0
    share, spread = right / items, Z * Z / items
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / items + spread / (4 * items))
    return max(0.0, middle - half), min(1.0, middle + half)


def trend(steps: Sequence[int], accuracies: Sequence[float], chance: float, items: int) -> dict[str, Any]:
    """What scores over checkpoints say (the criteria of FineTasks: monotone, low noise, above chance).

    Args:
        steps: of the checkpoints, rising.
        items: that each score is from.

    Returns:
        ``monotone``: Spearman's rank correlation of score and step; ``signal_to_noise``: the scores' range over one
        score's standard error; ``above_chance``: whether the last interval lies above it; ``noise``: why the benchmark
        says nothing, empty where it does. With fewer than three checkpoints the first two are None.
    """
    last = accuracies[-1]
    above = interval(last * items, items)[0] > chance
    monotone = signal = None
    reasons = [] if above else ["not above chance"]
    if len(steps) >= 3:
        monotone = _rank_correlation(steps, accuracies)
        middle = min(max(float(np.mean(accuracies)), 1 / (items + 2)), 1 - 1 / (items + 2))
        signal = (max(accuracies) - min(accuracies)) / math.sqrt(middle * (1 - middle) / items)
        reasons += ["does not rise with training"] * (monotone < MIN_MONOTONE)
        reasons += ["moves less than its own noise"] * (signal < MIN_SIGNAL_TO_NOISE)
    return {"monotone": monotone, "signal_to_noise": signal, "above_chance": above, "noise": "; ".join(reasons)}


def _rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's: the correlation of ranks, ties at their mean; 0 where one of them doesn't change."""
    ranks = [_ranks(np.asarray(values, float)) for values in (first, second)]
    spreads = [float(rank.std()) for rank in ranks]
    if 0.0 in spreads:
        return 0.0
    return float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / (spreads[0] * spreads[1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
