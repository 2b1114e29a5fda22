import os
import sys
import time

import psutil
import pytest

from smelt.services import processes
from smelt.services.service import Service

# a service that leaves its session and its parent behind, ignores SIGTERM, and renames itself
STUBBORN = """
import os, signal, time
from setproctitle import setproctitle
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        setproctitle("a title of its own that is longer than the command line was at the beginning " * 20)
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path):
    started = []

    def start(home_name: str):
        home = tmp_path / home_name
        home.mkdir()
        service = Service("stubborn", (sys.executable, "-c", STUBBORN), ready=lambda: True)
        started.append((home, processes.spawn(service, home, home / "stubborn.log")))
        _until(lambda: len(processes.members(home).get("stubborn", [])) == 2)
        return home

    yield start
    for home, child in started:
        processes.end(home, grace_s=0)
        child.wait()


def test_what_left_the_group_and_ignores_asking_is_found_and_killed(stubborn):
    home = stubborn("home")
    assert processes.end(home, grace_s=0.5) >= 2
    assert processes.members(home) == {}


def test_another_home_is_not_touched(stubborn):
    home, other = stubborn("home"), stubborn("other")
    processes.end(home, grace_s=0)
    assert len(processes.members(other)["stubborn"]) == 2


def test_a_user_s_process_that_merely_knows_the_home_is_not_touched(stubborn, monkeypatch):
    home = stubborn("home")
    monkeypatch.setenv("SMELT_HOME", str(home))
    mine = psutil.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    processes.end(home, grace_s=0)
    assert mine.is_running()
    mine.kill()
    mine.wait()


def test_a_log_is_private_and_a_long_one_is_put_aside(tmp_path):
    log = tmp_path / "logs" / "echo.log"
    service = Service("echo", ("echo", "hello"), ready=lambda: True)
    processes.spawn(service, tmp_path, log).wait()
    assert log.read_text() == "hello\n"
    assert log.stat().st_mode & 0o077 == 0
    os.truncate(log, processes.LOG_BYTES + 1)
    processes.spawn(service, tmp_path, log).wait()
    assert log.read_text() == "hello\n"
    assert log.with_name("echo.log.1").exists()


def _until(condition, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)
