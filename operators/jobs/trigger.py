"""Triggers: where a stage's task spends its life.

Tasks start in the triggerer, not in a worker (``start_from_trigger``), and end there when all is well,
so that a stage costs the orchestrator a coroutine instead of two process starts. Only a failure
resumes the task in a worker, to fail it by Airflow's own rules.

One job, once. A job's id is made of stage and fingerprint, so whoever wants the artifact finds the job
that makes it: after a restart of the triggerer, a retry, or from another run. Its metadata name the
*attempt* (run and try) that submitted it, and that decides what its end means:

========================  ==========================================  ============================
the job                   submitted by this very attempt              submitted by another attempt
========================  ==========================================  ============================
pending, running          follow it                                   follow it
succeeded, no artifact    the next job (the lake was cleaned since)   the next job
failed                    this attempt has failed                     the next job
left, as it was asked to  this attempt is skipped, and what follows   the next job
stopped                   this attempt has failed: someone stopped it the next job
past its limit            this attempt has failed, and stops it       this attempt has failed
unknown to Ray            submit it                                   submit it
========================  ==========================================  ============================

*The next job* is the same id with ``-2``, ``-3`` ... after it, since Ray refuses an id that was used. What was started
ahead for an attempt (``smelt.engine.ahead``) was submitted by it.
A user who clears or marks the task ends the job (``on_kill``) where his run has submitted it, and else leaves it; a
triggerer that stops or dies ends nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from airflow.triggers.base import BaseTrigger, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from operators.counters import Subject, count_in_trigger
from operators.jobs import patience
from operators.jobs.limit import Limit
from operators.jobs.news import NEWS_OF
from operators.jobs.patience import patiently
from operators.jobs.silence import Silence
from operators.jobs.telling import Teller
from smelt.engine import ahead
from smelt.engine.jobs import EngineError, Job, Jobs, attempt_of, entrypoint_of, failure_of, first_id
from smelt.errors import USER_ERROR, LakeOutageError, SmeltError
from smelt.lake import Lake
from smelt.log import plain
from smelt.plan import Planned
from smelt.recipe.graph import spec
from smelt.run import Run, load_run, safe_run_id
from smelt.steering import stopping
from smelt.steering.renewal import renew

LOG_BYTES_PER_S = 200_000
"""The longer a log is, the rarer it is read, since Ray hands out whole logs only."""


class FailureError(Exception):
    """The attempt has failed: the one line that says why, whether trying again may help, and whether a person may
    approve it all the same."""

    def __init__(self, line: str, *, again: bool, ask: bool = False) -> None:
        super().__init__(line)
        self.line, self.again, self.ask = line, again, ask


class StageTrigger(BaseTrigger):
    """Sees to it that a stage's artifact exists."""

    counted: ClassVar[Subject] = "stages"
    may_be_ahead: ClassVar[bool] = True

    def __init__(self, stage: str, last: str = "") -> None:
        """Waits for nothing yet.

        Args:
            last: up to which stage its jobs start ahead what follows them; "" for nothing.
        """
        super().__init__()
        self.stage, self.last = stage, last
        self.job: Job | None = None
        self._printed = 0
        self._log_due = 0.0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {"stage": self.stage, "last": self.last}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Success ends the task here; a failure is handed to the operator as ``{"error", "again", "ask"}``."""
        try:
            yield TaskSuccessEvent() if await self._reach_goal() else TaskSkippedEvent()
        except FailureError as failure:
            self.log.error("%s", failure.line)
            yield TriggerEvent({"error": failure.line, "again": failure.again, "ask": failure.ask})
        except SmeltError as error:
            again = isinstance(error, LakeOutageError | EngineError)
            self.log.error("%s", error)
            yield TriggerEvent({"error": str(error), "again": again, "ask": False})

    async def on_kill(self) -> None:
        """A user has cleared or marked the task: its run's job is not wanted any more; another run's still is."""
        if self.job is None:
            return
        async with Jobs(patience.connect().settings) as jobs:
            await self._stop(jobs)

    def job_name(self, planned: Planned) -> str:
        """Id of the first job that works towards the goal."""
        return first_id(planned)

    def entrypoint(self) -> str:
        """What a job runs."""
        return entrypoint_of(self._run_id, self.stage, self.last)

    def reached(self, lake: Lake, run: Run) -> bool:
        """Whether the goal is reached (blocks).

        Raises:
            FailureError: when it is known that it can't be.
        """
        return run.planned(self.stage).artifact.manifest(lake) is not None

    @property
    def _run_id(self) -> str:
        assert self.task_instance is not None, "the triggerer sets the task instance before it starts a trigger"
        return safe_run_id(self.task_instance.run_id)

    @property
    def _attempt(self) -> dict[str, str]:
        assert self.task_instance is not None
        return attempt_of(self._run_id, self.stage, self.task_instance.try_number)

    @property
    def _tried_before(self) -> bool:
        assert self.task_instance is not None
        return self.task_instance.try_number > 1

    @property
    def _has_news(self) -> bool:
        return spec(self.stage).kind in NEWS_OF

    async def _reach_goal(self) -> bool:
        """False where there is none: a phase that the recipe hasn't, cleared with what it comes after, or what a run
        doesn't come to that was asked to stop."""
        lake = patience.connect()
        run = await patiently(lambda: asyncio.to_thread(load_run, lake, self._run_id), self)
        if self._tried_before:
            run, lines = await patiently(lambda: asyncio.to_thread(renew, lake, run), self)
            for line in lines:
                self.log.info("%s", line)
        if self.stage not in [item.stage for item in run.plan.stages]:
            self.log.info("the recipe has no %s", self.stage)
            return False
        planned = run.planned(self.stage)
        self.log.info("artifact %s (%s)", lake.path(planned.artifact.root), planned.reason)
        await patiently(lambda: asyncio.to_thread(self._take_back, lake), self)
        async with Jobs(lake.settings) as jobs:
            self.job = await patiently(lambda: self._own(jobs, lake, planned), self)
            if self.job is not None:
                await self._follow(jobs, self._teller(lake, run), self._limit(run))
            while not await patiently(lambda: asyncio.to_thread(self.reached, lake, run), self):
                self.job = await patiently(lambda: self._find_or_submit(jobs, lake, run), self)
                self._printed = 0
                if self.job is not None:
                    await self._follow(jobs, self._teller(lake, run), self._limit(run))
                if self.job is None or (self.job.exit_code == stopping.STOPPED and self.job.metadata == self._attempt):
                    self.log.info("the run was asked to stop: `smelt resume %s` goes on", self._run_id)
                    await patiently(lambda: asyncio.to_thread(self._note_stop, lake), self)
                    return False
        if self.job is None and self._has_news:  # it ended while nobody followed it
            await self._teller(lake, run).news()
        return True

    def _take_back(self, lake: Lake) -> None:
        """Take a request to stop back where the task that has stopped is tried again (blocks)."""
        assert self.task_instance is not None
        request = stopping.request_of(lake, self._run_id)
        if request is not None and request.stage == self.stage and self.task_instance.try_number > request.attempt:
            self.log.info("the run goes on; it was asked to stop at %s", request.when)
            stopping.take_back(lake, self._run_id)

    def _stops(self, lake: Lake, run: Run) -> bool:
        """Whether the run is to stop before this stage: before any training, and what needs one (blocks)."""
        if stopping.request_of(lake, self._run_id) is None:
            return False
        planned = run.planned(self.stage)
        return planned.kind == "train" or any(
            run.planned(name).artifact.manifest(lake) is None
            for name in spec(self.stage).inputs
            if name in [item.stage for item in run.plan.stages]
        )

    def _note_stop(self, lake: Lake) -> None:
        assert self.task_instance is not None
        stopping.note(lake, self._run_id, self.stage, self.task_instance.try_number)

    async def _own(self, jobs: Jobs, lake: Lake, planned: Planned) -> Job | None:
        """The first job where it is this attempt's: it was started ahead, or the triggerer anew."""
        started_ahead = self.may_be_ahead and await asyncio.to_thread(ahead.is_ahead, lake, self._run_id, self.stage)
        if started_ahead:
            await asyncio.to_thread(ahead.came, lake, self._run_id, self.stage)
        job = await jobs.find(self.job_name(planned))
        if job is None or job.metadata != self._attempt:
            return None
        count_in_trigger(self.counted, "submitted" if started_ahead else "reattached", self.stage)
        how = "started ahead, " if started_ahead else ""
        self.log.info("following Ray job %s (%s%s)", job.id, how, job.status.lower())
        return job

    async def _find_or_submit(self, jobs: Jobs, lake: Lake, run: Run) -> Job | None:
        """The job to follow; None where there is none, and the run is to stop before it."""
        planned = run.planned(self.stage)
        name, number = self.job_name(planned), 1
        while True:
            job_id = name if number == 1 else f"{name}-{number}"
            job = await jobs.find(job_id)
            if job is None:
                if await asyncio.to_thread(self._stops, lake, run):
                    return None
                entrypoint = self.entrypoint()
                self.log.info("submitting Ray job %s: %s", job_id, entrypoint)
                submitted = await jobs.submit(job_id, entrypoint, self._attempt)
                count_in_trigger(self.counted, "submitted", self.stage)
                return submitted
            if not job.ended:
                if self.may_be_ahead and (owner := job.metadata.get("run")):
                    await asyncio.to_thread(ahead.came, lake, owner, self.stage)
                count_in_trigger(self.counted, "reattached", self.stage)
                self.log.info("following Ray job %s (%s)", job_id, job.status.lower())
                return job
            if job.metadata == self._attempt and job.status != "SUCCEEDED":
                return job
            number += 1

    async def _follow(self, jobs: Jobs, teller: Teller, limit: Limit | None) -> None:
        """Wait for the job's end, printing what it prints, telling what is new and that a job is silent.

        Raises:
            FailureError: it has failed or was stopped, as ``_judge`` says, or is not done within its limit.
        """
        assert self.job is not None
        job_id, pause = self.job.id, patience.POLL_S[0]
        while not self.job.ended:
            await asyncio.sleep(pause)
            pause = min(pause * 1.2, patience.POLL_S[1])
            found = await patiently(lambda: jobs.find(job_id), self)
            if found is None:
                self.log.warning("Ray no longer knows job %s: its head was started anew", job_id)
                return
            self.job = found
            if limit is not None and (line := limit.passed(found)) is not None:
                await patiently(lambda: self._stop(jobs), self)
                raise FailureError(line, again=False)
            if time.monotonic() >= self._log_due:
                await self._print_log(jobs)
            await teller.look(found)
        await self._print_log(jobs)
        await teller.last()
        await self._judge(jobs)

    def _teller(self, lake: Lake, run: Run) -> Teller:
        """Who tells what is new of the stage."""
        planned = run.planned(self.stage)
        silence = self._silence(lake, run)
        return Teller(self.task_instance, planned.artifact, self.log, has_news=self._has_news, silence=silence)

    def _silence(self, lake: Lake, run: Run) -> Silence | None:
        """Who looks whether the job is silent; None where it may be for as long as it likes."""
        return Silence(lake, run, run.planned(self.stage), gate=self.counted == "gates")

    def _limit(self, run: Run) -> Limit | None:
        """Who looks whether the job takes too long; None where it may take as long as it likes."""
        return Limit(run, run.planned(self.stage), gate=self.counted == "gates")

    async def _stop(self, jobs: Jobs) -> None:
        """End the job where it is this run's."""
        assert self.job is not None
        owner = self.job.metadata.get("run")
        if owner == self._run_id:
            await jobs.stop(self.job.id)
        else:
            self.log.info("leaving Ray job %s: run %s has submitted it", self.job.id, owner)

    async def _judge(self, jobs: Jobs) -> None:
        """An end that fails the attempt raises; any other lets the loop look at the goal again."""
        job = self.job
        assert job is not None
        if job.status == "SUCCEEDED" or job.metadata != self._attempt or job.exit_code == stopping.STOPPED:
            return
        if job.status == "STOPPED":
            raise FailureError(f"{self.stage}: Ray job {job.id} was stopped by someone", again=False)
        log = await patiently(lambda: jobs.log(job.id), self)
        raise FailureError(failure_of(job, log), again=job.exit_code != USER_ERROR)

    async def _print_log(self, jobs: Jobs) -> None:
        assert self.job is not None
        job_id = self.job.id
        log = await patiently(lambda: jobs.log(job_id), self)
        end = len(log) if self.job.ended else log.rfind("\n") + 1
        for line in plain(log[self._printed : end]):
            self.log.info("%s", line)
        self._printed = max(end, self._printed)
        self._log_due = time.monotonic() + len(log) / LOG_BYTES_PER_S
