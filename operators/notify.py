"""Notifications: a line to whoever looks after the runs, when a task has failed for good or waits for a person.

Where it goes is an Airflow connection of the id ``smelt_notify``, so that nothing of it stands in code or recipe:

* of type ``http``: its host is a webhook's whole address, which gets ``{"text": line}`` by POST, as the incoming
  webhooks of Slack, Mattermost and Teams take it; its password, where there is one, is sent as a bearer token;
* of type ``smtp``: a mail by Airflow's own notifier, to the addresses under ``to`` in its extra.

Without that connection nothing is sent.
"""

from typing import TYPE_CHECKING, Any

import httpx
from airflow.sdk import BaseNotifier, Connection, Context
from airflow.sdk.exceptions import AirflowNotFoundException

from smelt.errors import SmeltError

if TYPE_CHECKING:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

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
        line = self._line(context)
        if _by_mail(connection):
            _mail(connection.extra_dejson, line)(context)
        else:
            with httpx.Client(timeout=TIMEOUT_S) as client:
                _check(client.send(_post(connection, line)))

    async def async_notify(self, context: Context) -> None:
        """Send the line from a trigger, without blocking it; raises as ``notify`` does."""
        try:
            connection = await Connection.async_get(CONNECTION)
        except AirflowNotFoundException:
            self.log.info("nobody is notified: there is no connection %s", CONNECTION)
            return
        line = self._line(context)
        if _by_mail(connection):
            await _mail(await connection.aextra_dejson(), line).async_notify(context)
        else:
            async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                _check(await client.send(_post(connection, line)))

    def _line(self, context: Context) -> str:
        instance = context["ti"]
        what = self.line or str(context.get("exception") or "failed")
        return f"{instance.dag_id} {context['run_id']}: {instance.task_id}: {what}"


def _by_mail(connection: Connection) -> bool:
    """Whether the line goes by mail; else by webhook."""
    if connection.conn_type not in ("http", "smtp"):
        raise SmeltError(
            f"notifications can't go by {connection.conn_type!r}", where=CONNECTION, mend="make it http or smtp"
        )
    return connection.conn_type == "smtp"


def _post(connection: Connection, line: str) -> httpx.Request:
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    return httpx.Request("POST", str(connection.host), json={"text": line}, headers=headers)


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        raise SmeltError(f"the webhook answered {answer.status_code}", where=CONNECTION, mend="check its address")


def _mail(extra: dict[str, Any], line: str) -> "SmtpNotifier":
    from html import escape

    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    to = extra.get("to")
    if not to:
        raise SmeltError("no address to write to", where=CONNECTION, mend='put {"to": "..."} into its extra')
    return SmtpNotifier(to=to, subject=line[:120], html_content=escape(line), smtp_conn_id=CONNECTION)
