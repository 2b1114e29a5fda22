"""That a run takes too long in all is told, whatever it waits for: its turn and a person, too."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import BaseDeadlineReference, DeadlineAlert

from operators.notify import SmeltNotifier

UNDER_WAY = ("queued", "running")


class RunMade(BaseDeadlineReference):
    """When a run was made, before it is queued; Airflow knows it by the plugin.

    Its own reference for that, ``DAGRUN_QUEUED_AT``, breaks clearing in 3.3.2: it takes a stored interval, which is an
    object, for a number.
    """

    def _evaluate_with(self, **_: Any) -> datetime:
        return datetime.now(UTC)


async def tell(days: int, context: Any) -> None:
    """Notify that a run is not done, where that is so: Airflow forgets the deadlines of those alone that succeed."""
    if context["dag_run"]["state"] in UNDER_WAY:
        await SmeltNotifier(f"is not done after {days} days").async_notify(context)


def told_after(days: int) -> DeadlineAlert:
    """The ``deadline`` of a DAG whose runs are told when they have not ended so many days after they were made."""
    callback = AsyncCallback(tell, kwargs={"days": days})
    return DeadlineAlert(RunMade(), timedelta(days=days), callback)
