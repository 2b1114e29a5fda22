"""Which mixture: each label's loss as a function of the groups' shares, and the mixture where their mean is lowest.

Log-linear, as Chen et al. 2026 (*Olmix*, arXiv:2602.12237) found most reliable: loss = floor + exp(t . shares), a
regression a label. The floor is taken from a grid of shares of the label's lowest loss. What is suggested stays within
the shares that were tried and under the limits on repeats; it is held against the natural and the stratified mixture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from smelt.errors import StageError
from smelt.experiments.fits.law import LEVEL, RESAMPLES, percentiles

FLOORS = np.linspace(0, 0.95, 20)
"""Floors that are tried, as shares of the label's lowest loss."""
SPARE_CELLS = 2
"""Cells that a regression has to have beyond its coefficients."""
GOOD_REPEATS = 4.0
"""Times that text may be read before repeats are worth visibly less (Muennighoff et al. 2023)."""


@dataclass(frozen=True)
class Surface:
    """Losses as functions of the shares.

    Attributes:
        floors: float [labels].
        slopes: float [labels, groups].
    """

    floors: np.ndarray
    slopes: np.ndarray

    def losses(self, shares: np.ndarray) -> np.ndarray:
        """Expected loss of each label; float [labels]."""
        return self.floors + np.exp(self.slopes @ shares)


@dataclass(frozen=True)
class Suggestion:
    """The mixture that the cells speak for, and how far they do.

    Attributes:
        shares: by group; sum to 1.
        intervals: of each share, 95 %, over resampled cells.
        loss: the mean of the labels' expected losses.
        by_label: of each label, the expected loss.
        gains: by baseline, its expected loss less the suggestion's, with the 95 % interval.
        repeats: how often each group would be read, of those whose tokens are known.
        bounded: the groups whose share is the lowest or highest that was tried, or all that repeats allow.
        says: what follows, in sentences.
    """

    shares: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    loss: float
    by_label: dict[str, float]
    gains: dict[str, tuple[float, float, float]]
    repeats: dict[str, float]
    bounded: tuple[str, ...]
    says: tuple[str, ...]


