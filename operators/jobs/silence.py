"""A job of which nothing has been heard for long: it is told, so that nothing waits for ever without a word.

Seen from whoever follows the job, since a process that hangs, or waits in Ray's queue for what the cluster hasn't, says
nothing of it itself. A training is held to its steps, whatever else it says; any other stage to what it says.
"""

import time
from datetime import timedelta

from operators.jobs.news import claim_silence
from smelt.engine.jobs import Job
from smelt.lake import Lake
from smelt.plan import Planned
from smelt.run import Run, progress_key
from smelt.words import duration

SILENT_AFTER = timedelta(hours=1)
"""For stages other than trainings, of which a part may take long: ``training.alarms.silent_minutes`` is theirs."""


class Silence:
    """Looks at a job's progress now and then."""

    def __init__(self, lake: Lake, run: Run, planned: Planned, *, gate: bool) -> None:
        """Starts with what it sees at the first look.

        Args:
            gate: whether the job is that of the stage's gate, not the stage's.
        """
        self._lake, self._planned = lake, planned
        self._trains = planned.kind == "train" and not gate
        minutes = timedelta(minutes=run.recipe.training.alarms.silent_minutes)
        self._after_s = (minutes if self._trains else SILENT_AFTER).total_seconds()
        self._heard: tuple[str, ...] | None = None
        self._since, self._told = 0.0, False

    def look(self, job: Job) -> str | None:
        """The line to tell when the job has been silent too long: once a silence, by one of all who look (blocks)."""
        progress = self._lake.find_json(progress_key(job.metadata["run"], self._planned.stage)) or {}
        said = ("done", "total", "state") if self._trains else ("updated",)
        heard = (job.id, job.status, *(str(progress.get(name)) for name in said))
        now = time.monotonic()
        if heard != self._heard:
            self._heard, self._since, self._told = heard, now, False
        if self._told or now - self._since < self._after_s:
            return None
        self._told = True
        if not claim_silence(self._lake, self._planned.artifact, "-".join(heard)):
            return None
        long = duration(now - self._since)
        if job.status == "PENDING":
            return f"{self._planned.stage} has waited in Ray's queue for {long}: are there nodes with what it asks for?"
        if self._trains:
            done = progress.get("done", 0)
            return f"{self._planned.stage} has made no step for {long}, behind step {done:,}: look at its job {job.id}"
        return f"{self._planned.stage} has said nothing for {long}: it is at one long part, or hangs; see job {job.id}"
