"""The plan task: checks and plans the recipe, and lets the scheduler skip what is cached.

The skipped tasks are named to the scheduler in one go, so that a cached stage costs no process and no coroutine;
nor does the place of a phase that the recipe does not have. They need not be downstream neighbours of this task; what
follows a skipped stage runs all the same, by its trigger rule ``none_failed``.
"""

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.bases.skipmixin import SkipMixin

from operators.counters import count_in_task
from operators.retries import RETRY_POLICY, told
from smelt.checkout import CHECKOUT

if TYPE_CHECKING:
    from smelt.plan import Plan


class PlanOperator(BaseOperator, SkipMixin):
    """Writes the run down in the lake and skips the task groups of stages that are cached with all that they come from,
    and of phases it doesn't have.

    The run's params say what to plan: ``recipe``, a path (a relative one starts at the checkout), and
    ``overrides``, dotted recipe path to value, laid over the recipe; ``force``, stages to build anew; and
    ``approve``, stages whose failed gate asks a person, where those that the recipe names are not the ones wanted.
    Where they name a run in ``from``, that one's recipe is changed from a step on, in place of ``recipe``.
    """

    ui_color = "#cfe0f5"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(retry_policy=RETRY_POLICY, **kwargs)

    def overrides(self, context: Context) -> dict[str, Any]:
        """What the run lays over its recipe."""
        params = context["params"]
        return with_approvals(params["overrides"], params["approve"])

    def execute(self, context: Context) -> None:
        """Plan, print the plan, skip.

        Raises:
            RecipeError: the recipe is wrong.
            LakeError: the lake is out of reach.
        """
        self.plan(context)

    def plan(self, context: Context) -> None:
        """What ``execute`` does, for a task that goes on after it has waited, too."""
        from smelt import settings
        from smelt.recipe.graph import STAGES
        from smelt.run import Origin, create_run, safe_run_id

        params = context["params"]
        origin = None
        if params.get("from"):
            origin = Origin(run=safe_run_id(params["from"]), step=params["at"], set_aside=params["set_aside"] or "")
        with told(context):
            run = create_run(
                CHECKOUT / params["recipe"],
                self.overrides(context),
                safe_run_id(context["run_id"]),
                settings.load(),
                force=params["force"],
                origin=origin,
            )
        for line in plan_table(run.plan):
            self.log.info("%s", line)
        if run.outdated:
            self.log.warning("%s", run.outdated)
        groups = context["dag"].task_group.get_task_group_dict()
        for planned in run.plan.stages:
            if planned.cached and planned.stage in groups:
                count_in_task("stages", "cached", planned.stage)
        needed = {planned.stage for planned in run.plan.stages} - set(run.plan.settled)
        skipped = [stage.name for stage in STAGES if stage.name in groups and stage.name not in needed]
        self.skip(context["ti"], [task for stage in skipped for task in groups[stage].iter_tasks()])


def with_approvals(overrides: dict[str, Any], approve: list[str]) -> dict[str, Any]:
    """The overrides, with the form's choice of gates that ask a person as one more, where it makes one."""
    return {**overrides, "approve": approve} if approve else overrides


def plan_table(plan: "Plan") -> list[str]:
    """The plan as aligned lines: stage, fingerprint, what happens and why."""
    width = max(len(item.title) for item in plan.stages)
    rows = [
        f"{item.title:<{width}}  {item.fingerprint}  {'cached' if item.cached else 'to do '}  "
        f"{'' if item.cached else item.reason}{f' (pinned; its config would give {item.drift})' if item.drift else ''}"
        for item in plan.stages
    ]
    head = f"plan of {plan.recipe}: {len(plan.to_do)} of {len(plan.stages)} stages to do"
    return [head, *map(str.rstrip, rows), *plan.notes]
