"""Whether a part of Airflow counts as healthy: by a heartbeat of the process that lives now, whatever the clock did."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from smelt.services import airflow


class _Health(BaseHTTPRequestHandler):
    heartbeat = 0.0

    def do_GET(self) -> None:
        beat = datetime.fromtimestamp(self.heartbeat, UTC).isoformat()
        content = json.dumps({"scheduler": {"status": "healthy", "latest_scheduler_heartbeat": beat}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def scheduler() -> Iterator[psutil.Process]:
    """A process that has lived for two seconds."""
    with subprocess.Popen(["sleep", "100"]) as child:
        time.sleep(2)
        yield psutil.Process(child.pid)
        child.kill()


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize("set_by_s", [0, -3600, 3600])
def test_a_heartbeat_counts_when_the_living_process_can_have_made_it(scheduler, port, monkeypatch, set_by_s):
    now = time.time
    monkeypatch.setattr(airflow.time, "time", lambda: now() + set_by_s)

    def healthy(heartbeat_s_ago: float) -> bool:
        monkeypatch.setattr(_Health, "heartbeat", airflow.time.time() - heartbeat_s_ago)
        return airflow._is_healthy(port, "scheduler", lambda: [scheduler])

    assert healthy(0.5)
    assert not healthy(60), "that of the one before it"
