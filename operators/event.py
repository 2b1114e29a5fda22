"""The plan of a run that goes on from another: the run that an asset's event names."""

from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

from operators.retries import RETRY_POLICY, told


class EventPlanOperator(BaseOperator):
    """Takes over recipe and plan of the run that made an asset, so that its stages can be run here.

    The run's param ``run`` names another one, for a run that no event has started.

    Args:
        asset: whose newest event says which run.
    """

    ui_color = "#cfe0f5"

    def __init__(self, *, asset: Asset, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)
        self.asset = asset

    def execute(self, context: Context) -> None:
        """Write the run down under this run's id.

        Raises:
            StageError: there is no such run.
            LakeError: the lake is out of reach.
        """
        from smelt.errors import StageError
        from smelt.lake import Lake
        from smelt.run import safe_run_id, take_over

        with told(context):
            named = context["params"]["run"]
            if not named:
                events = list(context["triggering_asset_events"].get(self.asset, []))
                if not events:
                    raise StageError("no run to take over", where="run", mend="name a run in the trigger form")
                for event in events:
                    self.log.info("%s: %s", self.asset.name, event.extra)
                named = events[-1].extra["run"]
            run = take_over(Lake.connect(), safe_run_id(named), safe_run_id(context["run_id"]))
        self.log.info("recipe and plan of run %s (%s)", named, run.plan.recipe)
