"""A run as a person follows it: a row per stage, made of its two tasks and its progress object."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smelt.following.airflow import Task
from smelt.plan import Planned

PLAN = "plan"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        state: waiting, running, retrying, gate, to approve, done, cached, stopped, failed, gate failed or not reached.
        seconds: since it started, or that it took.
        progress: what the stage last said of its progress; see ``smelt.engine.progress``.
    """

    stage: str
    state: str
    seconds: float | None
    progress: dict[str, Any] | None

    @property
    def running(self) -> bool:
        """Whether something is being done for it."""
        return self.state in ("running", "retrying", "gate")


def rows(
    tasks: dict[str, Task], stages: Sequence[Planned], progress: Callable[[str], dict[str, Any] | None]
) -> list[Row]:
    """The rows of a run: the plan, then the stages in order.

    Args:
        tasks: Airflow's tasks by name (``plan``, ``clean.run``, ``clean.gate`` ...).
        stages: those of the run's plan; none while it isn't planned yet.
        progress: gives a stage's progress object; asked only for stages that have been started.
    """
    found = []
    if (plan := tasks.get(PLAN)) is not None:
        found.append(Row(PLAN, _plan_state(plan), _seconds([plan]), None))
    for planned in stages:
        run, gate = tasks.get(f"{planned.stage}.run"), tasks.get(f"{planned.stage}.gate")
        if run is not None and gate is not None:
            state = stage_state(run, gate, cached=planned.cached)
            started = state not in ("waiting", "cached", "not reached")
            found.append(Row(planned.title, state, _seconds([run, gate]), progress(planned.stage) if started else None))
    return found


def stage_state(run: Task, gate: Task, *, cached: bool) -> str:
    """One word for the states of a stage's two tasks. Where it skips what isn't cached, the run has stopped."""
    if run.state == "skipped":
        return "cached" if cached else "stopped"
    if gate.state == "success":
        return "cached" if cached else "done"
    if gate.state == "awaiting_input":
        return "to approve"
    if gate.state == "failed":
        return "gate failed"
    if run.state == "success":
        return "gate"
    words = {None: "waiting", "failed": "failed", "upstream_failed": "not reached", "up_for_retry": "retrying"}
    words["up_for_reschedule"] = "waiting"  # for another run's training
    return words.get(run.state, "retrying" if run.attempt > 1 else "running")


def _plan_state(plan: Task) -> str:
    return {None: "waiting", "success": "done", "failed": "failed", "up_for_retry": "retrying"}.get(
        plan.state, "running"
    )


def _seconds(tasks: list[Task]) -> float | None:
    starts = [task.started for task in tasks if task.started is not None and task.state != "skipped"]
    if not starts:
        return None
    ends = [task.ended for task in tasks if task.ended is not None]
    last = max(ends) if len(ends) == len(tasks) else datetime.now(UTC)
    return max(0.0, (last - min(starts)).total_seconds())
