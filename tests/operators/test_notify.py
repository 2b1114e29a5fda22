"""Notifications go where the connection says: a real webhook and a real mail server get the line."""

import asyncio
import json
import logging
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from airflow.sdk import Connection

from dags import maintenance, pretrain
from operators.jobs import patience
from operators.jobs.telling import Teller
from operators.notify import CONNECTION, SmeltNotifier, _post
from smelt.errors import SmeltError
from smelt.lake import Artifact

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
    """Keeps what it is sent, and where; answers 500 under ``/broken``, and 503 while it is busy."""

    got: list[tuple[str | None, dict]] = []
    paths: list[str] = []
    busy = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        busy, Webhook.busy = Webhook.busy > 0, max(Webhook.busy - 1, 0)
        if not busy:
            self.got.append((self.headers["Authorization"], json.loads(body)))
            self.paths.append(self.path)
        self.send_response(503 if busy else 500 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as a client needs to leave a mail."""

    got: list[str] = []

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


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("http://127.0.0.1:{port}/services/T0/B0/x", "/services/T0/B0/x"),
        ("http://:secret@127.0.0.1:{port}/invoke?sig=a%2Fb%3D&v=1", "/invoke?sig=a%2Fb%3D&v=1"),
        ("http://http%3A%2F%2F127.0.0.1%3A{port}%2Fhook", "/hook"),
    ],
)
def test_a_connection_s_uri_is_the_webhook_s_address(monkeypatch, uri, path):
    with serving(HTTPServer(("127.0.0.1", 0), Webhook)) as port:
        monkeypatch.setenv("AIRFLOW_CONN_SMELT_NOTIFY", uri.format(port=port))
        SmeltNotifier()(CONTEXT)
        asyncio.run(SmeltNotifier().async_notify(CONTEXT))
    assert Webhook.paths[-2:] == [path, path]
    assert Webhook.got[-1] == ("Bearer secret" if "secret" in uri else None, {"text": LINE})


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("https://hooks.example.org/x", "https://hooks.example.org/x"),
        ("http://hooks.example.org:8443/https", "https://hooks.example.org:8443"),
        ("https://", "the webhook has no address"),
        ("http://ftp%3A%2F%2Fhooks", "the webhook has no address"),
        ("http://127.0.0.1:9/x", r"the webhook is out of reach \(ConnectError\)"),
        ("ftp://hooks/x", "notifications can't go by 'ftp'"),
    ],
)
def test_an_address_is_taken_whole_and_what_is_wrong_with_one_is_a_line(monkeypatch, uri, line):
    if line.startswith("https"):
        connection = Connection.from_uri(uri, conn_id=CONNECTION)
        assert str(_post(connection, connection.extra_dejson, "").url) == line
        return
    monkeypatch.setenv("AIRFLOW_CONN_SMELT_NOTIFY", uri)
    for send in (lambda: SmeltNotifier()(CONTEXT), lambda: asyncio.run(SmeltNotifier().async_notify(CONTEXT))):
        with pytest.raises(SmeltError, match=line) as caught:
            send()
        assert "\n" not in str(caught.value)


def test_news_that_a_webhook_refuses_are_told_later_and_once(monkeypatch, lake):
    for step, kind in ((1200, "spike"), (1201, "rollback")):
        event = json.dumps({"kind": kind, "step": step}).encode()
        Artifact("train", "f00d").write_part(lake, "events", f"{step}-{kind}", files={".json": event}, rows=1, stats={})
    monkeypatch.setattr(patience, "connect", lambda: lake)
    task = SimpleNamespace(dag_id="pretrain", task_id="train-1.run", run_id="demo-1")
    artifact = Artifact("train", "f00d")
    teller = Teller(task, artifact, logging.getLogger(), has_news=True, silence=None)
    with serving(HTTPServer(("127.0.0.1", 0), Webhook)) as port:
        connect(monkeypatch, conn_type="http", host=f"http://127.0.0.1:{port}/hook")
        Webhook.busy, before = 1, len(Webhook.got)
        assert [asyncio.run(teller.news()) for _ in range(3)] == [False, True, True]
        lake.put(f"{artifact.root}events/1202-spike.json", b"{")
        event = b'{"kind": "spike", "step": 1203}'
        artifact.write_part(lake, "events", "1203-spike", files={".json": event}, rows=1, stats={})
        assert not asyncio.run(teller.news()), "one that can't be read keeps no other back"
    said = [body["text"].rpartition(": ")[2] for _, body in Webhook.got[before:]]
    assert said == ["rollback at step 1,201", "spike at step 1,200", "spike at step 1,203"]


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
