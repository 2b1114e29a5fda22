"""One job, once: whoever wants an artifact finds the job that makes it, and knows whose end it was."""

import asyncio
from datetime import UTC, datetime

import pytest
from airflow.triggers.base import TaskSkippedEvent

from operators.jobs import patience
from operators.jobs.trigger import StageTrigger
from operators.jobs.verdict import GateTrigger
from smelt.engine.jobs import EngineError, Jobs
from smelt.gates.approval import Approval, record_approval
from smelt.gates.result import GateResult, Outcome
from smelt.gates.suite import result_key
from smelt.lake import Lake
from smelt.run import Run, run_key
from smelt.settings import Settings
from smelt.steering import stopping
from tests.operators.attempts import STAGE, SUCCESS, attempt, event_of, job_name, jobs_of, submitted


def test_a_stage_is_made_by_one_job_however_many_want_it(run):
    async def scenario():
        first = await asyncio.gather(*(event_of(attempt(StageTrigger, run, number=n)) for n in (1, 2, 3)))
        again = await event_of(attempt(StageTrigger, run, number=4))
        gate = await event_of(attempt(GateTrigger, run))
        return first, again, gate, await jobs_of(run)

    first, again, gate, jobs = asyncio.run(scenario())
    assert [*first, again, gate] == [SUCCESS] * 5
    assert jobs == {job_name(run): "SUCCEEDED"}


def test_a_failed_job_fails_the_attempt_that_submitted_it_with_its_own_words(run):
    async def scenario():
        async with submitted(run, "bash -c 'echo working; echo error: sources: no such file \\(mend it\\); exit 3'"):
            failure = await event_of(attempt(StageTrigger, run, number=1))
            retry = await event_of(attempt(StageTrigger, run, number=2))
            return failure, retry, await jobs_of(run)

    failure, retry, jobs = asyncio.run(scenario())
    assert failure.payload == {"error": "sources: no such file (mend it)", "again": False, "ask": False}
    assert retry == SUCCESS
    assert jobs == {job_name(run): "FAILED", f"{job_name(run)}-2": "SUCCEEDED"}


def test_a_killed_driver_may_be_tried_again(run):
    async def scenario():
        async with submitted(run, "bash -c 'kill -9 $$'"):
            return await event_of(attempt(StageTrigger, run))

    failure = asyncio.run(scenario())
    assert failure.payload["again"] and failure.payload["error"].startswith(f"Ray job {job_name(run)} failed")


def test_a_user_who_clears_the_task_stops_the_job_and_a_restarting_triggerer_does_not(run):
    async def scenario():
        async with submitted(run, "sleep 300") as (jobs, job):
            trigger = attempt(StageTrigger, run)
            waiting = asyncio.create_task(event_of(trigger))
            while trigger.job is None:
                await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            after_restart = await jobs.find(job.id)
            following = asyncio.create_task(event_of(attempt(StageTrigger, run, number=2)))
            await asyncio.sleep(1)
            await trigger.on_kill()
            return after_restart.status, await following, await jobs_of(run)

    after_restart, cleared, jobs = asyncio.run(scenario())
    assert after_restart in ("PENDING", "RUNNING")
    assert list(jobs.values()) == ["STOPPED", "SUCCEEDED"]
    assert cleared == SUCCESS, "the next try, though it had followed the stopped job, has it made anew"


def test_a_user_who_cancels_a_second_run_leaves_the_job_of_the_first(run, stack_lake):
    second = run.model_copy(update={"id": f"{run.id}-second"})
    stack_lake.put(f"runs/{second.id}/run.json", second.model_dump_json().encode())

    async def scenario():
        async with submitted(run, f"bash -c 'sleep 8; python -m smelt.engine.job --run {run.id} --stage {STAGE}'"):
            first, other = attempt(StageTrigger, run), attempt(StageTrigger, second)
            following = [asyncio.create_task(event_of(trigger)) for trigger in (first, other)]
            while first.job is None or other.job is None:
                await asyncio.sleep(0.1)
            following[1].cancel()
            await asyncio.gather(following[1], return_exceptions=True)
            await other.on_kill()
            return await following[0], await jobs_of(run)

    assert asyncio.run(scenario()) == (SUCCESS, {job_name(run): "SUCCEEDED"})


@pytest.mark.parametrize("owner", ["this run", "another run"])
def test_a_job_past_its_limit_fails_the_attempt_and_is_stopped_by_the_run_that_submitted_it(run, stack_lake, owner):
    resources = {STAGE: run.recipe.resources_of(STAGE).model_copy(update={"max_hours": 1e-4})}
    hasty = run.model_copy(update={"recipe": run.recipe.model_copy(update={"resources": resources})})
    hasty = hasty.model_copy(update={"id": run.id if owner == "this run" else f"{run.id}-second"})
    stack_lake.put(run_key(hasty.id), hasty.model_dump_json().encode())

    async def scenario():
        async with submitted(run, "sleep 300") as (jobs, job):
            failure = await event_of(attempt(StageTrigger, hasty))
            while owner == "this run" and not (await jobs.find(job.id)).ended:
                await asyncio.sleep(0.1)
            left = await jobs.find(job.id)
            await jobs.stop(job.id)
            return failure, left

    failure, left = asyncio.run(scenario())
    assert f"raise resources.{STAGE}.max_hours" in failure.payload["error"] and not failure.payload["again"]
    assert left.ended == (owner == "this run")


