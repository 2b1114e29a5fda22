"""A plan is checked in one line and holds to its budget; shapes keep llama's proportions."""

import numpy as np
import pytest
import yaml

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.experiments.config import Experiment
from smelt.experiments.draws import values
from smelt.experiments.ladder import shape
from smelt.experiments.load import load_experiment
from smelt.experiments.plan import make_plan
from smelt.recipe import load_recipe
from smelt.recipe.training.model import ModelConfig

BASE = {"name": "x", "recipe": "recipes/ladder.yaml", "budget_flops": 1e15}
MIXTURES = {"kind": "mixtures", "groups": ["zh", "en", "code"], "cells": 9}


def plan_of(*cells, **changes):
    experiment = Experiment.model_validate({**BASE, "cells": list(cells), **changes})
    return make_plan(experiment, "x.yaml")


def test_the_shipped_experiment_is_within_its_budget():
    plan = make_plan(load_experiment(CHECKOUT / "experiments/demo.yaml"), "demo.yaml")
    assert len(plan.cells) == 15
    assert sum(cell.held_out for cell in plan.cells) == 1
    assert plan.flops < plan.experiment.budget_flops
    assert plan.hours > 0


def test_a_grid_is_every_combination_and_a_cell_named_twice_is_one():
    axes = {"parameters": [120_000, 330_000], "tokens": [100_000, 200_000], "seed": [1, 2]}
    again = {"kind": "list", "cells": [{"seed": 2, "tokens": 200_000, "parameters": 120_000}, {"seed": 3}]}
    plan = plan_of({"kind": "grid", "axes": axes}, again)
    assert len(plan.cells) == 9
    assert {(cell.tokens, cell.parameters) for cell in plan.cells[:8]} == {
        (tokens, size) for tokens in (99_328, 199_680) for size in (118_976, 328_064)
    }
    assert len({cell.setting for cell in plan.cells}) == 1


def test_the_same_run_under_two_descriptions_has_both():
    base = load_recipe(CHECKOUT / BASE["recipe"])
    one = {"kind": "list", "cells": [{"tokens": base.phases[0].tokens}]}
    other = {"kind": "list", "cells": [{"phases.0.tokens": 262_144, "phases.0.warmup_tokens": 16_384}]}
    (cell,) = plan_of(one, other).cells
    assert set(cell.values) == {"tokens", "phases.0.tokens", "phases.0.warmup_tokens"}


def test_tokens_keep_the_schedules_proportions():
    (cell,) = plan_of({"kind": "list", "cells": [{"tokens": 1_048_576}]}).cells
    assert cell.overrides == {"phases.0.tokens": 1_048_576, "phases.0.warmup_tokens": 65_536}


def test_drawn_mixtures_have_both_baselines_and_leave_no_group_out():
    plan = plan_of({**MIXTURES, "least": 0.05})
    assert [cell.values["mixture"] for cell in plan.cells[:2]] == ["natural", "stratified"]
    assert plan.cells[0].overrides == {f"mixture.weights.{group}": None for group in ("zh", "en", "code")}
    drawn = np.array([list(cell.values["mixture"].values()) for cell in plan.cells[2:]])
    assert drawn.shape == (9, 3)
    assert drawn.sum(axis=1) == pytest.approx(1, abs=1e-3)
    assert drawn.min() >= 0.05 and drawn.max() > 0.6
    assert plan_of({**MIXTURES, "least": 0.05}).cells == plan.cells
    assert plan_of({**MIXTURES, "seed": 2}).cells[2:] != plan.cells[2:]


def test_a_latin_hypercube_meets_every_strip_once():
    latin = {
        "kind": "latin",
        "cells": 8,
        "axes": {
            "phases.0.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
            "seed": {"low": 0, "high": 800, "whole": True},
        },
    }
    (plot,) = Experiment.model_validate({**BASE, "cells": [latin]}).cells
    drawn = list(values(plot))
    strips = sorted(int((np.log10(cell["phases.0.learning_rate"]) + 4) / 2 * 8) for cell in drawn)
    assert strips == list(range(8))
    assert sorted(cell["seed"] // 100 for cell in drawn) == list(range(8))


@pytest.mark.parametrize("target", [1.2e5, 3e6, 125e6, 1.2e9, 8e9, 70e9])
def test_a_ladder_keeps_llamas_proportions(target):
    vocab = 1024 if target < 1e6 else 4096 if target < 1e8 else 32_000
    sizes = shape(target, ModelConfig(), vocab)
    model = ModelConfig(**sizes)
    assert model.num_parameters(vocab) == pytest.approx(target, rel=0.35 if target < 1e7 else 0.05)
    assert 32 <= model.hidden_size / model.num_layers <= 128
    assert model.head_size == (128 if model.hidden_size >= 4096 else 64)
    assert 2.6 < model.ffn_hidden_size / model.hidden_size <= 3
    assert all(rule.holds for rule in model.rules())  # those that only cost speed among them


def test_a_target_without_a_shape_is_refused():
    with pytest.raises(RecipeError, match="no shape has about 10,000 parameters: the nearest, 1 layers of 64"):
        shape(1e4, ModelConfig(), 1024)


def test_the_budget_holds():
    with pytest.raises(RecipeError, match=r"x.yaml: budget_flops: 1 runs cost .* FLOPs, the budget is 1e\+09"):
        plan_of({"kind": "list", "cells": [{"seed": 1}]}, budget_flops=1e9)


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ({"model.num_layer": 3}, r"x.yaml: cells\[0\]: \{model.num_layer: 3\}: .*did you mean `num_layers`"),
        ({"parameters": "many"}, "'many' is no number above 0"),
        ({"mixture": "best"}, "'best' is no mixture"),
        ({"mixture": {"klingon": 1, "en": 1}}, "no document is in language 'klingon'"),
        ({"tokens": 100}, "less than one step"),
    ],
)
def test_a_wrong_cell_is_one_line(cell, line):
    with pytest.raises(RecipeError, match=line) as caught:
        plan_of({"kind": "list", "cells": [cell]})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"budget": 3}, "unknown key"),
        ({"cells": [{"kind": "gird", "axes": {"seed": [1]}}]}, "no kind 'gird' .did you mean 'grid'"),
        ({"cells": [{"kind": "grid", "axes": {}}]}, "at least 1 item"),
        ({"recipe": None}, "recipe"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path, changes, line):
    file = tmp_path / "e.yaml"
    file.write_text(yaml.safe_dump({**BASE, "cells": [{"kind": "list", "cells": [{"seed": 1}]}], **changes}))
    with pytest.raises(RecipeError, match=line) as caught:
        load_experiment(file)
    assert "\n" not in str(caught.value)
