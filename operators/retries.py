"""Which failures are tried again, as Airflow's retry policy: what may come right by itself, and nothing else.

The delays between the tries, which grow, are the DAG's ``default_args``.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk import Context, ExceptionRetryPolicy, RetryAction, RetryRule
from airflow.sdk.exceptions import AirflowException, AirflowTaskTimeout

from operators.notify import SmeltNotifier
from smelt.engine.jobs import EngineError
from smelt.errors import LakeOutageError, SmeltError


class TransientError(AirflowException):
    """A job failed for a reason that may pass: a lost node, a killed driver."""


class PermanentError(AirflowException):
    """A job failed for a reason that no retry mends: a wrong config, a gate that found what it found."""


RETRY_POLICY = ExceptionRetryPolicy(
    [
        RetryRule(
            [LakeOutageError, EngineError, TransientError], RetryAction.RETRY, reason="it may pass: tried again later"
        ),
        RetryRule([SmeltError, PermanentError, AirflowTaskTimeout], RetryAction.FAIL, reason="no retry mends it"),
    ]
)

TASK_DEFAULTS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(days=1),
    "on_failure_callback": SmeltNotifier(),
}
"""``default_args`` of a DAG whose tasks follow the policy. The time is that in a worker: see ``operators.jobs.limit``
for what a task waits for without one."""


@contextmanager
def told(context: Context) -> Iterator[None]:
    """Leaves the line of an error where `smelt run` and the API find it, and lets the error go on.

    Raises:
        PermanentError: the task is not done in its ``execution_timeout``.
    """
    try:
        yield
    except AirflowTaskTimeout:
        line = "not done in the time that a task has in a worker (see in its log what it was at, then clear it)"
        leave(context, line)
        raise PermanentError(line) from None
    except SmeltError as error:
        leave(context, str(error))
        raise


def leave(context: Context, line: str) -> None:
    """Say why a task fails, before Airflow logs how it does: in its log, and where `smelt run` and the API look."""
    line = " ".join(line.split("\n"))
    logging.getLogger("airflow.task").error("error: %s", line)
    context["ti"].xcom_push(key="error", value=line)
