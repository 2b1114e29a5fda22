"""The DAG of experiments: what its tasks are given, what is not run again, and what garbage collection leaves."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.exceptions import DagRunTriggerException
from airflow.sdk import TriggerRule
from airflow.serialization.serialized_objects import DagSerialization

from dags.experiments import EXPERIMENTS, dag
from operators.experiment import CELLS_OF, CellOperator
from operators.retries import PermanentError
from smelt.checkout import CHECKOUT
from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import RecipeError
from smelt.experiments import store, unfinished
from smelt.experiments.load import load_experiment
from smelt.experiments.plan import make_plan
from smelt.lake import Lake, Manifest
from smelt.maintenance.garbage import Policy, find_garbage
from smelt.plan import Plan, Planned
from smelt.recipe import load_recipe
from smelt.run import preview
from tests.chain import RECIPE
from tests.dags.test_pretrain import WITHOUT

LATER = datetime.now(UTC) + timedelta(days=30)


@pytest.fixture
def here(lake, monkeypatch) -> Lake:
    """This test's lake as the one that tasks connect to."""
    for name, value in (lake.settings.environment() | {"SMELT_LAKE": lake.url}).items():
        monkeypatch.setenv(name, value)
    return Lake.connect()


@pytest.fixture
def file(tmp_path) -> str:
    """An experiment of two seeds over a recipe of one text."""
    (tmp_path / "a.txt").write_text("A text of more than a few words, which is read and kept as it is.\n" * 5)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="seeds", folder=tmp_path))
    experiment = tmp_path / "experiment.yaml"
    axes = "[{kind: grid, axes: {seed: [1, 2]}}]"
    experiment.write_text(f"name: seeds\nrecipe: {recipe}\nbudget_flops: 1.0e+13\ncells: {axes}\n")
    return str(experiment)


class TaskInstance(SimpleNamespace):
    """Takes what the operator pushes."""

    def xcom_push(self, key, value):
        self.pushed[key] = value


def context(file: str) -> dict:
    return {"params": {**dag.params, "experiment": file}, "run_id": "manual__1", "ti": TaskInstance(pushed={})}


def cell(asked: dict) -> CellOperator:
    return CellOperator(task_id="cell", **asked)


def committed(lake: Lake, planned: Planned) -> None:
    """The artifact as if somebody had made it, and its gate as passed."""
    record = planned.artifact.write_part(lake, "parts", "0", files={"/evaluation.json": b"{}"}, rows=1, stats={})
    about = planned.model_dump(include={"version", "fingerprint", "config", "inputs"})
    planned.artifact.commit(lake, Manifest(stage=planned.kind, parts=(record,), stats={}, digest="d", **about))
    lake.put_json(planned.gate_key, {"success": True})


def test_airflow_reads_it_without_a_network_and_nothing_heavy():
    code = WITHOUT.replace("import dags.pretrain", "import dags.experiments")
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1:] in ([], [""])


def test_airflow_finds_a_task_that_is_mapped_over_the_cells():
    found = DagBag(CHECKOUT / "dags" / "experiments.py")
    assert found.import_errors == {}
    again = DagSerialization.from_dict(DagSerialization.to_dict(found.dags["experiments"]))
    assert again.get_task("cell").is_mapped
    assert again.get_task("cell").upstream_task_ids == {"plan"}
    assert again.get_task("outcome").trigger_rule == TriggerRule.ALL_DONE, "the page is written whatever failed"
    assert dag.params["experiment"] in EXPERIMENTS
    assert "plan ─ cell ─ outcome" in dag.doc_md


def test_a_cell_starts_a_run_of_its_own_that_goes_on_when_it_is_cleared(here, file):
    asked = dag.get_task("plan").execute(context(file))
    assert [one["title"] for one in asked] == ["seed 1", "seed 2"]
    with pytest.raises(DagRunTriggerException) as started:
        cell(asked[1]).execute(context(file))
    run = started.value
    assert (run.trigger_dag_id, run.dag_run_id) == (CELLS_OF, asked[1]["trigger_run_id"])
    assert run.reset_dag_run and run.wait_for_completion and run.deferrable
    assert load_recipe(run.conf["recipe"], run.conf["overrides"]).seed == 2
    assert cell(asked[1]).retries == 0, "its run's stages have been tried again"


def test_a_cell_that_the_lake_holds_is_not_run_again(here, file):
    first, second = dag.get_task("plan").execute(context(file))
    _, planned = preview(first["conf"]["recipe"], first["conf"]["overrides"], here.settings)
    committed(here, planned.planned("evaluate"))
    cell(first).execute(context(file))
    with pytest.raises(DagRunTriggerException):
        cell(second).execute(context(file))


def test_a_wrong_experiment_is_one_line_and_nothing_is_left_in_the_lake(here, file):
    with Path(file).open("a") as more:
        more.write("set: {evaluate.max_checkpoint: 1}\n")
    told = context(file)
    with pytest.raises(RecipeError):
        dag.get_task("plan").execute(told)
    assert "max_checkpoint" in told["ti"].pushed["error"]
    assert here.objects(unfinished.ROOT) == []


def test_missing_cells_fail_the_outcome_and_stand_on_the_page(here, file):
    dag.get_task("plan").execute(context(file))
    told = context(file)
    with pytest.raises(PermanentError, match="2 of 2 cells are missing"):
        dag.get_task("outcome").execute(told)
    assert "not in the lake" in here.get(store.page_key("seeds")).decode()
    assert told["ti"].pushed["error"].startswith("2 of 2 cells are missing")


def test_garbage_collection_leaves_the_cells_of_an_experiment_that_is_not_finished(here, file):
    dag.get_task("plan").execute(context(file))
    plan = make_plan(load_experiment(file), file)
    planned: Plan = unfinished.begin(here, plan)[plan.cells[0].name]
    recipe = load_recipe(CHECKOUT / plan.experiment.recipe, plan.cells[0].overrides)
    for stage in planned.stages[:2]:
        make_artifact(stage, make_context(recipe, stage, here), serially)
    assert find_garbage(here, Policy(), now=LATER) == []
    unfinished.end(here, "seeds")
    gone = {item.name for item in find_garbage(here, Policy(), now=LATER)}
    assert {stage.artifact.root for stage in planned.stages[:2]} <= gone
