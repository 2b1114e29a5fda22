"""A job is held to the hours that the recipe gives its stage, or to generous ones."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from operators.jobs.limit import Limit
from smelt.engine.jobs import Job, Status
from smelt.recipe.resources import Resources


def limit(stage: str, hours: float | None, *, gate: bool = False) -> Limit:
    recipe = SimpleNamespace(resources_of=lambda _: Resources(max_hours=hours))
    planned = SimpleNamespace(stage=stage, kind=stage.partition("-")[0])
    return Limit(SimpleNamespace(recipe=recipe), planned, gate=gate)  # type: ignore[arg-type]


def job(hours: float, status: Status = "RUNNING") -> Job:
    metadata: dict[str, Any] = {"run": "demo-1"}
    return Job("dedup-f00d", status, "", None, metadata, submitted=time.time() - hours * 3600)


def test_a_job_past_its_limit_is_named_with_the_mend():
    assert limit("dedup", 5).passed(job(4.9)) is None
    assert limit("dedup", 5).passed(job(5.1)) == (
        "dedup: Ray job dedup-f00d is not done after 5 h 06 min "
        "(look why; raise resources.dedup.max_hours and clear the task: what is made stays)"
    )
    assert limit("dedup", 5).passed(job(5.1, "PENDING")), "Ray's queue counts"
    assert limit("dedup", 5).passed(job(5.1, "SUCCEEDED")) is None


@pytest.mark.parametrize(("stage", "gate", "days"), [("dedup", False, 7), ("train-2", False, 90), ("train-2", True, 7)])
def test_a_recipe_that_says_nothing_gives_a_week_and_a_training_a_quarter(stage, gate, days):
    one = limit(stage, None, gate=gate)
    assert one.passed(job(24 * days - 1)) is None
    assert one.passed(job(24 * days + 1))


def test_a_clock_that_is_set_while_a_job_runs_does_not_count(monkeypatch):
    one, running, now = limit("dedup", 5), job(1), time.time
    assert one.passed(running) is None
    monkeypatch.setattr("operators.jobs.limit.time.time", lambda: now() + 24 * 3600)
    assert one.passed(running) is None, "set ahead"
    monkeypatch.setattr("operators.jobs.limit.time.time", now)
    late = job(4.999)
    assert one.passed(late) is None
    monkeypatch.setattr("operators.jobs.limit.time.time", lambda: now() - 24 * 3600)
    monkeypatch.setattr("operators.jobs.limit.time.monotonic", lambda now=time.monotonic: now() + 60)
    assert one.passed(late), "set back"
