"""The plan of a run that goes on from another: the run that an asset's event names."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseOperator, Context

from operators.retries import RETRY_POLICY, told

if TYPE_CHECKING:
    from smelt.lake import Lake
    from smelt.run import Run


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
            StageError: no event names a run, or there is no such run.
            LakeError: the lake is out of reach.
        """
        from smelt.lake import Lake

        with told(context):
            self.take_over(context, Lake.connect())

    def take_over(self, context: Context, lake: "Lake") -> "Run":
        """What ``execute`` does; the run under this run's id."""
        from smelt.run import safe_run_id, take_over

        named = context["params"]["run"] or self._newest(context["triggering_asset_events"].get(self.asset, []))
        run = take_over(lake, safe_run_id(named), safe_run_id(context["run_id"]))
        self.log.info("recipe and plan of run %s (%s)", named, run.plan.recipe)
        return run

    def _newest(self, events: Iterable[Any]) -> str:
        """The run that the newest event names. Airflow starts one run for all events that came together, so the log
        tells which others this leaves out."""
        from smelt.errors import StageError

        runs = list(dict.fromkeys(str((event.extra or {}).get("run") or "") for event in reversed(list(events))))
        named = [run for run in runs if run]
        if not named:
            line = "the event names no run" if runs else "no run to take over"
            mend = 'give the event the extra {"run": "demo-1"}, or name a run in the trigger form'
            raise StageError(line, where=f"asset {self.asset.name}", mend=mend)
        for run in named[1:]:
            form = json.dumps({"run": run})
            self.log.warning("left out, since a newer event came with it: run %s; trigger this DAG with %s", run, form)
        return named[0]
