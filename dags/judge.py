"""Judges each checkpoint while its training goes on, as soon as it is saved."""

from airflow.sdk import DAG

from operators.checkpoints.operator import JudgeOperator, WaitingOperator
from operators.checkpoints.saved import CHECKPOINT_SAVED
from operators.deadline import told_after
from operators.retries import RETRY_POLICY, TASK_DEFAULTS
from operators.wiring import picture

ABOUT = """
### Checkpoints, judged while training goes on

Started by the asset `checkpoint-saved`: a watcher looks into the lake for what trainings under way have saved.

PICTURE

* **waiting** lists the checkpoints that wait to be judged, of the runs that the events name.
* **judge** is mapped over them. Each is a Ray job that takes only the CPUs and cards which training leaves free, and
  waits where there are none. One is judged at a time, by as many workers as there is room for.

The run's own `evaluate` gathers what was judged here. A checkpoint that waits keeps its weights, whatever
`training.checkpoint.keep_last` says. Switch this DAG on to have it; off, only the end of a run judges.
""".replace("PICTURE", picture({"waiting": [CHECKPOINT_SAVED.name], "judge": ["waiting"]}))

with DAG(
    "judge",
    description="Judges each checkpoint while its training goes on",
    doc_md=ABOUT,
    schedule=[CHECKPOINT_SAVED],
    catchup=False,
    max_active_runs=1,
    tags=["smelt"],
    default_args=TASK_DEFAULTS,
    deadline=told_after(days=30),
) as dag:
    waiting = WaitingOperator(task_id="waiting")
    JudgeOperator.partial(
        task_id="judge",
        max_active_tis_per_dag=1,
        map_index_template="{{ task.title }}",
        retry_policy=RETRY_POLICY,
    ).expand_kwargs(waiting.output)
