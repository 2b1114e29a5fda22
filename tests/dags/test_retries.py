"""What is tried again and what is not: by Airflow's rules, by a job's exit status, and by a trigger that waits."""

import asyncio
import sys
from dataclasses import replace

import pytest
from airflow.sdk import RetryAction
from airflow.sdk.exceptions import AirflowTaskTimeout

from operators.jobs import patience
from operators.jobs.trigger import StageTrigger
from operators.retries import RETRY_POLICY, PermanentError, TransientError, told
from smelt.engine import job
from smelt.engine.jobs import EngineError
from smelt.errors import LakeError, LakeOutageError, RecipeError
from smelt.lake import Lake
from tests.dags.test_scheduled import TaskInstance


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (LakeOutageError("503 Slow Down"), RetryAction.RETRY),
        (LakeError("no S3 credentials"), RetryAction.FAIL),
        (EngineError("Ray's Jobs API is out of reach"), RetryAction.RETRY),
        (TransientError("the node was lost"), RetryAction.RETRY),
        (PermanentError("gate of clean failed"), RetryAction.FAIL),
        (RecipeError("unknown key"), RetryAction.FAIL),
        (AirflowTaskTimeout("Timeout, PID: 7"), RetryAction.FAIL),
        (OSError("anything else"), RetryAction.DEFAULT),
    ],
)
def test_what_may_pass_is_tried_again_and_what_may_not_is_not(error, action):
    assert RETRY_POLICY.evaluate(error, 1, 3).action == action


def test_a_task_that_hangs_in_a_worker_leaves_a_line_of_ours():
    instance = TaskInstance(pushed={})
    with pytest.raises(PermanentError, match="not done in the time"), told({"ti": instance}):
        raise AirflowTaskTimeout("Timeout, PID: 7")
    assert "see in its log" in instance.pushed["error"]


@pytest.mark.parametrize(("wrong", "status"), [({"secret_key": "wrong"}, 3), ({"endpoint": "http://127.0.0.1:9"}, 1)])
def test_a_job_s_exit_status_says_whether_trying_again_may_help(here, monkeypatch, wrong, status):
    lake = Lake(replace(here.settings, **wrong), patience=0.2)
    monkeypatch.setattr(Lake, "connect", lambda *patience: lake)
    monkeypatch.setattr(sys, "argv", ["smelt.engine.job", "--run", "any", "--stage", "clean"])
    assert job.main() == status


def test_a_trigger_waits_only_for_what_may_pass(monkeypatch):
    monkeypatch.setattr(patience, "POLL_S", (0.0, 0.0))
    trigger = StageTrigger("clean")
    answers = [LakeOutageError("503 Slow Down"), LakeOutageError("503 Slow Down"), LakeError("no S3 credentials")]

    async def ask():
        raise answers.pop(0)

    with pytest.raises(LakeError, match="no S3 credentials"):
        asyncio.run(patience.patiently(ask, trigger))
    assert answers == []
