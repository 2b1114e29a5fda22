"""The real services: up, status, what a kill does, two homes side by side, down."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from smelt.lake import Lake
from smelt.services import processes
from smelt.services import stack as stack_module
from smelt.services.state import SECRETS, load_state

SMELT = str(Path(sys.executable).with_name("smelt"))


def test_all_services_are_healthy_and_say_where(stack):
    found = _healthy(stack)
    assert found["airflow"].address == f"http://127.0.0.1:{stack.ports['airflow']}"
    assert all(entry.memory > 0 for entry in found.values() if entry.supervised.phase == "ready")


def test_up_again_changes_nothing(stack):
    before = {entry.name: entry.supervised.pid for entry in stack_module.status(stack.home)}
    assert stack_module.up(stack.home) == stack
    assert {entry.name: entry.supervised.pid for entry in stack_module.status(stack.home)} == before


def test_the_lake_takes_only_its_own_keys(stack):
    lake = Lake(stack.settings)
    lake.put("hello", b"there")
    assert lake.get("hello") == b"there"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{stack.settings.endpoint}/smelt/lake/hello")


def test_ray_asks_for_the_token(stack):
    jobs = f"{stack.settings.ray_api}/api/jobs/"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(jobs)
    assert isinstance(_open(jobs, {"Authorization": f"Bearer {stack.settings.ray_token}"}), list)


def test_airflow_asks_for_the_password(stack):
    login = f"http://127.0.0.1:{stack.ports['airflow']}/auth/token"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        _open(login, {}, {"username": "admin", "password": "admin"})
    assert "access_token" in _open(login, {}, {"username": "admin", "password": stack.secrets["airflow_password"]})


def test_airflow_has_this_checkout_s_dags_and_none_of_the_examples(stack):
    token = _airflow_token(stack)
    dags = _open(f"http://127.0.0.1:{stack.ports['airflow']}/api/v2/dags", {"Authorization": f"Bearer {token}"})
    errors = _open(
        f"http://127.0.0.1:{stack.ports['airflow']}/api/v2/importErrors", {"Authorization": f"Bearer {token}"}
    )
    assert errors["import_errors"] == []
    assert "pretrain" in {dag["dag_id"] for dag in dags["dags"]}
    assert not any(dag["dag_id"].startswith("example") for dag in dags["dags"])


def test_secrets_are_in_private_files_only(stack):
    secrets = [stack.secrets[name] for name in SECRETS]
    for group in processes.members(stack.home).values():
        for process in group:
            line = " ".join(process.cmdline())
            assert not any(secret in line for secret in secrets), process
    for file in [file for folder in (stack.home, stack.runtime) for file in folder.rglob("*") if file.is_file()]:
        with suppress(FileNotFoundError):  # a temporary file that has just gone
            if file.stat().st_size < 5_000_000 and "lake" not in file.relative_to(file.anchor).parts:
                content = file.read_bytes()
                if any(secret.encode() in content for secret in secrets):
                    assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
                    assert file.suffix != ".log", file


def test_everything_listens_on_loopback(stack):
    for group in processes.members(stack.home).values():
        for process in group:
            with suppress(psutil.NoSuchProcess):  # it has ended since
                for connection in process.net_connections("inet"):
                    if connection.status == "LISTEN":
                        assert connection.laddr.ip in ("127.0.0.1", "::1", "::ffff:127.0.0.1"), process


@pytest.mark.parametrize("name", ["s3", "triggerer", "scheduler"])
def test_a_killed_service_is_started_again(stack, name):
    lake = Lake(stack.settings)
    lake.put("before", b"the kill")
    before = _entry(stack.home, name)
    os.kill(before.supervised.pid, signal.SIGKILL)
    _until(lambda: _entry(stack.home, name).supervised.restarts > before.supervised.restarts)
    _until(lambda: _entry(stack.home, name).supervised.phase == "ready")
    after = _entry(stack.home, name)
    assert after.healthy
    assert after.supervised.pid != before.supervised.pid
    assert lake.get("before") == b"the kill"


def test_a_second_home_beside_it_interrupted_killed_taken_up_and_down(stack, tmp_path):
    home = tmp_path / "home"
    environment = {**os.environ, "SMELT_HOME": str(home)}
    first_try = subprocess.Popen([SMELT, "up"], env=environment, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: {"supervisor", "s3", "ray", "airflow-db"} <= processes.members(home).keys())
        first_try.kill()
        first_try.wait()
        _until(lambda: _entry(home, "s3").supervised.phase == "ready")
        s3_before = _entry(home, "s3").supervised.pid
        first = processes.members(home)["supervisor"][0]
        first.kill()
        again = subprocess.Popen(
            [SMELT, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        _until(lambda: [one.pid for one in processes.members(home).get("supervisor", [])] not in ([], [first.pid]))
        processes.members(home)["supervisor"][0].kill()  # the next one, while the command waits for it
        told, failed = again.communicate()
        assert again.returncode == 0, failed
        assert f"user admin, password {load_state(home).secrets['airflow_password']}" in told
        assert all(entry.healthy for entry in stack_module.status(home))
        assert _entry(home, "s3").supervised.pid == s3_before
        state = load_state(home)
        assert state is not None
        assert not set(state.ports.values()) & set(stack.ports.values())
        keys = [secret for name, secret in state.secrets.items() if name != "airflow_password"]
        assert not any(secret in told + failed for secret in keys)
        processes.members(home)["ray"][0].kill()
        down = subprocess.run([SMELT, "down"], env=environment, capture_output=True, text=True)
        assert down.returncode == 0, down.stderr
        assert processes.members(home) == {}
        assert not state.runtime.exists() or not any(state.runtime.iterdir())
        assert subprocess.run([SMELT, "status"], env=environment, stdout=subprocess.DEVNULL).returncode == 1
    finally:
        stack_module.down(home)
    assert all(entry.healthy for entry in stack_module.status(stack.home))


def _entry(home: Path, name: str) -> stack_module.Status:
    return next(entry for entry in stack_module.status(home) if entry.name == name)


def _healthy(stack) -> dict[str, stack_module.Status]:
    """All services by name, once all of them answer: on a busy machine one may not at once."""
    deadline = time.monotonic() + 90
    while True:
        found = {entry.name: entry for entry in stack_module.status(stack.home)}
        if not (away := [entry for entry in found.values() if not entry.healthy]):
            return found
        assert time.monotonic() < deadline, away
        time.sleep(1)


def _airflow_token(stack) -> str:
    login = f"http://127.0.0.1:{stack.ports['airflow']}/auth/token"
    return _open(login, {}, {"username": "admin", "password": stack.secrets["airflow_password"]})["access_token"]


def _open(url: str, headers: dict[str, str], body: dict | None = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _until(condition, within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.2)
