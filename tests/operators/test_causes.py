"""Why a task fails stands in its log as one line, before anything else is said of it."""

import logging
from types import SimpleNamespace

import pytest

from operators.jobs.stage import RayStageOperator
from operators.jobs.verdict import GateTrigger
from operators.retries import PermanentError, TransientError, told
from smelt.errors import RecipeError
from smelt.gates.result import GateResult, Outcome
from smelt.plan import Planned


class Instance(SimpleNamespace):
    def xcom_push(self, key, value):
        self.pushed = {**getattr(self, "pushed", {}), key: value}


def test_the_line_is_logged_unbroken_and_pushed(caplog):
    instance = Instance(try_number=1, max_tries=0)
    with caplog.at_level(logging.ERROR), pytest.raises(RecipeError), told({"ti": instance}):
        raise RecipeError("is wrong:\nhere and there", where="sources", mend="mend it")
    [record] = caplog.records
    assert record.getMessage() == "error: sources: is wrong: here and there (mend it)"
    assert instance.pushed == {"error": "sources: is wrong: here and there (mend it)"} and record.exc_info is None


@pytest.mark.parametrize(("again", "kind"), [(True, TransientError), (False, PermanentError)])
def test_a_stage_that_fails_says_why_first(caplog, again, kind):
    instance = Instance(try_number=1, max_tries=0)
    operator = RayStageOperator(task_id="run", stage="clean")
    with caplog.at_level(logging.ERROR), pytest.raises(kind):
        operator.fail({"ti": instance}, {"error": "a node was lost", "again": again, "ask": False})
    assert [record.getMessage() for record in caplog.records] == ["error: a node was lost"]


def test_expectations_that_fail_are_errors_and_others_are_not(capsys, lake):
    outcomes = [
        Outcome(name=name, success=success, observed="1", expected="2") for name, success in (("a", True), ("b", False))
    ]
    planned = Planned(
        stage="clean", version=1, fingerprint="f" * 20, inputs={}, config={}, suite="s", cached=False, reason=""
    )
    result = GateResult(
        success=False, stage="clean", fingerprint="f" * 20, suite="s", expectations=tuple(outcomes), docs=""
    )
    lake.put(planned.gate_key, result.model_dump_json().encode())
    run = SimpleNamespace(id="r", planned=lambda stage: planned, recipe=SimpleNamespace(asks=lambda stage: False))
    with pytest.raises(Exception, match="gate of clean failed"):
        GateTrigger("clean").reached(lake, run)
    told = [line for line in capsys.readouterr().out.splitlines() if "observed 1" in line]
    assert ["error" in line for line in told] == [False, True]