@threadpool_limits.wrap(limits=1)  # a matrix of ten rows is no work for several threads, which wait by spinning
def suggest(
    shares: Sequence[Mapping[str, float]],
    losses: Sequence[Mapping[str, float]],
    baselines: Mapping[str, Mapping[str, float]],
    *,
    tokens: float,
    available: Mapping[str, float],
    max_epochs: float = GOOD_REPEATS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Suggestion:
    """The mixture with the lowest mean loss over all labels.

    Args:
        shares: by cell, of each group; sum to 1.
        losses: by cell, of each label, in bits per byte.
        baselines: shares by name: ``natural`` and ``stratified``, which are among the cells.
        tokens: that the run is to be trained on.
        available: tokens of each group that there are; a group that isn't named has no limit.
        max_epochs: how often a group may be read.

    Raises:
        StageError: for too few cells, and where no mixture keeps to the limits.
    """
    groups, labels = sorted({key for cell in shares for key in cell}), sorted(losses[0])
    x = np.array([[cell.get(group, 0.0) for group in groups] for cell in shares])
    y = np.array([[cell[label] for label in labels] for cell in losses])
    if len({tuple(row.round(6)) for row in x}) < len(groups) + SPARE_CELLS:
        raise StageError(
            f"{len(x)} mixtures of {len(groups)} groups",
            where="mixtures",
            mend=f"it takes {len(groups) + SPARE_CELLS} different ones",
        )
    limits = np.array([max_epochs * available[group] / tokens if group in available else 1.0 for group in groups])
    low, high = x.min(axis=0), np.minimum(x.max(axis=0), limits)
    if low.sum() > 1 + 1e-9 or high.sum() < 1 - 1e-9 or (low > high + 1e-9).any():
        raise StageError(
            f"no mixture of {tokens:,.0f} tokens reads each group at most {max_epochs:g} times",
            where="mixtures",
            mend="more text, fewer tokens, or smaller shares among the cells",
        )
    surface = _fit(x, y)
    best = _lowest(surface, low, high)
    others = {name: np.array([given.get(group, 0.0) for group in groups]) for name, given in baselines.items()}
    random = np.random.default_rng(seed)
    drawn: list[np.ndarray] = []
    gained: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(resamples):
        chosen = _resample(random, x)
        again = _fit(x[chosen], y[chosen])
        drawn.append(_lowest(again, low, high))
        for name, other in others.items():  # what this very suggestion gains, under another sample's surface
            gained[name].append(float((again.losses(other) - again.losses(best)).mean()))
    expected = surface.losses(best)
    gains = {
        name: (float((surface.losses(other) - expected).mean()), *percentiles(gained[name]))
        for name, other in others.items()
    }
    repeats = {group: best[at] * tokens / available[group] for at, group in enumerate(groups) if group in available}
    return Suggestion(
        shares={group: float(best[at]) for at, group in enumerate(groups)},
        intervals={group: percentiles([one[at] for one in drawn]) for at, group in enumerate(groups)},
        loss=float(expected.mean()),
        by_label={label: float(one) for label, one in zip(labels, expected, strict=True)},
        gains=gains,
        repeats={group: float(times) for group, times in repeats.items()},
        bounded=tuple(group for at, group in enumerate(groups) if min(best[at] - low[at], high[at] - best[at]) < 1e-4),
        says=(*_verdict(gains), *_repeated(repeats)),
    )


def natural(available: Mapping[str, float]) -> dict[str, float]:
    """Each group by its own tokens."""
    total = sum(available.values())
    return {group: size / total for group, size in available.items()}


def stratified(groups: Sequence[str]) -> dict[str, float]:
    """Each group as much as any other."""
    return {group: 1 / len(groups) for group in groups}


def _verdict(gains: Mapping[str, tuple[float, float, float]]) -> list[str]:
    beaten = [name for name, (_, low, _) in gains.items() if low > 0]
    percent = f"{100 * LEVEL:.0f} %"
    if gains and not beaten:
        least = min(gains, key=lambda name: gains[name][0])
        return [
            f"The suggested mixture beats neither baseline ({', '.join(gains)}): the {percent} intervals of what it "
            f"gains begin at or below 0. Take the {least} one, on which it is expected to gain least."
        ]
    found = [f"It beats the {name} mixture: the {percent} interval of the gain lies above 0." for name in beaten]
    return found + [f"It does not beat the {name} mixture beyond chance." for name in gains if name not in beaten]


def _repeated(repeats: Mapping[str, float]) -> list[str]:
    return [
        f"{group} would be read {times:.1f} times; more than {GOOD_REPEATS:g} are worth visibly less than new text."
        for group, times in repeats.items()
        if times > GOOD_REPEATS
    ]


def _fit(x: np.ndarray, y: np.ndarray) -> Surface:
    """A regression a label, at the floor under which it is closest."""
    floors, slopes = [], []
    inverse = np.linalg.pinv(x)
    for losses in y.T:
        tried = FLOORS * losses.min()
        t = inverse @ np.log(losses[:, None] - tried)
        errors = ((tried + np.exp(x @ t) - losses[:, None]) ** 2).sum(axis=0)
        at = int(errors.argmin())
        floors.append(tried[at])
        slopes.append(t[:, at])
    return Surface(np.array(floors), np.array(slopes))


def _lowest(surface: Surface, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The shares within limits where the labels' mean loss is lowest: a convex problem, so one start will do."""

    def mean(shares: np.ndarray) -> tuple[float, np.ndarray]:
        terms = np.exp(surface.slopes @ shares)
        return float((surface.floors + terms).mean()), (terms[:, None] * surface.slopes).mean(axis=0)

    room = high - low
    start = low + room * ((1 - low.sum()) / room.sum() if room.sum() > 0 else 0)
    whole = {"type": "eq", "fun": lambda shares: shares.sum() - 1, "jac": lambda shares: np.ones_like(shares)}
    found = minimize(
        mean,
        start,
        jac=True,
        method="SLSQP",
        bounds=list(zip(low, high, strict=True)),
        constraints=[whole],
        options={"maxiter": 300, "ftol": 1e-10},
    )
    shares = np.clip(found.x if found.success else start, low, high)
    return shares / shares.sum()


def _resample(random: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Cells drawn with replacement, drawn again while they can't tell the groups apart."""
    while True:
        chosen = random.integers(0, len(x), len(x))
        if np.linalg.matrix_rank(x[chosen]) == np.linalg.matrix_rank(x):
            return chosen
