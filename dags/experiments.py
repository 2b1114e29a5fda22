"""Many runs of one recipe with values varied: a mapped task for each cell of an experiment's plan, and what follows."""

from airflow.sdk import DAG, Param, TriggerRule

from operators.deadline import told_after
from operators.experiment import CellOperator, ConcludeOperator, ExperimentPlanOperator
from operators.retries import TASK_DEFAULTS
from operators.wiring import picture
from smelt.checkout import CHECKOUT

EXPERIMENTS = sorted(str(path.relative_to(CHECKOUT)) for path in CHECKOUT.glob("experiments/*.yaml"))

ABOUT = """
### Small runs, before a big one

One file says which recipe, what of it is varied, and the budget.

PICTURE

* **plan** checks and costs every cell, and fails with one line before anything starts where one is wrong or the budget
  is exceeded.
* **cell** is mapped over them: each starts a run of `pretrain` and waits for it, or ends at once where the lake holds
  the cell's evaluation. Cells share every artifact they can; how many train at once is up to the pool `smelt_train`.
  A cell that failed is cleared by itself, and goes on with its run.
* **outcome** writes the page, whatever failed, and the experiment's artifact when all cells are done. Clear it with a
  cell to have it follow.

`smelt experiment FILE` does the same from a terminal. See docs/experiments.md.
""".replace("PICTURE", picture({"plan": (), "cell": ["plan"], "outcome": ["cell"]}))

with DAG(
    "experiments",
    description="Many runs of one recipe with values varied, and what follows from them",
    doc_md=ABOUT,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=2,
    tags=["smelt"],
    params={
        "experiment": Param(
            "experiments/demo.yaml",
            type="string",
            examples=EXPERIMENTS,
            title="Experiment",
            description="A file, from the checkout",
        )
    },
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=30),
) as dag:
    plan = ExperimentPlanOperator(task_id="plan")
    cells = CellOperator.partial(task_id="cell", map_index_template="{{ task.title }}").expand_kwargs(plan.output)
    cells >> ConcludeOperator(task_id="outcome", trigger_rule=TriggerRule.ALL_DONE)
