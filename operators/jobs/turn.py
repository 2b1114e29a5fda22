"""Whose turn it is to train: a run that has begun trains its phases to the end before another run begins.

The pool's slot is free between two phases, while the first one's gate runs or the next one's blocks are made, and
between a try that failed and the next. Airflow gives it to whoever waits for it. So a run leaves a mark in the lake
when it begins to train; a run without one that is given a slot looks at those that have one, and where one of these is
between two phases the slot is that one's: it gives the slot back, and looks again later.

Only runs without a mark wait, and only for runs with one, so that two never wait for each other. None waits for a run
that has ended, whose trainings are over (failed, stopped and skipped ones too), that waits for a person, or that
Airflow doesn't know; and where there are slots for more, none waits while the other holds its own.
"""

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowRescheduleException

from smelt.recipe.graph import STAGES

if TYPE_CHECKING:
    from smelt.lake import Lake

BEGUN = "begun/"
"""Folder of the marks: by run, what Airflow calls it."""
LOOK_EVERY = timedelta(seconds=15)
TRAININGS = frozenset(f"{stage.name}.run" for stage in STAGES if stage.kind == "train")
HOLDING = ("queued", "running", "deferred")
"""States in which a task has a slot of its pool."""
OVER = ("success", "failed", "skipped", "upstream_failed", "removed")


def take(lake: "Lake", context: Context) -> None:
    """Begin to train, or go on with it.

    Raises:
        AirflowRescheduleException: it is another run's turn; Airflow takes the slot back and starts the task again.
        LakeError: the lake is out of reach.
    """
    from smelt.run import safe_run_id

    task = context["ti"]
    key = f"{BEGUN}{safe_run_id(task.run_id)}"
    if lake.exists(key):
        return
    if (other := next(_between_phases(lake, task), None)) is not None:
        line = "waiting for run %s, which has begun to train and has phases to go; looking again in %d s"
        logging.getLogger("airflow.task").info(line, other, LOOK_EVERY.total_seconds())
        raise AirflowRescheduleException(datetime.now(UTC) + LOOK_EVERY)
    lake.put_json(key, {"dag": task.dag_id, "run": task.run_id})


def _between_phases(lake: "Lake", task: Any) -> Iterator[str]:
    """Runs whose slot the one may be that this task was given; marks of those that train no more are taken away."""
    from smelt.run import ended_key

    for item in lake.objects(BEGUN):
        mark = lake.find_json(item.key)
        if mark is None:
            continue
        dag, run = mark["dag"], mark["run"]
        states = task.get_task_states(dag_id=dag, run_ids=[run]).get(run, {})
        trainings = {name: state for name, state in states.items() if name in TRAININGS}
        ended = lake.exists(ended_key(item.key.removeprefix(BEGUN)))
        if ended or (trainings and all(state in OVER for state in trainings.values())):
            lake.delete([item.key])
        elif _waits_for_slot(states, trainings) and task.get_dr_count(dag_id=dag, run_ids=[run], states=["running"]):
            yield run


def _waits_for_slot(states: Mapping[str, str | None], trainings: Mapping[str, str | None]) -> bool:
    """Whether a run has phases to go, no slot, and comes to them without a person."""
    if "awaiting_input" in states.values() or any(state in HOLDING for state in trainings.values()):
        return False
    return any(state not in OVER for state in trainings.values())
