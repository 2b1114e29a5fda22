"""The end of a run, told to the lake: garbage collection sees that alone, and keeps what a run uses that has not ended.

Airflow calls these functions where a run's state changes: in its scheduler, and in its API server where a person marks
a run. Neither may wait for a store, so a thread does; what it can't tell stays as it was, and the run's artifacts too.
"""

import logging
from threading import Thread
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

DAGS = ("pretrain", "corpus", "tokens", "evaluate")
"""Those whose runs are runs of a recipe."""


@hookimpl
def on_dag_run_running(dag_run: "DagRun", msg: str) -> None:
    """It begins, or goes on after something of it was cleared."""
    _tell(dag_run, state=None)


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """It has ended well."""
    _tell(dag_run, state="success")


@hookimpl
def on_dag_run_failed(dag_run: "DagRun", msg: str) -> None:
    """It has failed, or somebody has ended it."""
    _tell(dag_run, state="failed")


def _tell(run: "DagRun", *, state: str | None) -> None:
    if run.dag_id in DAGS:
        Thread(target=write, args=(run.run_id, state), name=f"the end of {run.run_id}", daemon=True).start()


def write(run_id: str, state: str | None) -> None:
    """Leave in the lake that a planned run has ended so, or (None) that it goes on."""
    from smelt.lake import Lake
    from smelt.run import ended_key, run_key, safe_run_id

    try:
        lake, safe = Lake.connect(), safe_run_id(run_id)
        if state is None:
            lake.delete([ended_key(safe)])
        elif lake.exists(run_key(safe)):
            lake.put_json(ended_key(safe), {"state": state})
    except Exception as error:  # Airflow's own work goes on
        logging.getLogger(__name__).warning("the lake could not be told of run %s: %s", run_id, error)
