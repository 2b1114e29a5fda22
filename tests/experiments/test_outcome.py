"""From cells' figures to fits, the page and the artifact."""

import json
import math

import numpy as np
import pytest

from smelt.errors import StageError
from smelt.experiments import store
from smelt.experiments.answers import doubled, tokens_until
from smelt.experiments.config import Experiment
from smelt.experiments.fits.law import Law
from smelt.experiments.outcome import ALL, fitted_law, fitted_steps, outcome
from smelt.experiments.page import render
from smelt.experiments.plan import make_plan
from smelt.experiments.results import Point, read_point
from smelt.recipe.graph import stages
from tests.evaluation.artifacts import whole_run
from tests.experiments.test_plan import BASE, MIXTURES

TRUTH = Law(E=0.6, A=40.0, B=300.0, alpha=0.3, beta=0.4)
GROUPS = ("code", "en", "zh")


@pytest.fixture(scope="module")
def plan():
    grid = {"parameters": [120_000, 330_000, 720_000], "tokens": [100_000, 200_000, 400_000, 800_000]}
    values = {"parameters": 330_000, "tokens": 200_000}
    held = {"kind": "list", "held_out": True, "cells": [{"parameters": 1_380_000, "tokens": 1_600_000}]}
    cells = [{"kind": "grid", "axes": grid}, {**MIXTURES, "least": 0.05, "values": values}, held]
    return make_plan(Experiment.model_validate({**BASE, "cells": cells}), "x.yaml")


def _shares(mixture) -> dict[str, float]:
    if mixture == "natural":
        return {"code": 0.2, "en": 0.5, "zh": 0.3}
    if mixture == "stratified" or mixture is None:
        return dict.fromkeys(GROUPS, 1 / 3)
    return mixture


def _points(plan, noise: float = 0.003) -> list[Point]:
    random = np.random.default_rng(4)
    found = []
    for cell in plan.cells:
        shares = _shares(cell.values.get("mixture"))
        loss = TRUTH.loss(cell.parameters, cell.tokens) * math.exp(random.normal(0, noise))
        right = random.binomial(4000, 0.25 + 0.75 / (1 + math.exp(6 * (loss**1.2 - 2.6)))) / 4000
        scores = {"bits_per_byte": loss**1.2, "chance": 0.25, "items": 4000}
        found.append(
            Point(
                **cell.described,
                loss=loss * 1.5,
                bits_per_byte=loss,
                by_label={f"{group}/book": loss * (1.6 - 0.4 * shares[group] ** 0.5) for group in GROUPS},
                shares=shares,
                available=dict.fromkeys(GROUPS, 1e6),
                unique=cell.tokens,
                benchmarks={
                    "quiz:completion": {**scores, "accuracy": right},
                    "riddles:completion": {**scores, "accuracy": 0.25},
                },
                artifact="0" * 20,
            )
        )
    return found


@pytest.fixture(scope="module")
def found(plan):
    return outcome(_points(plan), {"a cell": "train.run: <it> died"}, resamples=8)


def test_the_law_is_of_one_setting_and_held_against_what_it_has_not_seen(plan, found):
    own = found["laws"][ALL]
    held = [cell.name for cell in plan.cells if cell.held_out]
    assert len(own["residuals"]) == 12
    assert not set(held) & set(own["residuals"])
    (checked,) = own["held_out"]
    assert checked["cell"] == held[0]
    assert abs(checked["error"]) < 0.02
    assert checked["low"] < checked["expected"] < checked["high"]
    assert set(found["laws"]) == {ALL, "code/book", "en/book", "zh/book"}


def test_a_benchmark_without_signal_is_named_and_the_other_predicted(found):
    assert set(found["benchmarks"]) == {"quiz:completion"}
    assert "benchmark riddles:completion: no signal" in found["refused"]["benchmark riddles:completion"]
    fit, steps = fitted_law(found["laws"][ALL]), fitted_steps(found["benchmarks"]["quiz:completion"])
    score = steps.steps.accuracy(fit.law.loss(720_000, 3e6))
    tokens = tokens_until(fit, steps, 720_000, score)
    assert tokens == pytest.approx(3e6, rel=1e-3)
    assert all(one["low"] < one["change"] < one["high"] < 0 for one in doubled(fit, 720_000, 4e5).values())


def test_a_mixture_is_suggested_against_both_baselines(found):
    assert sum(found["mixture"]["shares"].values()) == pytest.approx(1)
    assert set(found["mixture"]["gains"]) == {"natural", "stratified"}
    assert found["mixture"]["says"]


def test_without_a_baseline_there_is_no_suggestion(plan):
    points = [point for point in _points(plan) if point.values.get("mixture") != "natural"]
    assert "the natural mixture is not among the cells" in outcome(points, {}, resamples=2)["refused"]["mixtures"]


def test_few_cells_say_what_is_missing_and_none_say_nothing(plan):
    said = outcome(_points(plan)[:3], {}, resamples=2)
    assert said["laws"] == {}
    assert "it takes 5" in said["refused"]["loss law, all"]
    assert outcome([], {}, resamples=2)["laws"] == {}


def test_the_page_says_it_and_escapes(plan, found):
    page = render(plan, found, {plan.cells[0].name: "train.run: <it> died"})
    assert "<it>" not in page and "&lt;it&gt; died" in page
    assert page.count("<svg") == 5
    assert "dashed" in page
    assert "riddles:completion: no signal" in page
    assert "beats" in page
    assert render(plan, outcome([], {}, resamples=0), {})  # nothing is done yet


def test_the_artifact_is_found_by_name_and_the_same_cells_are_the_same_one(plan, found, lake):
    first = store.write(lake, plan, found, "<html></html>")
    assert store.write(lake, plan, found, "<html></html>") == first
    manifest, read = store.read(lake, "x")
    assert manifest == first
    assert read == json.loads(json.dumps(found))
    with pytest.raises(StageError, match="y: no finished experiment of that name"):
        store.read(lake, "y")


def test_a_cells_figures_come_from_its_artifacts(plan, lake):
    made, _ = whole_run(lake)
    blocks = [made[spec.name] for spec in stages(2) if spec.kind == "blocks"]
    point = read_point(lake, plan.cells[0], made["evaluate"], blocks)
    assert point.parameters == plan.cells[0].parameters
    assert point.shares["zh"] == pytest.approx(589_000 / 1_474_560)
    assert point.available["en"] == pytest.approx(601_000 / 0.16)
    assert set(point.by_label) and all(bits > 0 for bits in point.by_label.values())
    assert point.artifact == made["evaluate"].fingerprint
    with pytest.raises(StageError, match="its blocks are missing"):
        read_point(lake, plan.cells[0], made["evaluate"], [None])
