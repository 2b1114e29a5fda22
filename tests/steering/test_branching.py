"""Branches: the recipe that goes another way behind a checkpoint, and the same way before it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smelt.errors import RecipeError
from smelt.lake import Lake
from smelt.plan import make_plan
from smelt.recipe import Recipe, parse_recipe
from smelt.recipe.training.phases import learning_rate
from smelt.run import Run
from smelt.steering.branching import branch

MAIN = {
    "name": "main",
    "tokens": 40_960,
    "sequence_length": 64,
    "global_batch_size": 4,
    "learning_rate": 3e-3,
    "schedule": "constant",
    "warmup_tokens": 10_240,
}  # 160 steps, of which 40 rise
ANNEAL = {**MAIN, "name": "anneal", "tokens": 10_240, "schedule": "linear", "warmup_tokens": 0}


def run_of(lake: Lake, *phases: dict[str, Any], checkpoints: tuple[int, ...] = (20, 80, 160)) -> Run:
    """A run whose first phase has checkpoints behind these steps."""
    raw = {
        "name": "small",
        "sources": [{"name": "web", "kind": "files", "paths": ["web.jsonl"]}],
        "model": {"preset": "tiny"},
        "block_tokens": 5_120,
        "phases": list(phases),
    }
    recipe = parse_recipe(raw, where="small")
    plan = make_plan(recipe, lake, listing_digest="0" * 64)
    first = plan.planned("train-1").artifact
    for step in checkpoints:
        files = {f"/{name}": b"content" for name in ("model.json", "metrics.jsonl", "__0_0.distcp")}
        first.write_part(lake, "checkpoints", f"step-{step:07d}", files=files, rows=1, stats={})
    now = datetime.now(UTC).isoformat()
    return Run(id="one", recipe_path="small.yaml", overrides={}, recipe=recipe, plan=plan, created=now)


def rates(recipe: Recipe) -> list[float]:
    """The learning rate of every step."""
    return [
        learning_rate(recipe.phases, number, step)
        for number, phase in enumerate(recipe.phases)
        for step in range(phase.num_steps)
    ]


def made(run: Run, lake: Lake, **given: Any) -> Recipe:
    """The recipe of a branch."""
    raw = branch(run, lake, **{"name": "other", "overrides": {}, **given})
    return parse_recipe(raw, where="branch")


@pytest.mark.parametrize("step", [20, 80])
@pytest.mark.parametrize(
    "phase",
    [MAIN, {**MAIN, "schedule": "warmup", "warmup_tokens": 0}, {**MAIN, "schedule": "wsd", "decay_tokens": 5_120}],
    ids=["constant", "warmup", "wsd"],
)
def test_a_branch_that_changes_nothing_goes_on_as_its_trunk(lake: Lake, step: int, phase: dict[str, Any]) -> None:
    run = run_of(lake, phase, ANNEAL)
    found = made(run, lake, step=step)
    assert [one.name for one in found.phases] == ["main", f"branch-{step}", "anneal"]
    assert rates(found) == pytest.approx(rates(run.recipe))
    assert found.phases[0].num_steps == step and found.name == "other"


def test_what_is_said_of_the_branch_is_its_first_phases(lake: Lake) -> None:
    run = run_of(lake, MAIN, ANNEAL)
    given = {"branch.schedule": "1-sqrt", "branch.tokens": 5_120, "branch.learning_rate": 1e-3, "seed": 7}
    found = made(run, lake, step=80, overrides=given)
    assert (found.phases[1].schedule, found.phases[1].num_steps, found.seed) == ("1-sqrt", 20, 7)
    assert rates(found)[:80] == rates(run.recipe)[:80]
    at_end = made(run, lake, step=160, overrides={"branch.learning_rate": 1e-3})
    assert [one.name for one in at_end.phases] == ["main", "anneal"], "behind a whole phase the next is the branch"
    assert at_end.phases[1].learning_rate == 1e-3


def test_a_block_that_is_set_aside_changes_nothing_else(lake: Lake) -> None:
    run = run_of(lake, MAIN)
    found = made(run, lake, set_aside="0-00004")
    assert found.phases == (run.recipe.phases[0].model_copy(update={"set_aside": (4,)}),)
    changed = {"name", "phases"}
    assert found.model_dump(exclude=changed) == run.recipe.model_dump(exclude=changed)


@pytest.mark.parametrize(
    ("phase", "given", "line"),
    [
        (MAIN, {"step": 50}, "no checkpoint of step 50 (branch off behind one of these: 20, 80, 160)"),
        (MAIN, {"step": 160}, "the run ends there (say how far: --set branch.tokens=…)"),
        ({**MAIN, "schedule": "cosine"}, {"step": 80}, "no schedule goes on as the rest of cosine does"),
        (MAIN, {"set_aside": "0004"}, "no block '0004' (name it as the events do, such as 0-00004"),
        (MAIN, {"step": 80, "overrides": {"branch.learning_rat": 1}}, "did you mean `learning_rate`?"),
    ],
)
def test_what_can_not_be_branched_off_is_one_line(
    lake: Lake, phase: dict[str, Any], given: dict[str, Any], line: str
) -> None:
    with pytest.raises(RecipeError) as error:
        made(run_of(lake, phase), lake, **given)
    assert line in str(error.value) and "\n" not in str(error.value)


def test_a_checkpoint_without_weights_is_said_to_be_tidied_away(lake: Lake) -> None:
    run = run_of(lake, MAIN)
    first = run.plan.planned("train-1").artifact
    files = {"/model.json": b"{}", "/metrics.jsonl": b""}
    first.write_part(lake, "checkpoints", "step-0000080", files=files, rows=1, stats={})
    with pytest.raises(RecipeError, match=r"weights of step 80 \(branch off behind one of these: 20, 160"):
        made(run, lake, step=80)