def test_a_run_that_is_asked_to_stop_skips_its_training_and_what_follows_until_that_is_tried_again(run, stack_lake):
    stopping.ask(stack_lake, run)
    assert asyncio.run(event_of(attempt(StageTrigger, run))) == SUCCESS, "what needs no training goes on"
    for stage in ("train-1", "export", "train-1"):  # and a triggerer that has started anew
        event = asyncio.run(event_of(attempt(StageTrigger, run, stage=stage)))
        assert isinstance(event, TaskSkippedEvent)
    request = stopping.request_of(stack_lake, run.id)
    assert (request.stage, request.attempt) == ("train-1", 1)
    again = asyncio.run(event_of(attempt(StageTrigger, run, stage="train-1", number=2)))
    assert stopping.request_of(stack_lake, run.id) is None
    assert "an input is missing" in again.payload["error"], "it has gone to work, where nothing lies that it reads"


def test_a_job_that_leaves_as_it_was_asked_to_skips_the_attempt_that_submitted_it(run, stack_lake):
    async def scenario():
        async with submitted(run, "bash -c 'exit 4'"):
            stopping.ask(stack_lake, run)
            return await event_of(attempt(StageTrigger, run)), await event_of(attempt(StageTrigger, run, number=2))

    left, again = asyncio.run(scenario())
    assert isinstance(left, TaskSkippedEvent)
    assert again == SUCCESS and stopping.request_of(stack_lake, run.id) is None


def failed_gate(run: Run, lake: Lake) -> GateResult:
    """What a gate has left that the run's artifact does not pass."""
    planned = run.planned(STAGE)
    result = GateResult(
        success=False,
        stage=STAGE,
        fingerprint=planned.fingerprint,
        suite=planned.suite,
        expectations=(
            Outcome(name="share of zh", success=False, observed="0", expected="at least 0.2"),
            Outcome(name="documents", success=True, observed="9", expected="at least 1"),
        ),
        docs=f"{run.id}.html",
    )
    lake.put(result.docs, b"")
    lake.put(result_key(STAGE, planned.fingerprint, planned.suite), result.model_dump_json().encode())
    return result


@pytest.mark.parametrize("kind", [StageTrigger, GateTrigger])
def test_a_phase_that_the_recipe_has_not_is_skipped_where_clearing_starts_it(kind, run, stack_lake):
    assert run.plan.stages[-1].stage != "train-8"
    assert isinstance(asyncio.run(event_of(attempt(kind, run, stage="train-8"))), TaskSkippedEvent)


def test_a_failed_gate_says_what_was_observed_and_expected(run, stack_lake):
    failed_gate(run, stack_lake)
    failure = asyncio.run(event_of(attempt(GateTrigger, run)))
    assert failure.payload == {
        "error": f"gate of {STAGE} failed: share of zh: 0, not at least 0.2",
        "again": False,
        "ask": False,
    }


def test_a_rejection_holds_for_the_retries_of_its_run_and_another_run_is_asked_anew(run, stack_lake):
    result, asking = failed_gate(run, stack_lake), run.model_copy(update={"id": f"{run.id}-again"})
    recipe = run.recipe.model_copy(update={"approve": (STAGE,)})
    for item in (run, asking):
        stack_lake.put(
            f"runs/{item.id}/run.json", item.model_copy(update={"recipe": recipe}).model_dump_json().encode()
        )
    rejection = Approval(decision="rejected", by="ada", when=datetime.now(UTC), run=run.id, expectations=())
    record_approval(stack_lake, result, rejection)
    retry = asyncio.run(event_of(attempt(GateTrigger, run, number=2))).payload
    assert retry == {"error": rejection.rejection_of(STAGE), "again": False, "ask": False}
    assert "was rejected by ada" in retry["error"]
    assert asyncio.run(event_of(attempt(GateTrigger, asking))).payload["ask"]


def test_a_ray_that_stays_out_of_reach_is_a_reason_to_try_later(run, monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_S", 1)
    lake = Lake(Settings(**{**vars(patience.connect().settings), "ray_api": "http://127.0.0.1:9"}))
    monkeypatch.setattr(patience, "connect", lambda: lake)
    failure = asyncio.run(event_of(attempt(StageTrigger, run)))
    assert failure.payload["again"] and "out of reach" in failure.payload["error"]


def test_a_wrong_token_is_named(stack):
    async def scenario():
        async with Jobs(Settings(**{**vars(stack.settings), "ray_token": "wrong"})) as jobs:
            await jobs.all()

    with pytest.raises(Exception, match="refuses the token") as caught:
        asyncio.run(scenario())
    assert not isinstance(caught.value, EngineError), "waiting does not mend it"
