"""Evaluates a checkpoint when it is published."""

from airflow.sdk import DAG, Param, TaskGroup

from operators.deadline import told_after
from operators.event import EventPlanOperator
from operators.jobs.gate import QualityGateOperator
from operators.jobs.stage import RayStageOperator
from operators.publish import CHECKPOINT
from operators.retries import TASK_DEFAULTS
from operators.wiring import picture
from smelt.recipe.graph import spec

STAGE = spec("evaluate").name

ABOUT = """
### The evaluation of a published checkpoint

Started by the asset `checkpoint`. **plan** takes over recipe and plan of the run that the event names, and the stage
`evaluate` is made for them: a result that is there already, or a job that is already at it, is not made twice.

PICTURE

The stage is **run** ─ **gate**.
""".replace("PICTURE", picture({"plan": [CHECKPOINT.name], STAGE: ["plan"]}))

with DAG(
    "evaluate",
    description="Evaluates a checkpoint when it is published",
    doc_md=ABOUT,
    schedule=[CHECKPOINT],
    catchup=False,
    max_active_runs=1,
    tags=["smelt"],
    params={"run": Param("", type="string", title="Run", description="The run to evaluate; the event's where empty")},
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=7),
) as dag:
    plan = EventPlanOperator(task_id="plan", asset=CHECKPOINT)
    with TaskGroup(STAGE):
        run = RayStageOperator(task_id="run", stage=STAGE)
        gate = QualityGateOperator(task_id="gate", stage=STAGE)
    plan >> run >> gate
