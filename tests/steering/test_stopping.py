"""Who may stop, what a request holds, and what takes it back."""

import pytest

from dags.stop import dag
from smelt.errors import RecipeError, StageError
from smelt.lake import Lake, Manifest
from smelt.recipe import parse_recipe
from smelt.run import Run, run_key
from smelt.steering import stopping
from tests.chain import plan_of


class Task:
    """As much of a task instance as an operator needs."""

    task_id = "stop"

    def xcom_push(self, key: str, value: str) -> None:
        """Takes what it is given."""


@pytest.fixture
def run(lake: Lake, tmp_path) -> Run:
    """A planned run of two phases."""
    (tmp_path / "note.txt").write_text("A note.")
    phase = {"tokens": 4096, "sequence_length": 64, "global_batch_size": 8}
    raw = {
        "name": "small",
        "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"], "lang": "en"}],
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", **phase}, {"name": "anneal", **phase}],
    }
    recipe = parse_recipe(raw, where="small")
    run = Run(id="one", recipe_path="small", overrides={}, recipe=recipe, plan=plan_of(recipe, lake), created="")
    lake.put(run_key("one"), run.model_dump_json().encode())
    return run


def make(lake: Lake, run: Run, stage: str) -> None:
    planned = run.planned(stage)
    manifest = Manifest(
        stage=planned.kind,
        version=planned.version,
        fingerprint=planned.fingerprint,
        config=planned.config,
        inputs=planned.inputs,
        parts=(),
        stats={},
        digest="",
    )
    planned.artifact.commit(lake, manifest)


def test_the_training_that_comes_next_is_asked_and_where_none_is_left_that_is_one_line(lake, run):
    assert stopping.ask(lake, run) == "train-1"
    first = stopping.request_of(lake, "one")
    make(lake, run, "train-1")
    assert stopping.ask(lake, run) == "train-2"
    assert stopping.request_of(lake, "one") == first
    make(lake, run, "train-2")
    with pytest.raises(RecipeError, match="one: nothing is left to train"):
        stopping.ask(lake, run)


def test_what_has_stopped_first_is_what_is_tried_again(lake, run):
    stopping.ask(lake, run)
    stopping.note(lake, "one", "train-1", 2)
    stopping.note(lake, "one", "train-2", 1)
    request = stopping.request_of(lake, "one")
    assert (request.stage, request.attempt) == ("train-1", 2)
    stopping.take_back(lake, "one")
    assert stopping.request_of(lake, "one") is None
    stopping.note(lake, "one", "train-1", 3)
    assert stopping.request_of(lake, "one") is None


def test_airflows_form_asks_for_it_and_an_unknown_run_fails_for_good(lake, run, monkeypatch):
    monkeypatch.setattr(Lake, "connect", classmethod(lambda cls: lake))
    dag.get_task("stop").execute({"params": {"run": "one"}, "ti": Task()})
    assert stopping.request_of(lake, "one").stage == ""
    with pytest.raises(StageError, match="two: no such run"):
        dag.get_task("stop").execute({"params": {"run": "two"}, "ti": Task()})
