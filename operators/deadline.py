"""That a run takes too long in all is told, whatever it waits for: its turn and a person, too."""

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from operators.notify import SmeltNotifier

UNDER_WAY = ("queued", "running")


async def tell(days: int, context: Any) -> None:
    """Notify that a run is not done, where that is so: Airflow forgets the deadlines of those alone that succeed."""
    if context["dag_run"]["state"] in UNDER_WAY:
        await SmeltNotifier(f"is not done after {days} days").async_notify(context)


def told_after(days: int) -> DeadlineAlert:
    """The ``deadline`` of a DAG whose runs are told when they have not ended so many days after they were queued."""
    callback = AsyncCallback(tell, kwargs={"days": days})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(days=days), callback)
