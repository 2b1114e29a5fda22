"""Judging checkpoints while their training goes on: which there are, and a task for each."""

from typing import Any, ClassVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from operators.checkpoints.saved import CHECKPOINT_SAVED
from operators.jobs.stage import RayStageOperator
from operators.retries import RETRY_POLICY, told

STAGE = "evaluate"


class WaitingOperator(BaseOperator):
    """Returns what each task is given: the checkpoints that wait, of the runs that the events name.

    One whose event was lost comes with the next.
    """

    ui_color = "#cfe0f5"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> list[dict[str, str]]:
        """Look.

        Raises:
            AirflowSkipException: none waits any more.
            LakeError: the lake is out of reach.
        """
        from smelt.lake import Lake
        from smelt.saved import waiting

        events = context["triggering_asset_events"].get(CHECKPOINT_SAVED, [])
        payloads = [(event.extra or {}).get("payload") or {} for event in events]
        runs = dict.fromkeys(str(payload["run"]) for payload in payloads if payload.get("run"))
        with told(context):
            lake = Lake.connect()
            found = [one for run in runs for one in waiting(lake, run)]
        if not found:
            raise AirflowSkipException("no checkpoint waits to be judged")
        return [{"run": one.run, "training": one.stage, "checkpoint": one.name} for one in found]


class JudgeOperator(RayStageOperator):
    """Judges a checkpoint by a Ray job, which waits where training leaves nothing free.

    Args:
        run: id of its run in the lake.
        training: stage that has saved it.
        checkpoint: name of its part.
    """

    start_from_trigger = False
    trigger_path: ClassVar[str] = "operators.checkpoints.trigger.JudgeTrigger"

    def __init__(self, *, run: str = "", training: str = "", checkpoint: str = "", **kwargs: Any) -> None:
        kwargs.pop("retry_policy", None)  # Airflow asks for a mapped task's where it is mapped; it is every stage's
        super().__init__(stage=STAGE, **kwargs)
        self.start_from_trigger, self.start_trigger_args = False, None
        self.run, self.training, self.checkpoint = run, training, checkpoint

    @property
    def title(self) -> str:
        """The checkpoint in a few words."""
        return f"{self.run} {self.checkpoint}"

    def execute(self, context: Context) -> None:
        """Hand it to the triggerer."""
        from operators.checkpoints.trigger import JudgeTrigger

        trigger = JudgeTrigger(self.run, self.training, self.checkpoint)
        self.defer(trigger=trigger, method_name="fail")
