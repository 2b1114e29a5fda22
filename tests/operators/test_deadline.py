"""A run that is not done in time is told, once it is due, by what Airflow's deadlines start in the triggerer."""

import asyncio
from datetime import UTC, datetime
from http.server import HTTPServer

import pytest
from airflow.models.callback import CallbackState
from airflow.serialization.decoders import decode_deadline_alert
from airflow.serialization.serialized_objects import DagSerialization
from airflow.triggers.callback import PAYLOAD_STATUS_KEY, CallbackTrigger

from dags import corpus, evaluate, experiments, judge, maintenance, pretrain
from operators.deadline import told_after
from operators.jobs.stage import RayStageOperator
from tests.operators.test_notify import Webhook, connect, serving


class Hook(Webhook):
    """One of this file's own."""

    got: list[tuple[str | None, dict]] = []


def told(state: str) -> list[str]:
    """What is sent of a run in this state whose deadline has passed; the callback ends well."""
    callback = told_after(days=30).callback
    run = {"dag_id": "pretrain", "dag_run_id": "demo-1", "state": state}
    trigger = CallbackTrigger(callback.path, {**callback.kwargs, "context": {"dag_run": run}})

    async def last() -> str:
        return [event.payload[PAYLOAD_STATUS_KEY] async for event in trigger.run()][-1]

    before = len(Hook.got)
    assert asyncio.run(last()) == CallbackState.SUCCESS
    return [body["text"] for _, body in Hook.got[before:]]


def test_a_run_under_way_is_told_and_one_that_has_ended_is_not(monkeypatch):
    with serving(HTTPServer(("127.0.0.1", 0), Hook)) as port:
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{port}/hook")
        assert told("running") == told("queued") == ["pretrain demo-1: is not done after 30 days"]
        assert told("failed") == [], "Airflow forgets the deadlines of runs that succeed, and of no others"


@pytest.mark.parametrize("module", [pretrain, corpus, evaluate, experiments, judge, maintenance])
def test_every_dag_has_a_deadline_and_its_tasks_in_workers_a_timeout(module):
    (written,) = DagSerialization.to_dict(module.dag)["dag"]["deadline"]
    alert = decode_deadline_alert(written)
    due = alert.reference.evaluate_with(session=None, interval=alert.interval, dag_id="pretrain", run_id="demo-1")
    assert (due - datetime.now(UTC)).days in (6, 29), "a while ago it was the whole of 7, or 30"
    for task in module.dag.tasks:
        in_triggerer = isinstance(task, RayStageOperator) and task.start_from_trigger
        assert (task.execution_timeout is None) == in_triggerer, "Airflow would hold the whole stage to it"
