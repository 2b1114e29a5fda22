"""What a recipe leaves a stage nothing to do of is committed as a run is planned."""

from dataclasses import replace

import pytest

from smelt.gates.run import run_gate
from smelt.lake import Lake
from smelt.maintenance.verify import verify
from smelt.recipe.graph import direct_inputs, spec
from smelt.run import Run, create_run
from tests.chain import RECIPE, make_through


@pytest.fixture
def started(lake: Lake, tmp_path):
    """Starts a run of the smallest recipe."""
    (tmp_path / "a.txt").write_text("A text of no great length, which nobody has read before.\n" * 9)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="small", folder=tmp_path))

    def start(run_id: str) -> Run:
        return create_run(recipe, {}, run_id, replace(lake.settings, lake=lake.url))

    return start


@pytest.mark.parametrize("stage", ["fetch", "classifiers"])
def test_an_artifact_that_holds_nothing_is_what_a_job_would_have_made(stage, started, lake):
    planned = started("first").planned(stage)
    assert planned.cached and planned.reason == "nothing to do"
    made = planned.artifact.manifest(lake)
    assert not verify(lake, made).damages
    assert '<span class="verdict good">passed</span>' in lake.get(lake.get_json(planned.gate_key)["docs"]).decode()
    run = started("second")
    lake.delete([item.key for item in lake.objects(f"{stage}/")])
    by_job = make_through(run.recipe, lake, stage)[stage]
    assert run_gate(lake, by_job, {}, run.recipe.gates).success
    assert by_job.model_copy(update={"provenance": made.provenance}).sealed() == made


def test_a_stage_that_has_work_is_left_to_its_job(started, lake):
    run = started("first")
    assert [item.stage for item in run.plan.stages if item.cached] == ["fetch", "classifiers"]
    assert run.plan.settled == ["fetch", "classifiers"]
    assert direct_inputs(spec("score")) == ["clean", "classifiers"], "what follows waits for what it comes from, too"
    assert lake.find_json(run.planned("ingest").artifact.root + "manifest.json") is None
    again = started("second")
    assert again.planned("fetch").reason == "cached" and again.plan.to_do == run.plan.to_do
