"""What Airflow knows of runs: how they stand, and why one has no plan. Read from its database, in its API server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends

from operators.ends import DAGS

NEWEST = 500
"""Runs that are looked at for the list."""
GOING_ON = ("queued", "running")


@dataclass(frozen=True)
class AirflowRun:
    """A run as Airflow has it.

    Attributes:
        id: which may have characters that the lake's does not; ``safe`` is that.
        state: ``queued``, ``running``, ``success`` or ``failed``; one that somebody has ended is ``failed``.
        when: since when it is there (UTC).
    """

    dag: str
    id: str
    state: str
    when: datetime

    @property
    def safe(self) -> str:
        """Its id in the lake."""
        from smelt.run import safe_run_id

        return safe_run_id(self.id)

    @property
    def going_on(self) -> bool:
        """Whether it has not ended."""
        return self.state in GOING_ON


class Records:
    """Airflow's records.

    Args:
        sessions: gives a session of its database.
    """

    def __init__(self, sessions: Callable[[], AbstractContextManager[Any]]) -> None:
        self._sessions = sessions

    def newest(self) -> dict[str, AirflowRun]:
        """The newest runs by their id in the lake, the newest first."""
        found: dict[str, AirflowRun] = {}
        for run in self._runs(limit=NEWEST):
            found.setdefault(run.safe, run)
        return found

    def find(self, run_id: str) -> AirflowRun | None:
        """The run whose id in the lake this is, or None."""
        from airflow.models.dagrun import DagRun

        escaped = run_id.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
        near = DagRun.run_id.like(escaped.replace("-", "%") + "%", escape="\\")
        return next((run for run in self._runs(near) if run.safe == run_id), None)

    def tasks(self, run: AirflowRun) -> dict[str, str]:
        """State of each task of a run that has one, by name."""
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy import select

        asked = select(TaskInstance.task_id, TaskInstance.state).where(
            TaskInstance.dag_id == run.dag, TaskInstance.run_id == run.id
        )
        with self._sessions() as session:
            return {name: str(state) for name, state in session.execute(asked) if state is not None}

    def partitions(self) -> dict[str, AirflowRun]:
        """The newest run of the DAG `corpus` for each of its partitions, which are days."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        asked = select(DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.run_after, DagRun.partition_key)
        asked = asked.where(DagRun.dag_id == "corpus", DagRun.partition_key.is_not(None)).order_by(DagRun.run_after)
        with self._sessions() as session:
            rows = list(session.execute(asked))
        return {day: AirflowRun(dag, name, str(state), when) for dag, name, state, when, day in rows if is_day(day)}

    def errors(self, runs: list[AirflowRun], task: str, key: str = "error") -> dict[str, str]:
        """The line that a failed task of these runs has left, by run; by another key, one that says why it skipped."""
        from airflow.models.xcom import XComModel
        from sqlalchemy import select

        asked = select(XComModel.run_id, XComModel.value).where(
            XComModel.run_id.in_([run.id for run in runs]), XComModel.task_id == task, XComModel.key == key
        )
        with self._sessions() as session:
            return {row.run_id: str(XComModel.deserialize_value(row)) for row in session.execute(asked)}

    def _runs(self, *conditions: Any, limit: int | None = None) -> list[AirflowRun]:
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        asked = (
            select(DagRun.dag_id, DagRun.run_id, DagRun.state, DagRun.run_after)
            .where(DagRun.dag_id.in_(DAGS), *conditions)
            .order_by(DagRun.run_after.desc())
            .limit(limit)
        )
        with self._sessions() as session:
            return [AirflowRun(dag, name, str(state), when) for dag, name, state, when in session.execute(asked)]


def is_day(partition: str) -> bool:
    """Whether a partition is a day, as the DAG `corpus` has them."""
    try:
        return date.fromisoformat(partition).isoformat() == partition
    except ValueError:
        return False


def records() -> Records:
    """Those of the Airflow whose API server this is."""
    from airflow.utils.session import create_session

    return Records(create_session)


RecordsDep = Annotated[Records, Depends(records)]
