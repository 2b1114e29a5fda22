"""Triggers as the triggerer sets them up, and jobs as an attempt of theirs would have submitted them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from operators.jobs.trigger import StageTrigger
from smelt.engine.jobs import Job, Jobs
from smelt.lake import Lake
from smelt.run import Run

STAGE = "ingest"
SUCCESS = TaskSuccessEvent()


def attempt(kind: type[StageTrigger], run: Run, *, number: int = 1, stage: str = STAGE, last: str = "") -> StageTrigger:
    """A trigger as the triggerer sets it up for a task's n-th try, of a DAG in which things are started ahead up to
    ``last``."""
    trigger = kind(stage, last)
    trigger.task_instance = SimpleNamespace(run_id=run.id, try_number=number, task_id=f"{stage}.run")
    return trigger


async def event_of(trigger: StageTrigger) -> TriggerEvent:
    """The one event that a trigger fires."""
    async for event in trigger.run():
        return event
    raise AssertionError("a trigger ends with an event")


def job_name(run: Run) -> str:
    """Id of the first job of the run's stage."""
    return f"{STAGE}-{run.planned(STAGE).fingerprint}"


async def jobs_of(run: Run) -> dict[str, str]:
    """Status of every job that worked on the run's stage, by id, in the order of their ids."""
    async with Jobs(Lake.connect().settings) as jobs:
        return {job.id: job.status for job in sorted(await jobs.all(), key=_id) if job.id.startswith(job_name(run))}


@asynccontextmanager
async def submitted(run: Run, entrypoint: str, *, number: int = 1) -> AsyncIterator[tuple[Jobs, Job]]:
    """A job under the first id of the run's stage, as try ``number`` would have submitted it."""
    async with Jobs(Lake.connect().settings) as jobs:
        yield jobs, await jobs.submit(job_name(run), entrypoint, {"run": run.id, "stage": STAGE, "try": str(number)})


def _id(job: Job) -> str:
    return job.id
