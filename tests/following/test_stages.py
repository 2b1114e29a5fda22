"""What a person reads while a run goes on."""

from datetime import UTC, datetime

import pytest
from rich.console import Console

from smelt.following.airflow import Task
from smelt.following.show import Lines, Screen
from smelt.following.stages import Row, rows, stage_state
from smelt.plan import Planned
from smelt.words import duration

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAMED = {"version": 1, "fingerprint": "ab", "inputs": {}, "suite": "", "cached": False, "reason": ""}
CLEAN = Planned(stage="clean", config={}, **NAMED)
TRAIN = Planned(stage="train-2", config={"phases": [{"name": "main"}, {"name": "anneal"}]}, **NAMED)
PROGRESS = {"done": 12, "total": 40, "unit": "parts", "figures": {"documents": 3201, "loss": 4.18234}, "eta_s": 65.0}


def task(state, *, name="clean.run", attempt=1, seconds=0) -> Task:
    return Task(name, state, attempt, NOON if state else None, NOON.replace(second=seconds) if seconds else None)


@pytest.mark.parametrize(
    ("run", "gate", "word"),
    [
        (task(None), task(None), "waiting"),
        (task("deferred"), task(None), "running"),
        (task("deferred", attempt=2), task(None), "retrying"),
        (task("up_for_retry"), task(None), "retrying"),
        (task("up_for_reschedule"), task(None), "waiting"),
        (task("success"), task(None), "gate"),
        (task("success"), task("success"), "done"),
        (task("success"), task("failed"), "gate failed"),
        (task("success"), task("awaiting_input"), "to approve"),
        (task("failed"), task("upstream_failed"), "failed"),
        (task("upstream_failed"), task("upstream_failed"), "not reached"),
        (task("skipped"), task("skipped"), "stopped"),
    ],
)
def test_two_tasks_make_one_word(run, gate, word):
    assert stage_state(run, gate, cached=False) == word


def test_what_is_skipped_is_cached_where_the_plan_says_so():
    assert stage_state(task("skipped"), task("skipped"), cached=True) == "cached"


def test_a_stage_takes_from_its_runs_start_to_its_gates_end():
    tasks = {"clean.run": task("success", seconds=20), "clean.gate": task("success", seconds=25)}
    tasks |= {f"train-{place}.{name}": task("skipped") for place in (1, 2, 3) for name in ("run", "gate")}
    assert rows(tasks, [CLEAN, TRAIN.model_copy(update={"cached": True})], lambda stage: None) == [
        Row("clean", "done", 25.0, None),
        Row("train-2 (anneal)", "cached", None, None),
    ]


def test_lines_say_each_change_once():
    console = Console(record=True, width=100)
    lines = Lines(console, "run demo-1")
    for state in ("waiting", "running", "running", "done"):
        lines.update([Row("clean", state, 61.0, PROGRESS)])
    said = console.export_text().splitlines()
    assert said[0] == "run demo-1"
    assert [line.split("clean: ")[1] for line in said[1:]] == [
        "running  12 of 40 parts, 3,201 documents, loss 4.182, 1 min 05 s left",
        "done  12 of 40 parts, 3,201 documents, loss 4.182, took 1 min 01 s",
    ]


def test_the_table_has_a_row_for_every_stage():
    console = Console(record=True, width=140, force_terminal=True)
    with Screen(console, "run demo-1") as screen:
        screen.update([Row("clean", "running", 61.0, PROGRESS), Row("score", "waiting", None, None)])
    text = console.export_text()
    assert "12 of 40 parts" in text and "3,201 documents" in text and "score" in text


def test_durations_are_short():
    assert [duration(s) for s in (8.4, 185, 7620)] == ["8 s", "3 min 05 s", "2 h 07 min"]
