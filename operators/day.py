"""The plan of what follows on a day of a corpus: that of the run which has made the day."""

from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.bases.skipmixin import SkipMixin

from operators.event import EventPlanOperator
from operators.publish import CORPUS
from operators.retries import told

if TYPE_CHECKING:
    from smelt.run import Run


class DayPlanOperator(EventPlanOperator, SkipMixin):
    """Takes over the run of a day, for stages behind its data that every day has to have in common.

    Of a day without documents the other tasks are skipped; the reason stands in the log and in the XCom ``skipped``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(asset=CORPUS, **kwargs)

    def execute(self, context: Context) -> None:
        """Write the run down under this run's id, or skip.

        Raises:
            RecipeError: each day would train a tokenizer of its own.
            StageError: no event names a run, or there is no such run.
            LakeError: the lake is out of reach.
        """
        from smelt.lake import Lake
        from smelt.recipe.corpus import DECIDING

        with told(context):
            lake = Lake.connect()
            run = self.take_over(context, lake)
            _insist_on_one_tokenizer(run)
            manifest = run.planned(DECIDING[-1]).artifact.manifest(lake)
        if manifest is not None and not manifest.stats.get("documents"):
            line = f"run {run.taken_from} has made a day without documents"
            self.log.info("skipped: %s", line)
            context["ti"].xcom_push(key="skipped", value=line)
            self.skip(context["ti"], [task for task in context["dag"].tasks if task.task_id != self.task_id])


def _insist_on_one_tokenizer(run: "Run") -> None:
    from smelt.errors import RecipeError

    if run.recipe.tokenizer.train is not None and "tokenizer" not in run.recipe.pins:
        raise RecipeError(
            "is trained on each day alone, so tokens of two days don't go together",
            where=f"{run.recipe_path}: tokenizer",
            mend="give tokenizer.path, or pins: {tokenizer: FINGERPRINT}, and back-fill the day (docs/operate.md)",
        )
