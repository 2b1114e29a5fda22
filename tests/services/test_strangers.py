"""Another user of this machine gets nothing from the object store's ports, its files, or TensorBoard."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.store import store_in
from smelt.lake import Lake
from smelt.services import processes
from smelt.services.starting import wait_until_ready
from smelt.services.state import State, load_state
from smelt.services.tensorboard import tensorboard

NOBODY = 65534
TEXT = b"what nobody else may read"
WEED = Path(sys.executable).with_name("weed")
PATHS = ("/", "/status", "/metrics", "/dir/assign", "/dir/status", "/cluster/status", "/buckets/", "/ui/index.html")
COMMANDS = ("fs.ls /buckets/smelt/lake", "s3.configure", "fs.rm /buckets/smelt/lake/secret.txt")
OPEN = ("/", "/status", "/cluster/status", "/ui/index.html")
"""What tells versions, the leader and disk space, and nothing of what is stored."""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """A store with one object, and TensorBoard beside it; the folder's parents let anybody pass."""
    home = tmp_path_factory.mktemp("open") / "home"
    for parent in home.parents[:2]:
        parent.chmod(0o755)
    with store_in(home) as settings:
        Lake(settings).put("secret.txt", TEXT * 1000)
        found = load_state(home)
        assert found is not None
        service = tensorboard(found)
        child = processes.spawn(service, home, found.logs / "tensorboard.log")
        wait_until_ready(service, child, found.logs / "tensorboard.log")
        yield found


def as_nobody(do: Callable[[], Any]) -> Any:
    """What a function gives in a process of user 65534."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writing, json.dumps(do()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said)


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
    """Status and body of an answer; 0 where there is none."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request(method, path, body)
        answer = asked.getresponse()
        return answer.status, answer.read(100_000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        asked.close()


def test_its_folder_is_closed(state):
    assert state.home.stat().st_mode & 0o777 == 0o700
    volumes = [file for file in (state.home / "lake").iterdir() if file.suffix == ".dat"]
    assert volumes and all(file.stat().st_mode & 0o077 == 0 for file in volumes)

    def read() -> list[str]:
        found = []
        for file in (state.home / "services.json", state.home / "security.toml", state.home / "s3.json", *volumes):
            try:
                found.append(file.read_bytes()[:10].hex())
            except PermissionError:
                continue
        return found

    assert as_nobody(read) == []


def test_no_port_of_the_store_gives_or_takes_an_object(state):
    ports = {name: port for name, port in state.ports.items() if name.startswith("s3")}
    answers = as_nobody(
        lambda: [
            (name, method, path, *ask(port, method, path, b"x"))
            for name, port in ports.items()
            for method in ("GET", "POST", "PUT", "DELETE")
            for path in (*PATHS, *(f"/{volume},01637037d6" for volume in range(1, 8)), "/smelt/lake/secret.txt")
        ]
    )
    told = [state.secrets["s3_access_key"], state.secrets["s3_secret_key"], TEXT.decode(), "secret.txt"]
    for name, method, path, status, body in answers:
        assert not [word for word in told if word in body and word not in path], (name, path)
        if path not in OPEN:
            assert status in (0, 400, 401, 403, 404, 405, 411), (name, method, path, status)
    assert Lake(state.settings).get("secret.txt") == TEXT * 1000


@pytest.mark.parametrize("command", COMMANDS)
def test_its_shell_does_nothing_for_strangers(state, command):
    program = [
        str(WEED),
        "shell",
        f"-master=127.0.0.1:{state.ports['s3-master']}.{state.ports['s3-master-grpc']}",
        f"-filer=127.0.0.1:{state.ports['s3-filer']}.{state.ports['s3-filer-grpc']}",
    ]
    try:
        done = subprocess.run(
            program,
            input=f"{command}\nexit\n",
            capture_output=True,
            text=True,
            timeout=8,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/tmp",
            env={"HOME": "/tmp"},
        )
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as error:  # it asks the master for ever
        said = f"{error.stdout} {error.stderr}"
    assert "secret.txt" not in said.replace(command, "")
    assert state.secrets["s3_secret_key"] not in said
    assert Lake(state.settings).exists("secret.txt")


def test_tensorboard_asks_for_the_token(state):
    port, token = state.ports["tensorboard"], state.secrets["ray_token"]
    for path in ("/", "/data/environment", "/data/runs", "/data/logdir"):
        status, body = as_nobody(lambda path=path: ask(port, "GET", path))
        assert status == 401 and str(state.home) not in body
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asked.request("POST", "/?runFilter=x", "token=wrong")
    assert asked.getresponse().status == 401
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asked.request("POST", "/?runFilter=x", f"token={token}")
    answer = asked.getresponse()
    assert (answer.status, answer.headers["Location"]) == (303, "/?runFilter=x")
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert token not in cookie
    for headers in ({"Cookie": cookie}, {"Authorization": f"Bearer {token}"}):
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        asked.request("GET", "/data/environment", headers=headers)
        assert asked.getresponse().status == 200
