"""Notifications: a line to whoever looks after the runs, when a task has failed for good or waits for a person.

Where it goes is an Airflow connection of the id ``smelt_notify``, so that nothing of it stands in code or recipe:

* of type ``http``: its host is a webhook's whole address, which gets ``{"text": line}`` by POST, as the incoming
  webhooks of Slack, Mattermost and Teams take it; its password, where there is one, is sent as a bearer token;
* of type ``smtp``: a mail by Airflow's own notifier, to the addresses under ``to`` in its extra.

Without that connection nothing is sent.
"""

from typing import Any

import httpx
from airflow.sdk import BaseNotifier, Connection, Context
from airflow.sdk.exceptions import AirflowNotFoundException

from smelt.errors import SmeltError

CONNECTION = "smelt_notify"
TIMEOUT_S = 20.0


class SmeltNotifier(BaseNotifier):
    """Says in one line what happened to a task; for ``on_failure_callback``, or called with ``line`` by an operator.

    Args:
        line: what to say; the error of the task where it is empty.
    """

    def __init__(self, line: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line = line

    def notify(self, context: Context) -> None:
        """Send the line.

        Raises:
            SmeltError: the connection is of another type, or its webhook refuses.
        """
        try:
            connection = Connection.get(CONNECTION)
        except AirflowNotFoundException:
            self.log.info("nobody is notified: there is no connection %s", CONNECTION)
            return
        instance = context["ti"]
        what = self.line or str(context.get("exception") or "failed")
        line = f"{instance.dag_id} {context['run_id']}: {instance.task_id}: {what}"
        if connection.conn_type == "http":
            _post(connection, line)
        elif connection.conn_type == "smtp":
            _mail(connection, line, context)
        else:
            raise SmeltError(
                f"notifications can't go by {connection.conn_type!r}", where=CONNECTION, mend="make it http or smtp"
            )


def _post(connection: Connection, line: str) -> None:
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    answer = httpx.post(str(connection.host), json={"text": line}, headers=headers, timeout=TIMEOUT_S)
    if answer.is_error:
        raise SmeltError(f"the webhook answered {answer.status_code}", where=CONNECTION, mend="check its address")


def _mail(connection: Connection, line: str, context: Context) -> None:
    from html import escape

    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    to = connection.extra_dejson.get("to")
    if not to:
        raise SmeltError("no address to write to", where=CONNECTION, mend='put {"to": "..."} into its extra')
    SmtpNotifier(to=to, subject=line[:120], html_content=escape(line), smtp_conn_id=CONNECTION)(context)
