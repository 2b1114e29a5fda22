"""Notifications go where the connection says: a real webhook and a real mail server get the line."""

import asyncio
import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from dags import maintenance, pretrain
from operators.notify import SmeltNotifier
from smelt.errors import SmeltError

CONTEXT = {
    "ti": SimpleNamespace(dag_id="pretrain", task_id="clean.gate"),
    "run_id": "demo-1",
    "exception": RuntimeError("gate of clean failed: <dropped>: 95 %, not ≤ 90 %"),
}
LINE = "pretrain demo-1: clean.gate: gate of clean failed: <dropped>: 95 %, not ≤ 90 %"


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Webhook(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers 500 under ``/broken``."""

    got: list[tuple[str | None, dict]] = []  # noqa: RUF012

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.headers["Authorization"], json.loads(body)))
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client needs to leave a mail."""

    got: list[str] = []  # noqa: RUF012

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().decode().strip().upper():
            if line == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(lambda: self.rfile.readline().decode(), ".\r\n")
                self.got.append("".join(lines))
            self.wfile.write(b"221 bye\r\n" if line == "QUIT" else b"250 fine\r\n")
            if line == "QUIT":
                return


def connect(monkeypatch, **connection):
    monkeypatch.setenv("AIRFLOW_CONN_SMELT_NOTIFY", json.dumps(connection))


def test_a_webhook_gets_the_line_and_the_token(monkeypatch):
    with serving(HTTPServer(("127.0.0.1", 0), Webhook)) as port:
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{port}/hook", password="secret")
        SmeltNotifier()(CONTEXT)
        SmeltNotifier("waits for a person")(CONTEXT)
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{port}/broken")
        with pytest.raises(SmeltError, match="answered 500"):
            SmeltNotifier()(CONTEXT)
    assert Webhook.got[:2] == [
        ("Bearer secret", {"text": LINE}),
        ("Bearer secret", {"text": "pretrain demo-1: clean.gate: waits for a person"}),
    ]


def test_a_trigger_tells_by_the_same_webhook_without_blocking(monkeypatch):
    with serving(HTTPServer(("127.0.0.1", 0), Webhook)) as port:
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{port}/hook")
        asyncio.run(SmeltNotifier("spike at step 1,200").async_notify(CONTEXT))
    assert Webhook.got[-1] == (None, {"text": "pretrain demo-1: clean.gate: spike at step 1,200"})


def test_a_mail_carries_the_line_as_text_not_as_markup(monkeypatch):
    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)) as port:
        extra = {"to": "ada@example.org", "from_email": "smelt@example.org", "disable_ssl": True, "disable_tls": True}
        connect(monkeypatch, conn_type="smtp", host="127.0.0.1", port=port, extra=extra)
        SmeltNotifier()(CONTEXT)
    (mail,) = Mailbox.got
    assert "To: ada@example.org" in mail


def test_without_a_connection_nothing_is_sent_and_nothing_fails(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_SMELT_NOTIFY", raising=False)
    monkeypatch.setattr("operators.notify.CONNECTION", "smelt_notify_none")
    monkeypatch.setattr("operators.notify.Connection.get", _unknown)
    SmeltNotifier()(CONTEXT)


def _unknown(conn_id):
    from airflow.sdk.exceptions import AirflowNotFoundException

    raise AirflowNotFoundException(conn_id)


def test_another_kind_of_connection_is_refused_in_one_line(monkeypatch):
    connect(monkeypatch, conn_type="ftp", host="x")
    with pytest.raises(SmeltError, match="'ftp'"):
        SmeltNotifier()(CONTEXT)


def test_every_task_of_every_dag_notifies_when_it_fails_for_good():
    for dag in (pretrain.dag, maintenance.dag):
        for task in dag.tasks:
            assert [type(callback) for callback in task.on_failure_callback] == [SmeltNotifier], task.task_id
