"""The operators of an experiment: its plan, a task for each of its cells, and what follows from them.

A cell is a run of the DAG ``pretrain``, so that its stages are made by the same operators, are cached, gated and tried
again as those of any run, and train where the pool lets them. Its task starts that run and waits for it without a
process; cleared, it goes on with the same run, and nothing else is made again.
"""

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import BaseOperator, Context

from operators.retries import RETRY_POLICY, PermanentError, leave, told
from smelt.checkout import CHECKOUT

if TYPE_CHECKING:
    from smelt.experiments.plan import ExperimentPlan

CELLS_OF = "pretrain"
"""The DAG whose runs cells are."""
LOOK_EVERY_S = 3


def plan_of(context: Context) -> "ExperimentPlan":
    """The checked plan of the experiment that the run's param ``experiment`` names.

    Raises:
        RecipeError: the experiment, or the recipe of one of its cells, is wrong, or the budget is exceeded.
    """
    from smelt.experiments.load import load_experiment
    from smelt.experiments.plan import make_plan

    path = str(CHECKOUT / context["params"]["experiment"])
    return make_plan(load_experiment(path), path)


class ExperimentPlanOperator(BaseOperator):
    """Checks and costs every cell, has what they plan kept in the lake, and returns what each cell's task is given."""

    ui_color = "#cfe0f5"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan.

        Raises:
            RecipeError: as ``plan_of`` does.
            LakeError: the lake is out of reach.
        """
        from smelt.experiments import unfinished
        from smelt.lake import Lake
        from smelt.run import safe_run_id

        with told(context):
            plan = plan_of(context)
            unfinished.begin(Lake.connect(), plan)
        run = safe_run_id(context["run_id"])
        for cell in plan.cells:
            self.log.info("%s  %.3g FLOPs  %s", cell.name, cell.flops, cell.title)
        self.log.info("%d runs, %.3g FLOPs, %.2g hours of training", len(plan.cells), plan.flops, plan.hours)
        recipe = str(CHECKOUT / plan.experiment.recipe)
        asked = {"recipe": recipe, "force": [], "approve": []}
        return [
            {
                "title": cell.title,
                "trigger_run_id": f"{run}-{cell.name}",
                "conf": {**asked, "overrides": cell.overrides},
            }
            for cell in plan.cells
        ]


class CellOperator(TriggerDagRunOperator):
    """Runs a cell, where the lake does not hold its evaluation yet, and waits for it in the triggerer.

    It is not tried again by itself: the stages of its run have been.

    Args:
        title: the cell's values in a few words.
    """

    ui_color = "#f6d8ae"

    def __init__(self, *, title: str = "", **kwargs: Any) -> None:
        super().__init__(
            trigger_dag_id=CELLS_OF,
            logical_date=None,
            reset_dag_run=True,
            wait_for_completion=True,
            deferrable=True,
            poke_interval=LOOK_EVERY_S,
            **{**kwargs, "retries": 0},
        )
        self.title = title

    def execute(self, context: Context) -> None:
        """Look, and start the run where there is something to do.

        Raises:
            DagRunTriggerException: Airflow's way of starting a run of another DAG.
            LakeError: the lake is out of reach.
        """
        from smelt import settings
        from smelt.run import preview

        assert self.conf is not None, "a cell is given what its run is to do"
        with told(context):
            _, planned = preview(self.conf["recipe"], self.conf["overrides"], settings.load())
        if planned.planned("evaluate").cached:
            self.log.info("in the lake already: %s", planned.planned("evaluate").artifact.root)
            return
        super().execute(context)


class ConcludeOperator(BaseOperator):
    """Writes the experiment's page, and where every cell is done its artifact."""

    ui_color = "#c5e1d4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def execute(self, context: Context) -> str | None:
        """Read every cell's evaluation, fit, write; the page's key in the lake.

        Raises:
            PermanentError: cells are missing.
            LakeError: the lake is out of reach.
        """
        from smelt.experiments.results import cell_plan, point
        from smelt.experiments.standing import Standing
        from smelt.experiments.store import page_key
        from smelt.lake import Lake

        with told(context):
            plan, lake = plan_of(context), Lake.connect()
            looked = {cell.name: point(lake, cell, cell_plan(plan, cell, lake.settings)) for cell in plan.cells}
            points = {name: found for name, found in looked.items() if found is not None}
            missing = [name for name, found in looked.items() if found is None]
            failed = dict.fromkeys(missing, "its evaluation is not in the lake")
            standing = Standing(plan, points, failed, {**dict.fromkeys(points, "done"), **failed})
            found, _ = standing.conclude(lake)
        for line in [*found["refused"].values(), *(found["mixture"] or {"says": ()})["says"]]:
            self.log.info("%s", line)
        if missing:
            line = f"{len(missing)} of {len(plan.cells)} cells are missing; clear their tasks to run those alone"
            leave(context, line)
            raise PermanentError(line)
        return page_key(plan.experiment.name)
