"""The plan of a partition: one day of a crawl."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import Context

from operators.plan import PlanOperator
from operators.retries import told
from smelt.checkout import CHECKOUT

if TYPE_CHECKING:
    from smelt.recipe import Recipe
    from smelt.recipe.sources import CrawlSource

LOOK_EVERY = timedelta(minutes=30)
"""Between two looks for the files of a day that is late."""
EMPTY = ("gates.ingest.min_documents", "gates.select.min_documents")
"""What is 0 for a day, where the recipe doesn't say it."""


class PartitionPlanOperator(PlanOperator):
    """Plans the recipe for the run's partition: the day that its sources of kind ``crawl`` are read for.

    A day that has no file yet, or not yet its marker, is looked for again, deferred, until its end is ``late_hours`` (a
    param) ago. It is no
    failure either when none has come by then: all other tasks of the run are skipped, and the reason stands in the log
    and in the XCom ``skipped``. Nor is a day whose files hold nothing: the gates of ``ingest`` and ``select`` let it
    pass, unless the recipe says how many documents there have to be.
    """

    def plan(self, context: Context) -> None:
        """Wait while the day may still bring something, skip the run where it brought nothing; else plan as ever.

        Raises:
            TaskDeferred: Airflow's way of waiting without a process.
            RecipeError: the recipe is wrong or has no crawl, or the run has no partition.
            LakeError: a store is out of reach.
        """
        from smelt import settings
        from smelt.sources.listing import Search

        with told(context):
            search = Search(self._crawls(context), settings.load())
            found = sum(1 for _ in search.files())
            until = _end_of(context) + timedelta(hours=context["params"]["late_hours"])
        if not found or search.held:
            line, now = "; ".join(search.notes), datetime.now(UTC)
            if now < until:
                self.log.info("waiting until %s at most: %s", until.isoformat(" ", "minutes"), line)
                self.defer(trigger=DateTimeTrigger(moment=min(now + LOOK_EVERY, until)), method_name="look_again")
            self.log.info("skipped: %s", line)
            context["ti"].xcom_push(key="skipped", value=line)
            self.skip(context["ti"], [task for task in context["dag"].tasks if task.task_id != self.task_id])
        super().plan(context)

    def look_again(self, context: Context, event: object) -> None:
        """Go on where the task has waited."""
        self.plan(context)

    def overrides(self, context: Context) -> dict[str, Any]:
        """The form's, and the partition as the day of every crawl, which may bring nothing.

        A run that is planned keeps what it was planned with, whatever the recipe's file says by now.
        """
        from smelt.lake import Lake
        from smelt.run import find_run, safe_run_id

        days = {f"sources.{source.name}.dates": list(source.dates) for source in self._crawls(context)}
        planned = find_run(Lake.connect(), safe_run_id(context["run_id"]))
        if planned is not None:
            least = {name: planned.overrides[name] for name in EMPTY if name in planned.overrides}
        else:
            gates = self._recipe(context).gates
            said = [gate.model_fields_set for gate in (gates.ingest, gates.select)]
            least = {name: 0 for name, fields in zip(EMPTY, said, strict=True) if "min_documents" not in fields}
        return {**least, **super().overrides(context), **days}

    def _recipe(self, context: Context) -> "Recipe":
        from smelt.recipe import load_recipe

        return load_recipe(CHECKOUT / context["params"]["recipe"], super().overrides(context))

    def _crawls(self, context: Context) -> "Sequence[CrawlSource]":
        """The recipe's crawls, each for the partition's day alone."""
        from smelt.errors import RecipeError
        from smelt.recipe.sources import CrawlSource

        path, day = context["params"]["recipe"], context.get("partition_key")
        if not day:
            raise RecipeError("the run has no partition", where="partition_key", mend="give it a day: 2026-11-01")
        crawls = [source for source in self._recipe(context).sources if isinstance(source, CrawlSource)]
        if not crawls:
            raise RecipeError("no source is of kind crawl", where=f"{path}: sources", mend="see docs/sources.md")
        return [source.model_copy(update={"dates": (day,)}) for source in crawls]


def _end_of(context: Context) -> datetime:
    """The end of the partition's day, UTC."""
    from smelt.errors import RecipeError

    key = str(context.get("partition_key"))
    try:
        return datetime.combine(date.fromisoformat(key), time(), UTC) + timedelta(days=1)
    except ValueError:
        line = f"{key!r} is no day"
        raise RecipeError(line, where="partition_key", mend="write it as 2026-11-01") from None
