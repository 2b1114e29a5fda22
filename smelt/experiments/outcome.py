"""What an experiment says: every fit that its points allow, what is refused and why, as one JSON object."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from smelt.errors import StageError
from smelt.experiments.config import MIXTURE, NATURAL, STRATIFIED
from smelt.experiments.fits import isoflop, law, mixtures, repeated, scores
from smelt.experiments.results import Point

ALL = "all"
"""Name of the loss over all held-out text, in bits per byte, beside those of labels."""
MORE_SEEDS = 2


def outcome(points: Sequence[Point], left_out: Mapping[str, str], *, resamples: int = law.RESAMPLES) -> dict[str, Any]:
    """All fits over the points that are not held out.

    Args:
        points: of the cells that are done.
        left_out: title of each cell that no fit has, and why.

    Returns:
        ``points``; ``left_out``; ``laws`` by label and over ``all`` (coefficients, intervals, residuals, draws, how the
        held-out cells lie to it); ``profiles`` and ``frontier``; ``benchmarks``; ``mixture``; ``noise`` of seeds;
        ``refused``: what could not be fitted, and why.
    """
    fitted = [point for point in points if not point.held_out]
    refused: dict[str, str] = {}
    found: dict[str, Any] = {
        "points": [point.as_json() for point in points],
        "left_out": dict(left_out),
        "laws": {},
        "profiles": [],
        "frontier": None,
        "benchmarks": {},
        "mixture": None,
        "noise": _noise(fitted),
        "refused": refused,
    }
    sized = _of_one_setting(fitted)
    for label in [ALL, *sorted(sized[0].by_label)] if sized else []:
        try:
            found["laws"][label] = _law(label, sized, points, resamples)
        except StageError as error:
            refused[f"loss law, {label}"] = str(error)
    if found["laws"].get(ALL):
        _profiles(found, sized)
        _benchmarks(found, sized, refused, resamples)
    _mixture(found, fitted, refused, resamples)
    return found


def bits(point: Point, label: str) -> float:
    """A point's bits per byte: of a label, or over all."""
    return point.bits_per_byte if label == ALL else point.by_label[label]


def worth(point: Point) -> float:
    """The tokens that a law reads of a point: repeats count for what they are worth."""
    return repeated.effective_tokens(point.tokens, point.unique)


def _of_one_setting(points: Sequence[Point]) -> list[Point]:
    """The points of the setting that most sizes and numbers of tokens were run with."""
    groups: dict[str, list[Point]] = defaultdict(list)
    for point in points:
        groups[point.setting].append(point)
    return max(groups.values(), key=lambda own: len({(one.parameters, one.tokens) for one in own}), default=[])


def _law(label: str, sized: Sequence[Point], points: Sequence[Point], resamples: int) -> dict[str, Any]:
    fit = law.fit(
        [point.parameters for point in sized],
        [worth(point) for point in sized],
        [bits(point, label) for point in sized],
        resamples=resamples,
    )
    checked = [check(fit, point, label) for point in points if point.held_out and label in (ALL, *point.by_label)]
    return {
        "law": asdict(fit.law),
        "intervals": {name: fit.interval(name) for name in law.COEFFICIENTS},
        "objective": fit.objective,
        "residuals": dict(zip([point.cell for point in sized], fit.residuals, strict=True)),
        "draws": [asdict(draw) for draw in fit.draws],
        "held_out": checked,
    }


def check(fit: law.Fitted, point: Point, label: str) -> dict[str, Any]:
    """A held-out point's loss against what the law expects."""
    expected, measured = fit.law.loss(point.parameters, worth(point)), bits(point, label)
    low, high = fit.loss_interval(point.parameters, worth(point))
    return {
        "cell": point.cell,
        "title": point.title,
        "expected": expected,
        "low": low,
        "high": high,
        "measured": measured,
        "error": measured / expected - 1,
        "inside": low <= measured <= high,
    }


