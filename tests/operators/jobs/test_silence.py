"""A job that is not heard of for long is told, once, by one of those who follow it."""

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from operators.jobs import silence as module
from operators.jobs import telling
from operators.jobs.silence import Silence
from operators.jobs.telling import Teller
from smelt.engine.jobs import Job
from smelt.lake import Artifact, Lake
from smelt.run import progress_key

JOB = Job("train-1-f00d", "RUNNING", "", None, {"run": "demo-1"}, 0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def watcher(lake: Lake, kind: str = "train", run: str = "demo-1", *, gate: bool = False) -> Silence:
    stage = "train-1" if kind == "train" else kind
    recipe = SimpleNamespace(training=SimpleNamespace(alarms=SimpleNamespace(silent_minutes=5.0)))
    planned: Any = SimpleNamespace(kind=kind, stage=stage, artifact=Artifact(kind, "f00d"))
    return Silence(lake, SimpleNamespace(id=run, recipe=recipe), planned, gate=gate)  # type: ignore[arg-type]


def progress(lake: Lake, done: int, *, stage: str = "train-1", updated: str = "12:00") -> None:
    lake.put_json(progress_key("demo-1", stage), {"done": done, "total": 64, "state": "running", "updated": updated})


def test_a_training_without_a_step_is_told_once_until_it_steps_again(lake: Lake, clock: SimpleNamespace) -> None:
    one, other = watcher(lake), watcher(lake, run="demo-2")  # which follows the job of the first
    progress(lake, 7)
    assert [one.look(JOB), other.look(JOB)] == [None, None]
    clock.now = 299
    progress(lake, 7, updated="12:04")  # it says something, such as what it waits for, and makes no step
    assert one.look(JOB) is None
    clock.now = 301
    lines = [one.look(JOB), other.look(JOB), one.look(JOB)]
    assert lines == ["train-1 has made no step for 5 min 01 s, behind step 7: look at its job train-1-f00d", None, None]
    progress(lake, 8)
    assert one.look(JOB) is None
    clock.now = 700
    assert "behind step 8" in (one.look(JOB) or ""), "another silence"


def test_a_job_that_waits_in_the_queue_is_told(lake: Lake, clock: SimpleNamespace) -> None:
    one, queued = watcher(lake, "dedup"), Job("dedup-f00d", "PENDING", "", None, {"run": "demo-1"}, 0)
    assert one.look(queued) is None
    clock.now = 3601
    assert one.look(queued) == "dedup has waited in Ray's queue for 1 h 00 min: are there nodes with what it asks for?"


def test_another_stage_and_a_gate_are_held_to_what_they_say(lake: Lake, clock: SimpleNamespace) -> None:
    stage, gate = watcher(lake, "dedup"), watcher(lake, gate=True)
    progress(lake, 3, stage="dedup")
    assert [stage.look(JOB), gate.look(JOB)] == [None, None]
    clock.now = 3500
    progress(lake, 3, stage="dedup", updated="12:58")
    assert stage.look(JOB) is None
    clock.now = 3700
    assert stage.look(JOB) is None
    assert (gate.look(JOB) or "").startswith("train-1 has said nothing for 1 h 01 min")


def test_a_trigger_tells_it_and_goes_on_where_it_can_t(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Notifier:
        def __init__(self, line: str) -> None:
            self.line = line

        async def async_notify(self, context: dict[str, Any]) -> None:
            told.append(json.dumps([context["run_id"], self.line]))
            raise OSError("no way out")

    monkeypatch.setattr(telling, "SmeltNotifier", Notifier)
    task = SimpleNamespace(dag_id="pretrain", task_id="train-1.run", run_id="demo-1")
    one = watcher(lake)
    one.look(JOB)
    one._after_s = 0.0
    teller = Teller(task, Artifact("train", "f00d"), logging.getLogger(), has_news=False, silence=one)
    asyncio.run(teller.look(JOB))
    assert told == ['["demo-1", "train-1 has made no step for 0 s, behind step 0: look at its job train-1-f00d"]']
