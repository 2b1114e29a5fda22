"""Another user of this machine gets nothing from any port on which a process of the running stack listens."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from smelt.lake import Lake
from smelt.services import processes
from smelt.services.state import SECRETS

NOBODY = 65534
STRANGER = Path(__file__).with_name("stranger.py")
OPEN = {
    "airflow": "<!doctype html>",  # the page that asks for the login, whatever the path
    "ray": "<!doctype html>",  # the dashboard's, without data
    "ray-agent": "success",
    "ray-metrics": "# HELP ",
    "s3": "",  # /status
    "s3-master": "<!DOCTYPE html>",  # version and disk space
    "s3-volume": '{"DiskStatuses":',
}
"""How what anybody is told begins, by port; docs/operate.md says so."""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_gets_nothing_from_any_port(stack):
    lake = Lake(stack.settings)
    lake.put("hidden.txt", b"what nobody else may read")
    names = {port: name for name, port in stack.ports.items()}
    ports = _listening(stack.home)
    assert set(stack.ports.values()) <= ports and len(ports) > len(names)
    command = [sys.executable, "-I", str(STRANGER), str(NOBODY), *map(str, sorted(ports))]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert [answer["port"] for answer in said] == sorted(ports)
    hidden = [*(stack.secrets[name] for name in SECRETS), "hidden.txt", "nobody else"]
    for answer in said:
        name = names.get(answer["port"], "")
        assert "OK" not in answer["grpc"].values(), (name, answer)
        for method, path, status, body in answer["http"]:
            assert not [word for word in hidden if word in body], (name, method, path)
            if status < 400:
                assert name in OPEN and body.startswith(OPEN[name]), (name, method, path, status, body[:200])
    assert (
        "UNAUTHENTICATED" in next(answer["grpc"] for answer in said if names.get(answer["port"]) == "ray-gcs").values()
    )
    assert lake.get("hidden.txt") == b"what nobody else may read"


def _listening(home: Path) -> set[int]:
    """The ports of all processes that belong to a home."""
    found = set()
    for process in [process for group in processes.members(home).values() for process in group]:
        with suppress(psutil.NoSuchProcess):  # it has ended since
            found |= {one.laddr.port for one in process.net_connections("inet") if one.status == "LISTEN"}
    return found
