"""The trigger of one checkpoint's judgement: a Ray job under a name of its own, followed to its end."""

from typing import Any

from operators.jobs.trigger import StageTrigger
from smelt.lake import Lake
from smelt.plan import Planned
from smelt.run import Run
from smelt.saved import waiting


class JudgeTrigger(StageTrigger):
    """Sees to it that a checkpoint of a run is judged."""

    may_be_ahead = False

    def __init__(self, run: str, training: str, checkpoint: str) -> None:
        super().__init__("evaluate")
        self.of, self.training, self.checkpoint = run, training, checkpoint

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments."""
        path, _ = super().serialize()
        return path, {"run": self.of, "training": self.training, "checkpoint": self.checkpoint}

    def job_name(self, planned: Planned) -> str:
        """The job's name: by evaluation and checkpoint."""
        return f"judge-{planned.fingerprint}-{self.checkpoint}"

    def entrypoint(self) -> str:
        """What the job is."""
        return f"python -m smelt.engine.job --run {self.of} --stage {self.training} --judge {self.checkpoint}"

    def reached(self, lake: Lake, run: Run) -> bool:
        """Whether it waits no longer: it is judged, or no longer can be."""
        names = [one.name for one in waiting(lake, run.id)]
        return self.checkpoint not in names

    @property
    def _run_id(self) -> str:
        return self.of

    @property
    def _attempt(self) -> dict[str, str]:
        assert self.task_instance is not None
        return {**super()._attempt, "dag_run": self.task_instance.run_id}

    @property
    def _tried_before(self) -> bool:
        return False  # the run's recipe is its own runs' to renew

    @property
    def _has_news(self) -> bool:
        return False

    def _silence(self, lake: Lake, run: Run) -> None:
        """It waits as long as training takes all there is."""

    def _limit(self, run: Run) -> None:
        """Nor is it held to a time."""
