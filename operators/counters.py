"""What becomes of stages and gates, counted by Airflow's own statistics: StatsD or OpenTelemetry, as its ``[metrics]``
says; nothing where it names neither.

Airflow keeps these statistics twice, each for processes of its own: those of the task runner, and those of its
services, of which the triggerer is one. So a trigger counts by another function than an operator.
"""

from typing import Literal

from airflow.observability import stats as of_services
from airflow.sdk.observability import stats as of_tasks

Subject = Literal["stages", "gates"]
COUNTERS: dict[Subject, tuple[str, ...]] = {
    "stages": ("cached", "submitted", "reattached", "failed", "retried"),
    "gates": ("passed", "submitted", "reattached", "failed", "retried", "approved", "rejected"),
}
"""What is counted of each: ``submitted`` and ``reattached`` are Ray jobs that a trigger started or found."""
LABELS = ("stage",)


def count_in_task(subject: Subject, what: str, stage: str) -> None:
    """Count one, in a worker."""
    of_tasks.incr(_name(subject, what), tags={"stage": stage})


def count_in_trigger(subject: Subject, what: str, stage: str) -> None:
    """Count one, in the triggerer."""
    of_services.incr(_name(subject, what), tags={"stage": stage})


def series(prefix: str = "airflow") -> list[str]:
    """Names of the time series that Prometheus has of them, by its StatsD exporter."""
    return [f"{prefix}_smelt_{subject}_{what}" for subject, counted in COUNTERS.items() for what in counted]


def _name(subject: Subject, what: str) -> str:
    assert what in COUNTERS[subject], f"{subject} are not counted as {what}"
    return f"smelt.{subject}.{what}"
