"""The operator of a stage: a Ray job under an id derived from the artifact's fingerprint, once.

The task goes from the scheduler to the triggerer and, when all is well, ends there; see ``triggers``.
"""

from typing import Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.triggers.base import StartTriggerArgs


class RayStageOperator(BaseOperator):
    """Makes the artifact of a stage, by a Ray job where it does not exist yet.

    Args:
        stage: name of the stage in ``smelt.recipe.graph``. Recipe and plan are found under the Airflow
            run's id, where the plan task has written them.
    """

    ui_color = "#f6d8ae"
    start_from_trigger = True
    trigger_path: ClassVar[str] = "operators.triggers.StageTrigger"

    def __init__(self, *, stage: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=self.trigger_path, next_method="fail", trigger_kwargs={"stage": stage}
        )

    def execute(self, context: Context) -> None:
        """For a task that is started in a worker all the same (``airflow tasks test``)."""
        from operators import triggers

        trigger = getattr(triggers, self.trigger_path.rpartition(".")[2])
        self.defer(trigger=trigger(self.stage), method_name="fail")

    def fail(self, context: Context, event: dict[str, Any]) -> NoReturn:
        """Fail the task for the trigger's reason: to be retried, or for good where no retry can help.

        Raises:
            AirflowException: what failed may come right by itself (a lost worker, an unreachable store).
            AirflowFailException: it may not (a recipe error, a failed gate).
        """
        context["ti"].xcom_push(key="error", value=event["error"])
        raise (AirflowException if event["again"] else AirflowFailException)(event["error"])
