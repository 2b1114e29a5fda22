"""Stopping a run of ``pretrain`` where it can go on from, without failing it."""

from airflow.sdk import DAG, Param

from operators.retries import TASK_DEFAULTS
from operators.stop import StopOperator

ABOUT = """
### A training that leaves behind its next checkpoint

The run that is named stops behind the next checkpoint of its training, or before its next training where none is under
way. Its training and what follows are **skipped**, so that the run ends without a failure, and nothing is lost.

To go on, clear the `run` task of the training that was skipped, with *Downstream*: it takes the recipe's present
policies, resources and tolerances. `smelt stop RUN` and `smelt resume RUN` do the same from a terminal.
"""

with DAG(
    "stop",
    description="A run's training stops behind its next checkpoint",
    doc_md=ABOUT,
    schedule=None,
    catchup=False,
    is_paused_upon_creation=False,
    tags=["smelt"],
    default_args=TASK_DEFAULTS,
    params={"run": Param(type="string", minLength=1, title="Run", description="The id of a run of pretrain")},
) as dag:
    StopOperator(task_id="stop")
