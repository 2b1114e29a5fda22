"""The pipeline as an Airflow DAG: a plan, then each stage's `run` and `gate`, wired as the recipe graph says.

Each phase of training is a task group of its own. A DAG's tasks are there before a run names its recipe, so there is
a place for every phase that a recipe may have, and `plan` skips those that this recipe hasn't.
"""

from airflow.sdk import DAG, TaskGroup

from operators.deadline import told_after
from operators.form import branching, fields
from operators.plan import PlanOperator
from operators.publish import CHECKPOINT, PublishOperator
from operators.retries import TASK_DEFAULTS
from operators.wiring import follows, picture, wire
from smelt.recipe.graph import KINDS, MAX_PHASES, STAGES, stages

NAMES = list(dict.fromkeys([*KINDS, *(stage.name for stage in STAGES)]))

ABOUT = """
### From raw documents to an evaluated base language model

One recipe says everything: sources, cleaning, deduplication, tokenizer, mixture, model and training.

PICTURE

Each stage is **run** ─ **gate**. Drawn for a recipe of two phases.

* **plan** checks the recipe and computes every stage's fingerprint. What the lake holds already is skipped.
* **run** makes a stage's artifact by one Ray job. Its log shows progress; its links lead to the Ray job,
  the artifact and the run's report.
* **gate** holds the artifact to its data-quality suite; its link leads to the Data Docs page.

* **phase-1**, **phase-2** … are the recipe's training phases in order: each goes on from the one before, and its
  blocks are made while that one trains. Places that the recipe has no phase for are skipped.

A failed or cleared stage goes on where it was: only its missing parts are done again.

**The form.** *Overrides* are values by recipe path, checked as the recipe's own: an error fails `plan` with one line.
*Force* builds stages anew that are cached, and what follows them; the old artifacts stay for the runs that use them.
*From*, *At* and *Set aside* branch off from a run: its recipe is taken as it was planned, and what lies before that
step is not made again.
*Approve* names the gates that ask a person when they fail, instead of failing: see the task's *Required actions*.
""".replace("PICTURE", picture({**follows(stages(2)), "checkpoint": ["export"]}))


with DAG(
    "pretrain",
    description="Raw documents in, an evaluated base language model out",
    doc_md=ABOUT,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=2,
    tags=["smelt"],
    params={**fields("recipes/demo.yaml", NAMES), **branching()},
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=30),
) as dag:
    plan = PlanOperator(task_id="plan")
    with TaskGroup("phases", prefix_group_id=False):
        phases = {place: TaskGroup(f"phase-{place}", prefix_group_id=False) for place in range(1, MAX_PHASES + 1)}
    gates = wire(STAGES, plan, phases)
    gates["export"] >> PublishOperator(task_id="checkpoint", stage="export", asset=CHECKPOINT)
