"""The plan task: what is cached is skipped in one go, and a wrong recipe is told in one line."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from dags.pretrain import dag
from operators.jobs.trigger import StageTrigger
from operators.plan import plan_table
from smelt.errors import RecipeError
from smelt.recipe.graph import MAX_PHASES, stages
from smelt.run import load_run
from tests.operators.attempts import attempt, event_of

TASKS = ("run", "gate")


class TaskInstance(SimpleNamespace):
    """Takes what the operator pushes."""

    def xcom_push(self, key, value):
        self.pushed = {**getattr(self, "pushed", {}), key: value}


def execute(recipe: str, run_id: str, overrides=None, **more) -> TaskInstance:
    """Run the plan task; the task instance it wrote to."""
    plan = dag.get_task("plan")
    instance = TaskInstance(map_index=-1, task=plan, skipped=[])
    context = {
        "params": {**dag.params, "recipe": recipe, "overrides": overrides or {}, **more},
        "run_id": run_id,
        "ti": instance,
        "dag": dag,
    }
    try:
        plan.execute(context)
    except DownstreamTasksSkipped as skipped:
        instance.skipped = skipped.tasks
    return instance


def test_cached_stages_are_skipped_with_their_gates_and_nothing_else(run):
    fetch, ingest, classifiers = ([f"{stage}.{task}" for task in TASKS] for stage in ("fetch", "ingest", "classifiers"))
    others = [f"{kind}-{n}.{task}" for n in range(2, MAX_PHASES + 1) for kind in ("blocks", "train") for task in TASKS]
    skipped = execute(run.recipe_path, f"{run.id}-first").skipped
    assert skipped == [*fetch, *classifiers, *others], "what has nothing to do, and phases that it does not have"
    asyncio.run(event_of(attempt(StageTrigger, run)))
    assert execute(run.recipe_path, f"{run.id}-second").skipped == [*fetch, *ingest, *classifiers, *others]
    assert execute(run.recipe_path, f"{run.id}-third", force=["ingest"]).skipped == [*fetch, *classifiers, *others]


def test_a_wrong_recipe_fails_for_good_and_says_where(stack_lake, tmp_path):
    recipe = tmp_path / "wrong.yaml"
    recipe.write_text("name: wrong\nsorces: []\n")
    with pytest.raises(RecipeError, match="sources"):
        execute(str(recipe), "wrong-1")


def test_the_form_forces_stages_and_names_gates_that_ask(run, stack_lake):
    forced = f"{run.id}-forced"
    assert "clean.run" not in execute(run.recipe_path, forced, force=["fetch"], approve=["clean"]).skipped
    found = load_run(stack_lake, forced)
    assert found.recipe.rebuild == {"fetch": 1} and found.recipe.approve == ("clean",)
    assert any("rebuild: {fetch: 1}" in line for line in plan_table(found.plan))
    with pytest.raises(RecipeError, match="override approve: no stage 'cleen'"):
        execute(run.recipe_path, f"{run.id}-wrong", approve=["cleen"])


def test_the_form_branches_off_from_a_run(run, stack_lake):
    train = run.planned("train-1").artifact
    files = {f"/{name}": b"content" for name in ("model.json", "metrics.jsonl", "__0_0.distcp")}
    step = run.recipe.phases[0].num_steps // 2
    name = f"{run.id}-branch"
    with pytest.raises(RecipeError, match="no checkpoint of step"):
        execute("unread.yaml", name, **{"from": run.id, "at": step})
    train.write_part(stack_lake, "checkpoints", f"step-{step:07d}", files=files, rows=1, stats={})
    skipped = execute("unread.yaml", name, {"branch.schedule": "constant"}, **{"from": run.id, "at": step}).skipped
    assert "train-2.run" not in skipped and "train-3.run" in skipped
    found = load_run(stack_lake, name)
    assert (found.recipe_path, len(found.recipe.phases)) == (run.recipe_path, 2)
    with pytest.raises(RecipeError, match="no place to branch off"):
        execute("unread.yaml", f"{name}-nowhere", **{"from": run.id})


def test_the_table_says_why(run):
    head, _, ingest, *_ = plan_table(run.plan)
    assert head.startswith(f"plan of {run.plan.recipe}: ") and head.endswith(f" of {len(stages(1))} stages to do")
    assert ingest.split() == ["ingest", run.planned("ingest").fingerprint, "to", "do", "first", "run"]


def test_recipes_are_found_from_the_checkout():
    assert Path(dag.params["recipe"]).parts[0] == "recipes"
