"""The operator of a stage: a Ray job under an id derived from the artifact's fingerprint, once.

The task goes from the scheduler to the triggerer and, when all is well, ends there; see ``trigger``. A task in a
pool of its own passes through a worker first, since Airflow asks pools only before it starts a process.
"""

from importlib import import_module
from typing import Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import StartTriggerArgs

from operators.counters import Subject, count_in_task
from operators.retries import RETRY_POLICY, PermanentError, TransientError, leave, told
from smelt.pool import DEFAULT_POOL


class RayStageOperator(BaseOperator):
    """Makes the artifact of a stage, by a Ray job where it does not exist yet.

    Args:
        stage: name of the stage in ``smelt.recipe.graph``. Recipe and plan are found under the Airflow
            run's id, where the plan task has written them.
        last: up to which stage its job starts ahead what follows it; "" for nothing.
    """

    ui_color = "#f6d8ae"
    start_from_trigger = True
    trigger_path: ClassVar[str] = "operators.jobs.trigger.StageTrigger"
    counted: ClassVar[Subject] = "stages"

    def __init__(self, *, stage: str, last: str = "", **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)
        self.stage, self.last = stage, last
        self.start_from_trigger = self.pool == DEFAULT_POOL
        if self.start_from_trigger:
            self.execution_timeout = None  # Airflow would hold the whole stage to it
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=self.trigger_path, next_method="fail", trigger_kwargs={"stage": stage, "last": last}
        )

    def execute(self, context: Context) -> None:
        """For a task that is started in a worker: one in a pool of its own, or by ``airflow tasks test``.

        Raises:
            AirflowRescheduleException: another run's training comes first.
            LakeError: the lake is out of reach.
        """
        from operators.jobs.patience import connect
        from operators.jobs.turn import take

        if self.pool != DEFAULT_POOL:
            with told(context):
                take(connect(), context)
        module, _, trigger = self.trigger_path.rpartition(".")
        self.defer(trigger=getattr(import_module(module), trigger)(self.stage, self.last), method_name="fail")

    def fail(self, context: Context, event: dict[str, Any]) -> NoReturn:
        """Fail the task for the trigger's reason: to be retried, or for good where no retry can help.

        Raises:
            TransientError: what failed may come right by itself (a lost worker, an unreachable store).
            PermanentError: it may not (a recipe error, a failed gate).
        """
        again = event["again"] and context["ti"].try_number <= context["ti"].max_tries
        count_in_task(self.counted, "retried" if again else "failed", self.stage)
        leave(context, event["error"])
        raise (TransientError if event["again"] else PermanentError)(event["error"])
