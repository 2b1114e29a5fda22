"""Which jobs are started ahead, when they go to work, and that one which nobody follows ends itself.

That a run on a cluster does it is tested in ``tests/operators/jobs/test_ahead.py``.
"""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from smelt.engine import ahead
from smelt.gates.result import GateResult
from smelt.lake import Lake
from smelt.run import Run, create_run
from smelt.steering import stopping
from tests.chain import RECIPE, make_through

NOWHERE = "http://127.0.0.1:1"
WATCHES = """
import time
from smelt.engine import ahead
from smelt.lake import Lake
ahead.WAITS_S = 0.5
ahead.end_unless_followed(Lake.connect(), "run", "score")
time.sleep(float({sleeps}))
print("went on")
"""


@pytest.fixture
def run(lake: Lake, tmp_path, monkeypatch) -> Run:
    """A run whose ``clean`` is made, and judged by nobody yet."""
    monkeypatch.setattr(ahead, "WAITS_S", 1.0)
    (tmp_path / "a.txt").write_text("A text of no great length, which nobody has read before.\n" * 9)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="small", folder=tmp_path))
    found = create_run(recipe, {}, "run", replace(lake.settings, lake=lake.url))
    make_through(found.recipe, lake, "clean")
    return found


def judge(lake: Lake, run: Run, stage: str, *, success: bool = True) -> None:
    """Leave a gate's result."""
    planned = run.planned(stage)
    result = GateResult(
        success=success,
        stage=planned.kind,
        fingerprint=planned.fingerprint,
        suite=planned.suite,
        expectations=(),
        docs="",
    )
    lake.put(planned.gate_key, result.model_dump_json().encode())


def started(lake: Lake, run: Run, stage: str) -> None:
    """Leave what says that a stage's job was started ahead."""
    lake.put(f"runs/{run.id}/ahead/{stage}", b"")


@pytest.mark.parametrize(
    ("stage", "last", "followers"),
    [
        ("clean", "report", ["score"]),  # behind classifiers, of which there is nothing to do
        ("clean", "clean", []),  # the last stage of its DAG
        ("ingest", "report", []),  # what follows is there
        ("score", "report", []),  # what it stands on isn't
    ],
)
def test_what_follows_is_started_ahead_in_its_dag_where_all_else_is_there(stage, last, followers, lake, run):
    assert [planned.stage for planned in ahead._followers(lake, run, stage, last)] == followers


def test_a_training_is_never_started_ahead(lake, run, monkeypatch):
    monkeypatch.setattr("smelt.lake.Artifact.manifest", lambda artifact, lake: artifact.kind != "train" or None)
    assert list(ahead._followers(lake, run, "blocks-1", "report")) == []


def test_what_can_not_be_started_is_left_to_its_task(lake, run):
    ahead.start(lake, run, "clean", "report", NOWHERE)
    assert not ahead.is_ahead(lake, run.id, "score")


def test_a_job_ahead_waits_for_its_gate_and_goes_no_further_than_one_stage(lake, run):
    started(lake, run, "score")
    assert not ahead.goes(lake, run, "score"), "no gate has judged"
    judge(lake, run, "clean")
    for name in ("clean", "score"):
        started(lake, run, name)
    assert not ahead.goes(lake, run, "score"), "nobody has come to clean yet"
    assert not ahead.is_ahead(lake, run.id, "score"), "it has ended, and says so"
    started(lake, run, "score")
    ahead.came(lake, run.id, "clean")
    assert ahead.goes(lake, run, "score")


def test_a_job_ahead_goes_to_work_when_its_task_comes(lake, run):
    judge(lake, run, "clean", success=False)  # and somebody has approved it
    assert ahead.goes(lake, run, "score")


@pytest.mark.parametrize("reason", ["gate", "stop"])
def test_a_job_ahead_is_not_wanted_where_a_gate_has_failed_or_the_run_is_to_stop(reason, lake, run, monkeypatch):
    monkeypatch.setattr(ahead, "WAITS_S", 3600.0)
    started(lake, run, "score")
    if reason == "gate":
        judge(lake, run, "clean", success=False)
    else:
        stopping.ask(lake, run)
    assert not ahead.goes(lake, run, "score")


@pytest.mark.parametrize("followed", [True, False])
def test_a_job_that_nobody_follows_ends_itself(followed, lake, run):
    if not followed:
        started(lake, run, "score")
    command = [sys.executable, "-c", WATCHES.format(sleeps=2.0 if followed else 60.0)]
    environment = replace(lake.settings, lake=lake.url).environment()
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    assert ("went on" in done.stdout) == followed
    assert ("nobody has asked for it" in done.stderr + done.stdout) != followed
    assert not ahead.is_ahead(lake, run.id, "score")
