"""Notifications: a line to whoever looks after the runs, when a task has failed for good or waits for a person.

Where it goes is an Airflow connection of the id ``smelt_notify``, so that nothing of it stands in code or recipe:

* of type ``http`` or ``https``: a webhook, which gets ``{"text": line}`` by POST, as the incoming webhooks of Slack,
  Mattermost and Teams take it. Its address is the connection's URI, or its host where that is a whole address; its
  password, where there is one, is sent as a bearer token;
* of type ``smtp``: a mail by Airflow's own notifier, to the addresses under ``to`` in its extra.

Without that connection nothing is sent.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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
            SmeltError: the connection is of another type or no address, or its webhook refuses or is out of reach.
        """
        try:
            connection = Connection.get(CONNECTION)
        except AirflowNotFoundException:
            self.log.info("nobody is notified: there is no connection %s", CONNECTION)
            return
        line = self._line(context)
        extra = connection.extra_dejson
        if _by_mail(connection):
            _mail(extra, line)(context)
        else:
            with _in_one_line(), httpx.Client(timeout=TIMEOUT_S) as client:
                _check(client.send(_post(connection, extra, line)))

    async def async_notify(self, context: Context) -> None:
        """Send the line from a trigger, without blocking it; raises as ``notify`` does."""
        try:
            connection = await Connection.async_get(CONNECTION)
        except AirflowNotFoundException:
            self.log.info("nobody is notified: there is no connection %s", CONNECTION)
            return
        line = self._line(context)
        extra = await connection.aextra_dejson()
        if _by_mail(connection):
            await _mail(extra, line).async_notify(context)
        else:
            with _in_one_line():
                async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
                    _check(await client.send(_post(connection, extra, line)))

    def _line(self, context: Context) -> str:
        what = self.line or str(context.get("exception") or "failed")
        if (instance := context.get("ti")) is None:
            run: Any = context["dag_run"]  # plain values, of a deadline
            return f"{run['dag_id']} {run['dag_run_id']}: {what}"
        return f"{instance.dag_id} {context['run_id']}: {instance.task_id}: {what}"


def _by_mail(connection: Connection) -> bool:
    """Whether the line goes by mail; else by webhook."""
    if connection.conn_type not in ("http", "https", "smtp"):
        raise SmeltError(
            f"notifications can't go by {connection.conn_type!r}", where=CONNECTION, mend="make it http, https or smtp"
        )
    return connection.conn_type == "smtp"


def _address(connection: Connection, extra: dict[str, Any]) -> httpx.URL:
    """The webhook's address. Airflow takes a URI apart: its path is the ``schema`` and its query the ``extra``."""
    host, path, scheme = connection.host or "", connection.schema or "", connection.conn_type
    if "://" in host:
        scheme, _, host = host.partition("://")
        extra = {}
    elif path in ("http", "https"):  # as Airflow's own HTTP hook takes a schema
        scheme, path = path, ""
    port = f":{connection.port}" if connection.port else ""
    address = httpx.URL(f"{scheme}://{host}{port}" + (f"/{path.lstrip('/')}" if path else ""))
    if address.scheme not in ("http", "https") or not address.host:
        raise httpx.InvalidURL("no address")
    return address.copy_merge_params(extra) if extra else address


def _post(connection: Connection, extra: dict[str, Any], line: str) -> httpx.Request:
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    return httpx.Request("POST", _address(connection, extra), json={"text": line}, headers=headers)


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        raise SmeltError(f"the webhook answered {answer.status_code}", where=CONNECTION, mend="check its address")


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Errors of an address or the network as ours; they don't repeat the address, which may hold a secret."""
    try:
        yield
    except httpx.InvalidURL:
        mend = "write https://host/path as the connection's URI or host"
        raise SmeltError("the webhook has no address", where=CONNECTION, mend=mend) from None
    except httpx.HTTPError as error:
        line = f"the webhook is out of reach ({type(error).__name__})"
        raise SmeltError(line, where=CONNECTION, mend="check its address") from None


def _mail(extra: dict[str, Any], line: str) -> "SmtpNotifier":
    from html import escape

    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    to = extra.get("to")
    if not to:
        raise SmeltError("no address to write to", where=CONNECTION, mend='put {"to": "..."} into its extra')
    return SmtpNotifier(to=to, subject=line[:120], html_content=escape(line), smtp_conn_id=CONNECTION)
