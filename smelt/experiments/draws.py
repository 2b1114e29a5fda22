"""The cells that an experiment names, each as its values, from grids, lists, Latin hypercubes and Dirichlet draws."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from scipy.stats import gamma, qmc

from smelt.experiments.config import MIXTURE, NATURAL, STRATIFIED, Cells, Grid, Latin, Mixtures, Plot

Values = dict[str, Any]
DIGITS = 4
"""Significant digits of what is drawn: what stands in a plan can be typed."""


def values(plot: Plot) -> Iterator[Values]:
    """The values of each cell, by axis."""
    match plot:
        case Grid():
            yield from (dict(zip(plot.axes, chosen, strict=True)) for chosen in product(*plot.axes.values()))
        case Cells():
            yield from map(dict, plot.cells)
        case Latin():
            yield from _latin(plot)
        case Mixtures():
            yield from ({**plot.values, MIXTURE: mixture} for mixture in (NATURAL, STRATIFIED, *_mixtures(plot)))


def _latin(plot: Latin) -> Iterator[Values]:
    drawn = qmc.LatinHypercube(len(plot.axes), rng=np.random.default_rng(plot.seed)).random(plot.cells)
    for row in drawn:
        cell: Values = {}
        for (name, axis), at in zip(plot.axes.items(), row, strict=True):
            between = (np.log(axis.low), np.log(axis.high)) if axis.log else (axis.low, axis.high)
            value = between[0] + at * (between[1] - between[0])
            value = float(np.exp(value) if axis.log else value)
            cell[name] = round(value) if axis.whole else _rounded(value)
        yield cell


def _mixtures(plot: Mixtures) -> Iterator[dict[str, float]]:
    """Shares that cover the simplex evenly: a Sobol sequence through the gamma distributions of a Dirichlet's parts."""
    groups = len(plot.groups)
    sobol = qmc.Sobol(groups, rng=np.random.default_rng(plot.seed))
    drawn = sobol.random_base2(int(np.ceil(np.log2(plot.cells + 1))))[: plot.cells]
    parts = gamma.ppf(np.clip(drawn, 1e-6, 1 - 1e-6), plot.concentration)
    shares = parts / parts.sum(axis=1, keepdims=True)
    for row in plot.least + (1 - plot.least * groups) * shares:
        yield {group: _rounded(float(share)) for group, share in zip(plot.groups, row, strict=True)}


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
