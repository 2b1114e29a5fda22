"""The plan of a partition: one day of a crawl."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from operators.plan import PlanOperator
from operators.retries import told
from smelt.checkout import CHECKOUT

if TYPE_CHECKING:
    from smelt.recipe.sources import CrawlSource


class PartitionPlanOperator(PlanOperator):
    """Plans the recipe for the run's partition: the day that its sources of kind ``crawl`` are read for.

    A day that has no file (yet) is no failure: all other tasks of the run are skipped, and the reason stands in the
    log and in the XCom ``skipped``.
    """

    def execute(self, context: Context) -> None:
        """Skip the run where its day brought nothing; else plan as ever.

        Raises:
            RecipeError: the recipe is wrong or has no crawl, or the run has no partition.
            LakeError: a store is out of reach.
        """
        from smelt import settings
        from smelt.sources.listing import listing

        with told(context):
            files = listing(self._crawls(context), settings.load())
        if not files.entries:
            line = "; ".join(files.notes)
            self.log.info("skipped: %s", line)
            context["ti"].xcom_push(key="skipped", value=line)
            self.skip(context["ti"], [task for task in context["dag"].tasks if task.task_id != self.task_id])
        super().execute(context)

    def overrides(self, context: Context) -> dict[str, Any]:
        """The form's, and the partition as the day of every crawl."""
        days = {f"sources.{source.name}.dates": list(source.dates) for source in self._crawls(context)}
        return {**super().overrides(context), **days}

    def _crawls(self, context: Context) -> "Sequence[CrawlSource]":
        """The recipe's crawls, each for the partition's day alone."""
        from smelt.errors import RecipeError
        from smelt.recipe import load_recipe
        from smelt.recipe.sources import CrawlSource

        path, day = context["params"]["recipe"], context.get("partition_key")
        if not day:
            raise RecipeError("the run has no partition", where="partition_key", mend="give it a day: 2026-11-01")
        recipe = load_recipe(CHECKOUT / path, super().overrides(context))
        crawls = [source for source in recipe.sources if isinstance(source, CrawlSource)]
        if not crawls:
            raise RecipeError("no source is of kind crawl", where=f"{path}: sources", mend="see docs/sources.md")
        return [source.model_copy(update={"dates": (day,)}) for source in crawls]
