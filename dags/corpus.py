"""The data stages over the days of a crawl: a run a partition, each publishing the asset `corpus`."""

import os

from airflow.sdk import DAG, CronPartitionTimetable, Param, TriggerRule

from operators.deadline import told_after
from operators.form import fields
from operators.partition import PartitionPlanOperator
from operators.publish import CORPUS, PublishOperator
from operators.retries import TASK_DEFAULTS
from operators.wiring import follows, picture, wire
from smelt.recipe.graph import STAGES

RECIPE = "SMELT_CORPUS_RECIPE"
"""Variable of the environment that names the recipe of the scheduled runs."""
LAST = "decontaminate"
NAMES = [stage.name for stage in STAGES]
DATA = STAGES[: NAMES.index(LAST) + 1]

ABOUT = """
### Each day of a crawl, as documents to train on

The run of a partition reads the sources of kind `crawl` for that day alone, from fetching to decontamination, and
publishes the asset `corpus` with the artifact's fingerprint. A day that has no file yet is waited for, *Late* hours
from its end; when none has come by then, its tasks are skipped, and `plan` says why. A day whose files hold nothing
passes through, empty; one that is all dropped fails as any other.

PICTURE

Each stage is **run** ─ **gate**.

Past days: `smelt airflow backfill create --dag-id corpus --from-date 2026-11-01 --to-date 2026-11-30`, or *Backfill* in
the trigger form. See docs/operate.md.
""".replace("PICTURE", picture({**follows(DATA), "publish": [LAST]}))

with DAG(
    "corpus",
    description="The data stages for each day of a crawl",
    doc_md=ABOUT,
    # at the end of a day: its partition. A midnight, so that a back-fill's dates are its first and last day.
    schedule=CronPartitionTimetable("0 0 * * *", timezone="UTC", run_offset=-1, key_format="%Y-%m-%d"),
    catchup=False,
    max_active_runs=2,
    tags=["smelt"],
    params={
        **fields(os.environ.get(RECIPE, "recipes/corpus.yaml"), [stage.name for stage in DATA]),
        "late_hours": Param(
            12,
            type="number",
            minimum=0,
            title="Late",
            description="Hours to wait for the files of a day that has ended",
        ),
    },
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=7),
) as dag:
    plan = PartitionPlanOperator(task_id="plan")
    gates = wire(DATA, plan)
    publish = PublishOperator(task_id="publish", stage=LAST, asset=CORPUS, trigger_rule=TriggerRule.NONE_FAILED)
    gates[LAST] >> publish
