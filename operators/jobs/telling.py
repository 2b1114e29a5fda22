"""Telling whoever is notified what is new of a stage, while its job is followed. It is no matter of the task's."""

import asyncio
import time
from typing import Any

from operators.jobs import patience
from operators.jobs.news import claim, give_back, untold
from operators.jobs.silence import Silence
from operators.notify import SmeltNotifier
from smelt.engine.jobs import Job
from smelt.lake import Artifact

NEWS_EVERY_S = 20.0
"""Seconds between two looks for news of a stage; each lists a folder of the lake."""
LAST_TRIES = 3
"""How often news that could not be told are tried again when the job has ended, since nobody looks later."""


class Teller:
    """Tells an artifact's news, and that its job is silent.

    Args:
        task: Airflow's task instance.
        log: the task's.
        has_news: whether the stage writes events.
        silence: who looks whether the job is silent; None where it may be.
    """

    def __init__(self, task: Any, artifact: Artifact, log: Any, *, has_news: bool, silence: Silence | None) -> None:
        self._artifact, self._log = artifact, log
        self._has_news, self._silence = has_news, silence
        self._context: Any = {"ti": task, "run_id": task.run_id}
        self._due = 0.0
        self._telling: set[asyncio.Task[bool]] = set()

    async def look(self, job: Job) -> None:
        """Tell what is new, where it is time to look or the job has ended."""
        if not job.ended and time.monotonic() < self._due:
            return
        self._due = time.monotonic() + NEWS_EVERY_S
        if self._has_news:
            telling = asyncio.create_task(self.news())
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        if self._silence is not None and not job.ended:
            await self.silence(self._silence, job)

    async def last(self) -> None:
        """Wait until all is told, trying again what could not be."""
        told = await asyncio.gather(*self._telling) or [not self._has_news]
        for _ in range(LAST_TRIES):
            if all(told):
                break
            await asyncio.sleep(patience.POLL_S[1])
            told = [await self.news()]

    async def news(self) -> bool:
        """Notify of every event that is new; False where one is left to be told."""
        try:
            names = await asyncio.to_thread(untold, patience.connect(), self._artifact)
            return all([await self._tell(name) for name in names])
        except Exception as error:
            self._log.warning("news of the stage could not be told: %s", error)
            return False

    async def silence(self, silence: Silence, job: Job) -> None:
        """Notify that the job has been silent for too long, where it has."""
        try:
            line = await asyncio.to_thread(silence.look, job)
            if line is not None:
                self._log.warning("%s", line)
                await SmeltNotifier(line).async_notify(self._context)
        except Exception as error:
            self._log.warning("the job's silence could not be told: %s", error)

    async def _tell(self, name: str) -> bool:
        """Claim an event and tell it; its claim is given back where it can't be told."""
        lake, line = patience.connect(), None
        try:
            if (line := await asyncio.to_thread(claim, lake, self._artifact, name)) is None:
                return True
            await SmeltNotifier(line).async_notify(self._context)
        except BaseException as error:  # a triggerer that stops, too
            if line is not None:
                await asyncio.to_thread(give_back, lake, self._artifact, name)
            if not isinstance(error, Exception):
                raise
            self._log.warning("%s could not be told, and will be tried again: %s", line or name, error)
            return False
        self._log.warning("%s", line)
        return True
