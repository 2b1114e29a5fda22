"""The operator that asks a run to stop."""

from typing import Any

from airflow.sdk import BaseOperator, Context

from operators.retries import RETRY_POLICY, told


class StopOperator(BaseOperator):
    """Asks the run that the param ``run`` names to stop behind the next checkpoint of its training."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> None:
        """Write the request into the lake; the run's own tasks see to the rest.

        Raises:
            StageError: when there is no such run.
            RecipeError: when it has nothing left to train.
            LakeError: the lake is out of reach.
        """
        from smelt.lake import Lake
        from smelt.run import load_run, safe_run_id
        from smelt.steering.stopping import ask

        with told(context):
            lake = Lake.connect()
            stage = ask(lake, load_run(lake, safe_run_id(context["params"]["run"])))
            self.log.info("%s stops behind its next checkpoint; clearing its run task with what follows goes on", stage)