def fitted_law(found: Mapping[str, Any]) -> law.Fitted:
    """A law as ``outcome`` wrote it."""
    return law.Fitted(
        law=law.Law(**found["law"]),
        objective=found["objective"],
        residuals=tuple(found["residuals"].values()),
        draws=tuple(law.Law(**draw) for draw in found["draws"]),
    )


def fitted_steps(found: Mapping[str, Any]) -> scores.FittedSteps:
    """A benchmark's two steps as ``outcome`` wrote them."""
    return scores.FittedSteps(scores.Steps(**found["steps"]), tuple(scores.Steps(**draw) for draw in found["draws"]))


def _profiles(found: dict[str, Any], sized: Sequence[Point]) -> None:
    columns = zip(*((point.parameters, worth(point), point.bits_per_byte) for point in sized), strict=True)
    profiles = isoflop.profiles(*columns)
    line = isoflop.frontier(profiles)
    found["profiles"] = [asdict(profile) | {"tokens": profile.tokens} for profile in profiles]
    found["frontier"] = None if line is None else asdict(line)


def _benchmarks(found: dict[str, Any], sized: Sequence[Point], refused: dict[str, str], resamples: int) -> None:
    for name in sorted(sized[0].benchmarks):
        asked = [point for point in sized if name in point.benchmarks]
        own = [point.benchmarks[name] for point in asked]
        try:
            fit = scores.fit(
                [point.bits_per_byte for point in asked],
                [score["bits_per_byte"] for score in own],
                [score["accuracy"] for score in own],
                name=name,
                chance=own[0]["chance"],
                items=int(own[0]["items"]),
                resamples=resamples,
            )
        except StageError as error:
            refused[f"benchmark {name}"] = str(error)
            continue
        found["benchmarks"][name] = {
            "steps": asdict(fit.steps),
            "draws": [asdict(draw) for draw in fit.draws],
            "items": int(own[0]["items"]),
        }


def _mixture(found: dict[str, Any], fitted: Sequence[Point], refused: dict[str, str], resamples: int) -> None:
    mixed = [point for point in fitted if MIXTURE in point.values]
    if not mixed:
        return
    sizes: dict[tuple[int, int], list[Point]] = defaultdict(list)
    for point in mixed:
        sizes[point.parameters, point.tokens].append(point)
    own = max(sizes.values(), key=len)
    baselines = {name: point.shares for point in own for name in (NATURAL, STRATIFIED) if point.values[MIXTURE] == name}
    try:
        if missing := sorted({NATURAL, STRATIFIED} - set(baselines)):
            raise StageError(
                f"the {' and the '.join(missing)} mixture is not among the cells that are done", where="mixtures"
            )
        suggestion = mixtures.suggest(
            [point.shares for point in own],
            [point.by_label for point in own],
            baselines,
            tokens=own[0].tokens,
            available={group: size for point in own for group, size in point.available.items()},
            resamples=resamples,
        )
    except StageError as error:
        refused["mixtures"] = str(error)
        return
    found["mixture"] = asdict(suggestion) | {"tokens": own[0].tokens, "parameters": own[0].parameters}


def _noise(points: Sequence[Point]) -> dict[str, Any] | None:
    """How far seeds alone move the loss: the relative standard deviation over cells that differ in nothing else."""
    groups: dict[str, list[float]] = defaultdict(list)
    for point in points:
        other = {name: value for name, value in point.values.items() if name != "seed"}
        groups[repr(sorted(other.items(), key=lambda item: item[0]))].append(math.log(point.bits_per_byte))
    several = [own for own in groups.values() if len(own) >= MORE_SEEDS]
    if not several:
        return None
    spread = sum(float(np.var(own, ddof=1)) * (len(own) - 1) for own in several)
    return {"relative": (spread / sum(len(own) - 1 for own in several)) ** 0.5, "cells": sum(map(len, several))}
