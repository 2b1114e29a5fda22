"""From loss to a benchmark's score, in two steps: the loss gives the right answers' bits per byte by a power law, and
these the accuracy by a sigmoid.

Two steps, because accuracy alone is flat at guessing's level until a model is large enough, while the right answer's
likelihood moves from the start (Bhagia et al. 2024, *Establishing Task Scaling Laws via Compute-Efficient Model
Ladders*). The sigmoid falls from 1 to the chance of guessing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from smelt.errors import StageError
from smelt.experiments.fits.law import RESAMPLES, percentiles

MIN_CELLS = 5
MIN_CORRELATION = -0.5
"""Rank correlation of accuracy and bits per byte above which the score doesn't follow them."""
STANDARD_ERRORS = 2.0
"""By how many standard errors the best score must be above guessing."""


@dataclass(frozen=True)
class Steps:
    """bits = scale x loss^power, accuracy = chance + (1 - chance) x sigmoid((middle - bits) x slope)."""

    scale: float
    power: float
    middle: float
    slope: float
    chance: float

    def bits(self, loss: float) -> float:
        """Expected bits per byte of the right answers."""
        return self.scale * loss**self.power

    def accuracy(self, loss: float) -> float:
        """Expected share of right answers."""
        return self.chance + (1 - self.chance) * float(expit((self.middle - self.bits(loss)) * self.slope))

    def loss_for(self, accuracy: float) -> float | None:
        """The loss at which the accuracy is reached; None for one that no loss gives."""
        share = (accuracy - self.chance) / (1 - self.chance)
        if not 0 < share < 1 or self.power == 0:
            return None
        bits = self.middle - float(np.log(share / (1 - share))) / self.slope
        return float((bits / self.scale) ** (1 / self.power)) if bits > 0 else None


@dataclass(frozen=True)
class FittedSteps:
    """The two steps, and those of resampled cells and items."""

    steps: Steps
    draws: tuple[Steps, ...]

    def accuracy_interval(self, losses: Sequence[float]) -> tuple[float, float]:
        """The 95 % interval of the accuracy, over draws of the loss that is expected, taken in turn."""
        return percentiles([draw.accuracy(losses[number % len(losses)]) for number, draw in enumerate(self.draws)])


@threadpool_limits.wrap(limits=1)  # a matrix of ten rows is no work for several threads, which wait by spinning
def fit(
    losses: Sequence[float],
    bits: Sequence[float],
    accuracies: Sequence[float],
    *,
    name: str,
    chance: float,
    items: int,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> FittedSteps:
    """Both steps over cells.

    Args:
        losses, bits, accuracies: by cell: held-out loss, the right answers' bits per byte, share of right answers.
        name: of the benchmark, for errors.
        items: questions behind each accuracy; resampled with the cells.

    Raises:
        StageError: when the benchmark says nothing at these sizes, and why.
    """
    x, g, y = (np.asarray(values, float) for values in (losses, bits, accuracies))
    insist_on_signal(g, y, name=name, chance=chance, items=items)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        chosen = random.integers(0, len(x), len(x))
        while len(set(x[chosen])) < 3:
            chosen = random.integers(0, len(x), len(x))
        answered = random.binomial(items, y[chosen]) / items
        draws.append(_fit(x[chosen], g[chosen], answered, chance))
    return FittedSteps(_fit(x, g, y, chance), tuple(draws))


def insist_on_signal(bits: np.ndarray, accuracies: np.ndarray, *, name: str, chance: float, items: int) -> None:
    """Raises a StageError where the benchmark's score tells these cells apart no better than guessing would."""
    where = f"benchmark {name}"
    if len(accuracies) < MIN_CELLS:
        raise StageError(f"{len(accuracies)} cells were asked it", where=where, mend=f"it takes {MIN_CELLS}")
    error = (max(chance * (1 - chance), 1 / (items + 2)) / items) ** 0.5
    best = float(accuracies.max())
    if best < chance + STANDARD_ERRORS * error:
        raise StageError(
            f"no signal at these sizes: the best score {best:.3f} of {items} items is not above guessing "
            f"({chance:.3f})",
            where=where,
            mend="larger cells, or an easier benchmark",
        )
    correlation = 0.0 if len(set(accuracies)) == 1 else float(spearmanr(bits, accuracies).statistic)
    if correlation > MIN_CORRELATION:
        raise StageError(
            f"no signal at these sizes: scores do not follow the right answers' likelihood (rank correlation "
            f"{correlation:.2f})",
            where=where,
            mend="more items, or larger cells",
        )


def _fit(losses: np.ndarray, bits: np.ndarray, accuracies: np.ndarray, chance: float) -> Steps:
    power, log_scale = np.polyfit(np.log(losses), np.log(bits), 1)
    spread = max(float(bits.std()), 1e-6)
    centre = float(bits.mean())

    def error(values: np.ndarray) -> tuple[float, np.ndarray]:
        slope, off = np.exp(values[1]), values[0] - (bits - centre) / spread
        share = expit(off * slope)
        wrong = chance + (1 - chance) * share - accuracies
        steep = 2 * wrong * (1 - chance) * share * (1 - share) * slope
        return float((wrong**2).sum()), np.array([steep.sum(), steep @ off])

    starts = [(middle, slope) for middle in (-4.0, -1.0, 1.0) for slope in (-1.0, 0.5)]
    found = min(
        (minimize(error, start, jac=True, method="L-BFGS-B", bounds=[(-20, 20), (-4, 4)]) for start in starts),
        key=lambda one: float(one.fun),
    )
    middle, slope = centre + spread * float(found.x[0]), float(np.exp(found.x[1])) / spread
    return Steps(float(np.exp(log_scale)), float(power), middle, slope, chance)
