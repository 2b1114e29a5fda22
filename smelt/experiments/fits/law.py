"""Loss against parameters and tokens: Chinchilla's parametric form L(N, D) = E + A / N^alpha + B / D^beta.

Fitted as Hoffmann et al. 2022 (*Training Compute-Optimal Large Language Models*, approach 3): the Huber loss of the
difference of log losses is minimised by L-BFGS from a grid of starts. It is summed over the points, not averaged: with
the mean the gradients are so small that L-BFGS ends before it has arrived (Besiroglu et al. 2024, *Chinchilla Scaling:
A replication attempt*).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from smelt.errors import StageError

HUBER_DELTA = 1e-3
FLOPS_PER_PARAMETER_AND_TOKEN = 6.0
"""Of training, without attention: C = 6 N D."""
COEFFICIENTS = ("E", "A", "B", "alpha", "beta")
MIN_PLACES = 5
"""Different (N, D) that five coefficients need."""
NUM_STARTS, NUM_FINISHED = 20, 3
"""Starts of the grid that L-BFGS goes on from: those with the lowest objective of the 4,500; and of these, those that
lie lowest after a few iterations and are gone on with to the end."""
FIRST_ITERATIONS, ITERATIONS = 40, 1000
RESAMPLES = 200
LEVEL = 0.95

# Hoffmann et al. 2022, appendix D.3: log A, log B, log E, alpha, beta
_GRID = np.array(
    list(
        product(
            np.arange(0, 26, 5.0), np.arange(0, 26, 5.0), np.arange(-1, 1.1, 0.5), np.arange(0, 2.1, 0.5),
            np.arange(0, 2.1, 0.5),
        )
    )
)  # fmt: skip


@dataclass(frozen=True)
class Law:
    """The law's coefficients.

    Attributes:
        E: loss that no size and no text takes away, in the unit of the losses (nats per token, bits per byte).
        A, alpha: what too few parameters cost, A / N^alpha.
        B, beta: what too few tokens cost, B / D^beta.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, parameters: float, tokens: float) -> float:
        """Expected loss of so many parameters trained on so many tokens."""
        return self.E + self.A / parameters**self.alpha + self.B / tokens**self.beta

    def optimum(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens with the lowest loss at C = 6 N D FLOPs (Hoffmann et al. 2022, equation 4)."""
        balance = (self.alpha * self.A / (self.beta * self.B)) ** (1 / (self.alpha + self.beta))
        product = flops / FLOPS_PER_PARAMETER_AND_TOKEN
        parameters = balance * product ** (self.beta / (self.alpha + self.beta))
        return parameters, product / parameters

    def tokens_for(self, parameters: float, loss: float) -> float | None:
        """Tokens on which so many parameters reach this loss; None where no number of tokens does."""
        left = loss - self.E - self.A / parameters**self.alpha
        return (self.B / left) ** (1 / self.beta) if left > 0 and self.beta > 0 else None


@dataclass(frozen=True)
class Fitted:
    """A law with what its points say of it.

    Attributes:
        objective: the summed Huber loss at the law.
        residuals: log of measured over expected loss, by point.
        draws: laws of resampled points, for intervals; none for points that are too few to resample.
    """

    law: Law
    objective: float
    residuals: tuple[float, ...]
    draws: tuple[Law, ...]

    def interval(self, coefficient: str) -> tuple[float, float]:
        """The 95 % interval of a coefficient, by name."""
        return percentiles([getattr(draw, coefficient) for draw in self.draws])

    def loss_interval(self, parameters: float, tokens: float) -> tuple[float, float]:
        """The 95 % interval of a run's loss: the law's own uncertainty, and how far a single point lies from it.

        A point's own deviation is drawn from the residuals, scaled for the coefficients that the fit has spent.
        """
        random = np.random.default_rng(0)
        points = len(self.residuals)
        scale = (points / max(1, points - len(COEFFICIENTS))) ** 0.5
        noise = random.choice(np.array(self.residuals), len(self.draws)) * scale
        return percentiles(
            [draw.loss(parameters, tokens) * float(np.exp(e)) for draw, e in zip(self.draws, noise, strict=True)]
        )


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The limits that 95 % of the values lie between; not a number for none."""
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(np.asarray(values, float), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@threadpool_limits.wrap(limits=1)  # a matrix of ten rows is no work for several threads, which wait by spinning
def fit(
    parameters: Sequence[float],
    tokens: Sequence[float],
    losses: Sequence[float],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Fitted:
    """The law of these points, with laws of resampled points.

    Raises:
        StageError: for fewer different sizes and numbers of tokens than the law has coefficients, and where all are of
            one size or of one number of tokens.
    """
    n, d, y = (np.log(np.asarray(values, float)) for values in (parameters, tokens, losses))
    _insist(parameters, tokens)
    starts = _GRID[np.argsort(_objectives(_GRID, n, d, y), kind="stable")[:NUM_STARTS]]
    tried = sorted((_descend(start, n, d, y, FIRST_ITERATIONS) for start in starts), key=lambda one: one[1])
    finished = [_descend(start, n, d, y, ITERATIONS) for start, _ in tried[:NUM_FINISHED]]
    best, objective = min(finished, key=lambda one: one[1])
    law = _law(best)
    random = np.random.default_rng(seed)
    draws = []
    for _ in range(resamples):
        chosen = _resample(random, n, d)
        draws.append(_law(_descend(best, n[chosen], d[chosen], y[chosen], ITERATIONS)[0]))
    residuals = tuple(float(one) for one in y - _log_losses(best[None], n, d)[0])
    return Fitted(law, objective, residuals, tuple(draws))


def _insist(parameters: Sequence[float], tokens: Sequence[float]) -> None:
    """Raises a StageError where points can't tell the law's coefficients apart."""
    places = set(zip(parameters, tokens, strict=True))
    if len(places) < MIN_PLACES or len(set(parameters)) < 2 or len(set(tokens)) < 2:
        raise StageError(
            f"{len(places)} different sizes and numbers of tokens ({len(set(parameters))} sizes, "
            f"{len(set(tokens))} numbers of tokens)",
            where="loss law",
            mend=f"it takes {MIN_PLACES}, with several of both",
        )


def _resample(random: np.random.Generator, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Points drawn with replacement, drawn again while they can't tell the coefficients apart."""
    while True:
        chosen = random.integers(0, len(n), len(n))
        places = {(n[at], d[at]) for at in chosen}
        if len(places) >= MIN_PLACES and len(set(n[chosen])) > 1 and len(set(d[chosen])) > 1:
            return chosen


def _law(values: np.ndarray) -> Law:
    a, b, e, alpha, beta = (float(value) for value in values)
    return Law(E=float(np.exp(e)), A=float(np.exp(a)), B=float(np.exp(b)), alpha=alpha, beta=beta)


def _terms(values: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Logs of the law's three terms; float [starts, points, 3]."""
    a, b, e, alpha, beta = (values[:, [column]] for column in range(5))
    return np.stack([a - alpha * n, b - beta * d, np.broadcast_to(e, (len(values), len(n)))], axis=2)


def _log_losses(values: np.ndarray, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    return logsumexp(_terms(values, n, d), axis=2)


def _objectives(values: np.ndarray, n: np.ndarray, d: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _huber(_log_losses(values, n, d) - y).sum(axis=1)


def _huber(residuals: np.ndarray) -> np.ndarray:
    """Huber's loss over delta squared: the unit in which L-BFGS's tolerances mean something."""
    size = np.abs(residuals) / HUBER_DELTA
    return np.where(size <= 1, 0.5 * size**2, size - 0.5)


def _with_gradient(values: np.ndarray, n: np.ndarray, d: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The objective at one law and its slope: written out, since all the time goes here."""
    a, b, e, alpha, beta = values
    of_n, of_d, of_e = np.exp(a - alpha * n - y), np.exp(b - beta * d - y), np.exp(e - y)  # over the measured loss
    total = of_n + of_d + of_e
    residuals = np.log(total) / HUBER_DELTA
    size = np.abs(residuals)
    slopes = np.clip(residuals, -1, 1) / HUBER_DELTA / total
    by_n, by_d = slopes * of_n, slopes * of_d
    gradient = np.array([by_n.sum(), by_d.sum(), slopes @ of_e, -(by_n @ n), -(by_d @ d)])
    return float(np.where(size <= 1, 0.5 * size**2, size - 0.5).sum()), gradient


def _descend(
    start: np.ndarray, n: np.ndarray, d: np.ndarray, y: np.ndarray, iterations: int
) -> tuple[np.ndarray, float]:
    """Where L-BFGS comes to from a start, and the objective there.

    The logs are centred while it descends: alpha and log A are otherwise all but the same direction.
    """
    mid_n, mid_d = n.mean(), d.mean()
    found = minimize(
        _with_gradient,
        start - np.array([start[3] * mid_n, start[4] * mid_d, 0, 0, 0]),
        args=(n - mid_n, d - mid_d, y),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-20.0, 20.0), (-20.0, 20.0), (-20.0, 5.0), (0.0, 4.0), (0.0, 4.0)],
        options={"maxiter": iterations, "ftol": 1e-10, "gtol": 1e-6},
    )
    values = found.x + np.array([found.x[3] * mid_n, found.x[4] * mid_d, 0, 0, 0])
    return values, float(found.fun) * HUBER_DELTA**2
