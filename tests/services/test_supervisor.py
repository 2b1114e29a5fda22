"""What the supervisor does with services that live: it asks whether they answer, and keeps their logs short."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from smelt.services import processes, supervisor
from smelt.services.airflow import airflow
from smelt.services.service import Service
from smelt.services.state import PREFERRED_PORTS, SECRETS, State
from smelt.services.supervisor import Supervisor, read_supervised

# says a line whenever it is started, and lives
PROGRAM = """
import sys, time
print("here", flush=True)
while True:
    time.sleep(0.05)
    if len(sys.argv) > 1:
        print("and still here", flush=True)
"""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch):
    """Starts the supervision of services, whose silence is noticed within a second, and ends it."""
    monkeypatch.setattr(supervisor, "LOOK_EVERY_S", 0.1)
    supervisors = []

    def watch(*services: Service) -> Path:
        supervisors.append(Supervisor(State(tmp_path, {}, {}), list(services)))
        threading.Thread(target=supervisors[-1].run, daemon=True).start()
        return tmp_path

    yield watch
    for each in supervisors:
        each._start = lambda service: threading.Event().wait()
    processes.end(tmp_path, grace_s=0)


def service(name: str, ready, *arguments: str, **more) -> Service:
    return Service(name, (sys.executable, "-c", PROGRAM, *arguments), ready, **more)


def test_one_that_lives_and_is_silent_for_long_is_started_again_and_the_line_says_why(watched, capfd):
    mute = threading.Event()
    home = watched(service("fake", lambda: not mute.is_set()))
    until(lambda: entry(home, "fake").phase == "ready")
    before = entry(home, "fake").pid
    mute.set()
    until(lambda: entry(home, "fake").restarts == 1)
    mute.clear()
    until(lambda: entry(home, "fake").phase == "ready")
    assert entry(home, "fake").pid != before
    assert len(processes.members(home)["fake"]) == 1
    assert "fake: alive, but did not answer for 1 s after" in capfd.readouterr().out


def test_short_silences_and_those_of_the_one_that_is_asked_are_no_alarm(watched):
    looks: list[None] = []
    mute = threading.Event()

    def hesitates() -> bool:
        looks.append(None)
        return len(looks) % supervisor.SILENT_LOOKS == 1

    def answers() -> bool:
        return not mute.is_set()

    home = watched(service("hesitates", hesitates), service("part", answers, through="api"), service("api", answers))
    until(lambda: {entry(home, name).phase for name in ("hesitates", "part", "api")} == {"ready"})
    mute.set()
    start = len(looks)
    until(lambda: len(looks) > start + 4 * supervisor.SILENT_LOOKS)
    assert entry(home, "part").restarts == 0, "the one through which it is asked is silent"
    assert entry(home, "hesitates").restarts == 0


def test_a_log_that_grows_long_is_put_aside_while_its_service_writes_on(watched, monkeypatch):
    monkeypatch.setattr(processes, "LOG_BYTES", 100)
    home = watched(service("talks", lambda: True, "much"))
    log = home / "logs" / "talks.log"
    aside = log.with_name("talks.log.1")
    until(aside.exists)
    until(lambda: log.read_text().endswith("still here\n"))
    assert aside.stat().st_size > 100 and aside.read_text().endswith("\n")
    assert "\0" not in log.read_text()
    assert aside.stat().st_mode & 0o077 == 0
    assert entry(home, "talks").restarts == 0


def test_a_log_that_somebody_took_away_is_not_the_service_s_fault(watched):
    looks: list[None] = []

    def answers() -> bool:
        looks.append(None)
        return True

    home = watched(service("quiet", answers))
    until(lambda: entry(home, "quiet").phase == "ready")
    (home / "logs" / "quiet.log").unlink()
    start = len(looks)
    until(lambda: len(looks) > start + 3)
    assert entry(home, "quiet").restarts == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_ends_no_supervision(watched, tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        home = watched(service("fake", lambda: True))
        until(lambda: entry(home, "fake").phase == "ready")
        before = entry(home, "fake").pid
        with pytest.raises(OSError), (home / "fill").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        processes.members(home)["fake"][0].kill()
        until(lambda: [process.pid for process in processes.members(home).get("fake", [])] not in ([], [before]))
        (home / "fill").unlink()
        until(lambda: entry(home, "fake").phase == "ready" and entry(home, "fake").pid != before)
    finally:
        processes.end(tmp_path, grace_s=0)
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def test_a_lighter_question_is_asked_of_one_that_is_ready(watched):
    asked: list[None] = []

    def alive() -> bool:
        asked.append(None)
        return True

    home = watched(service("busy", lambda: not asked, alive=alive))
    until(lambda: len(asked) > 2 * supervisor.SILENT_LOOKS)
    assert entry(home, "busy").restarts == 0


def test_airflow_s_parts_are_asked_through_its_api_server(tmp_path):
    state = State(tmp_path, dict(PREFERRED_PORTS), {name: make() for name, make in SECRETS.items()})
    asked = {part.name: part.through for part in airflow(state) if not part.once}
    assert asked.pop("airflow") == "" and set(asked.values()) == {"airflow"}


def entry(home: Path, name: str) -> supervisor.Supervised:
    return read_supervised(home).get(name, supervisor.Supervised())


def until(condition, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)


def test_a_lock_that_is_held_on_for_a_moment_is_waited_for_and_another_supervisor_s_is_not_taken(tmp_path, monkeypatch):
    left = (tmp_path / supervisor.LOCK).open("w")
    fcntl.flock(left, fcntl.LOCK_EX)
    threading.Timer(0.5, left.close).start()
    with (tmp_path / supervisor.LOCK).open("w") as ours, (tmp_path / supervisor.LOCK).open("w") as other:
        assert supervisor._is_ours(ours)
        monkeypatch.setattr(supervisor, "LOCK_WITHIN_S", 0.3)
        assert not supervisor._is_ours(other)
