"""How long a stage's job may take in all, in Ray's queue and at work: generous, so that only what hangs comes to it.

Airflow's own timeouts stand in a DAG, where nobody knows the recipe, so whoever follows the job holds it to the
recipe's ``resources.<stage>.max_hours``.
"""

import time

from smelt.engine.jobs import Job
from smelt.plan import Planned
from smelt.run import Run
from smelt.words import duration

STAGE_HOURS, TRAINING_HOURS = 7 * 24.0, 90 * 24.0
"""Where the recipe says nothing."""


class Limit:
    """Holds jobs to what a stage may take."""

    def __init__(self, run: Run, planned: Planned, *, gate: bool) -> None:
        """Takes the recipe's word, or the default.

        Args:
            gate: whether the jobs are those of the stage's gate, not the stage's.
        """
        default = TRAINING_HOURS if planned.kind == "train" and not gate else STAGE_HOURS
        self._hours = run.recipe.resources_of(planned.stage).max_hours or default
        self._stage = planned.stage
        self._seen: tuple[tuple[str, float], float] | None = None

    def passed(self, job: Job) -> str | None:
        """The line that says that a job has taken too long; None where it hasn't.

        What it had taken at the first look is told by this clock and Ray's; from then on no clock that is set counts.
        """
        if self._seen is None or self._seen[0] != (job.id, job.submitted):
            self._seen = (job.id, job.submitted), time.monotonic() - max(0.0, time.time() - job.submitted)
        taken = time.monotonic() - self._seen[1]
        if job.ended or taken <= self._hours * 3600:
            return None
        mend = f"look why; raise resources.{self._stage}.max_hours and clear the task: what is made stays"
        return f"{self._stage}: Ray job {job.id} is not done after {duration(taken)} ({mend})"
