"""The tokens of each day of a corpus, made when its documents are: a run a partition of the asset `corpus`."""

from airflow.sdk import DAG, BaseOperator, Param, PartitionedAssetTimetable, TaskGroup, chain

from operators.day import DayPlanOperator
from operators.deadline import told_after
from operators.jobs.gate import QualityGateOperator
from operators.jobs.stage import RayStageOperator
from operators.publish import CORPUS
from operators.retries import TASK_DEFAULTS
from operators.wiring import picture

STAGES = ("tokenizer", "tokens")

ABOUT = """
### A day's tokens, as soon as its documents are there

Started by the asset `corpus`, for the very day that was published. **plan** takes over recipe and plan of the run that
has made the day, and the stages behind its data are made for them. A training over the days, with the same tokenizer,
finds their tokens made. A day without documents is skipped.

PICTURE

Each stage is **run** ─ **gate**. The corpus's recipe has to say one tokenizer for all days: see docs/operate.md.
""".replace("PICTURE", picture({"plan": [CORPUS.name], "tokenizer": ["plan"], "tokens": ["tokenizer"]}))

with DAG(
    "tokens",
    description="The tokens of each day of a corpus",
    doc_md=ABOUT,
    schedule=PartitionedAssetTimetable(assets=CORPUS),
    catchup=False,
    max_active_runs=2,
    tags=["smelt"],
    params={"run": Param("", type="string", title="Run", description="A day's run; the event's where empty")},
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=7),
) as dag:
    tasks: list[BaseOperator] = [DayPlanOperator(task_id="plan")]
    for stage in STAGES:
        with TaskGroup(stage):
            tasks.append(RayStageOperator(task_id="run", stage=stage))
            tasks.append(QualityGateOperator(task_id="gate", stage=stage))
    chain(*tasks)
