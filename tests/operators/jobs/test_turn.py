"""A run that has begun to train comes before one that has not, and nobody waits for a run that trains no more."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRescheduleException

from operators.jobs.turn import BEGUN, take
from smelt.lake import Lake
from smelt.run import ended_key

DAG = "pretrain"
States = dict[str, dict[str, str | None]]
BEFORE = {"plan": "success", "train-1.run": None, "train-1.gate": None, "train-2.run": None, "train-8.run": "skipped"}
BETWEEN = {**BEFORE, "train-1.run": "success", "train-1.gate": "deferred"}


def task(run: str, states: States, ended: tuple[str, ...] = ()) -> Any:
    """What a task of the run sees of Airflow: the states of each run's tasks."""

    def known(dag_id: str, run_ids: list[str]) -> States:
        assert dag_id == DAG
        return {run: states[run] for run in run_ids if run in states}

    def running(dag_id: str, run_ids: list[str], states: list[str]) -> int:
        return len([run for run in known(dag_id, run_ids) if run not in ended])

    return {"ti": SimpleNamespace(dag_id=DAG, run_id=run, get_task_states=known, get_dr_count=running)}


def may(lake: Lake, run: str, states: States, ended: tuple[str, ...] = ()) -> bool:
    try:
        take(lake, task(run, states, ended))
    except AirflowRescheduleException:
        return False
    return True


def test_a_run_waits_while_one_that_has_begun_is_between_its_phases(lake: Lake, caplog) -> None:
    caplog.set_level("INFO")
    states: States = {"manual__1": BETWEEN, "b": BEFORE}
    assert may(lake, "manual__1", states)
    assert not may(lake, "b", states)
    assert "waiting for run manual__1, which has begun to train" in caplog.text
    assert may(lake, "manual__1", states), "it has begun, and waits for nobody"
    states["manual__1"] = {**BETWEEN, "train-1.gate": "success", "train-2.run": "deferred"}
    assert may(lake, "b", states), "the slot is another one than that which the first holds"
    states["manual__1"] = BETWEEN
    assert may(lake, "b", states) and may(lake, "manual__1", states), "both have begun: none waits for the other"


@pytest.mark.parametrize("state", ["scheduled", "up_for_retry", "restarting", None])
def test_a_try_that_is_yet_to_come_is_waited_for(lake: Lake, state) -> None:
    states: States = {"a": {**BEFORE, "train-1.run": state}, "b": BEFORE}
    assert may(lake, "a", states)
    assert not may(lake, "b", states)


@pytest.mark.parametrize("second", ["upstream_failed", "skipped", "success"])
def test_trainings_that_are_over_are_not_waited_for_and_their_mark_goes(lake: Lake, second) -> None:
    states: States = {"a": {**BETWEEN, "train-1.gate": "failed", "train-2.run": second}, "b": BEFORE}
    assert may(lake, "a", states) and may(lake, "b", states)
    assert [item.key for item in lake.objects(BEGUN)] == [f"{BEGUN}b"]


def test_nobody_waits_for_a_person_or_for_a_run_that_is_not_under_way(lake: Lake) -> None:
    asking: States = {"a": {**BETWEEN, "train-1.gate": "awaiting_input"}, "b": BEFORE}
    assert may(lake, "a", asking) and may(lake, "b", asking)
    lake.delete([f"{BEGUN}b"])
    states: States = {"a": BETWEEN, "b": BEFORE}
    assert not may(lake, "b", states)
    assert may(lake, "b", states, ended=("a",)), "it was ended, or is queued again behind others"
    lake.delete([f"{BEGUN}b"])
    assert may(lake, "b", {"b": BEFORE}), "another Airflow's, or one that was deleted"
    lake.delete([f"{BEGUN}b"])
    lake.put_json(ended_key("a"), {"state": "failed"})
    assert may(lake, "b", states)
    assert [item.key for item in lake.objects(BEGUN)] == [f"{BEGUN}b"]
