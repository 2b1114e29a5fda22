"""IsoFLOP profiles: at one budget, the loss over log N is a parabola, and its lowest point the size to train.

Hoffmann et al. 2022, approach 2. The frontier is the power law through those sizes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from smelt.experiments.fits.law import FLOPS_PER_PARAMETER_AND_TOKEN

MIN_SIZES = 3


@dataclass(frozen=True)
class Profile:
    """The runs of one budget.

    Attributes:
        flops: the budget, C = 6 N D.
        curve: coefficients of the parabola over log N, highest power first.
        parameters: the size with the lowest loss; None where the parabola has its lowest point outside the sizes that
            were trained, or opens downwards.
        loss: at that size.
    """

    flops: float
    curve: tuple[float, float, float]
    parameters: float | None
    loss: float | None

    @property
    def tokens(self) -> float | None:
        """Tokens that the budget buys at that size."""
        if self.parameters is None:
            return None
        return self.flops / FLOPS_PER_PARAMETER_AND_TOKEN / self.parameters


@dataclass(frozen=True)
class Frontier:
    """N = coefficient x C^exponent, and tokens by the rest: C^(1 - exponent)."""

    coefficient: float
    exponent: float

    def optimum(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens at a budget."""
        parameters = self.coefficient * flops**self.exponent
        return parameters, flops / FLOPS_PER_PARAMETER_AND_TOKEN / parameters


def profiles(parameters: Sequence[float], tokens: Sequence[float], losses: Sequence[float]) -> list[Profile]:
    """A profile for each budget that at least three sizes were trained with, by rising budget.

    Runs share a budget when theirs differ by less than a tenth.
    """
    runs = sorted(
        (FLOPS_PER_PARAMETER_AND_TOKEN * n * d, n, y) for n, d, y in zip(parameters, tokens, losses, strict=True)
    )
    groups: list[list[tuple[float, float, float]]] = []
    for run in runs:
        if groups and run[0] <= groups[-1][0][0] * 1.1:
            groups[-1].append(run)
        else:
            groups.append([run])
    return [_profile(group) for group in groups if len({n for _, n, _ in group}) >= MIN_SIZES]


def _profile(runs: Sequence[tuple[float, float, float]]) -> Profile:
    flops, sizes, losses = (np.array(column) for column in zip(*runs, strict=True))
    logs = np.log(sizes)
    a, b, c = (float(one) for one in np.polyfit(logs, losses, 2))
    lowest = -b / (2 * a) if a > 0 else float("nan")
    inside = logs.min() <= lowest <= logs.max()
    return Profile(
        flops=float(np.exp(np.log(flops).mean())),
        curve=(a, b, c),
        parameters=float(np.exp(lowest)) if inside else None,
        loss=c - b * b / (4 * a) if inside else None,
    )


def frontier(found: Sequence[Profile]) -> Frontier | None:
    """The power law through the profiles' optima; None for fewer than two."""
    known = [(profile.flops, profile.parameters) for profile in found if profile.parameters is not None]
    if len(known) < 2:
        return None
    flops, sizes = np.log(np.array(known)).T
    exponent, log_coefficient = np.polyfit(flops, sizes, 1)
    return Frontier(float(np.exp(log_coefficient)), float(exponent))
