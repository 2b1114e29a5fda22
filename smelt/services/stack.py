"""Up, status and down: what the command line does with the services of one home."""

import fcntl
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from smelt.errors import SmeltError
from smelt.services import processes, supervisor
from smelt.services.catalogue import services
from smelt.services.ports import runtime_folder
from smelt.services.service import Service
from smelt.services.state import State, load_state, prepare_state
from smelt.services.supervisor import Supervised, read_supervised

GIVE_UP_AFTER = 3  # failed starts in a row, after which `smelt up` says so instead of waiting on


@dataclass(frozen=True)
class Status:
    """One service as it is now.

    Attributes:
        name: the service.
        address: where to reach it, or "".
        supervised: what the supervisor knows of it.
        healthy: it answers (or has done its work).
        num_processes: living processes that belong to it.
        memory: their memory in bytes, shared pages split.
    """

    name: str
    address: str
    supervised: Supervised
    healthy: bool
    num_processes: int
    memory: int


def up(home: Path, watch: Callable[[dict[str, Supervised]], None] = lambda entries: None) -> State:
    """Start what is not running, and return when everything answers.

    Args:
        home: the state folder.
        watch: called a few times a second with what the supervisor knows.

    Raises:
        SmeltError: when a service did not start in several tries.
    """
    with _only_one(home):
        for _ in range(GIVE_UP_AFTER):
            alive = processes.members(home)
            state = prepare_state(home, keep_ports=bool(alive))
            if supervisor.NAME not in alive:
                (home / supervisor.FILE).unlink(missing_ok=True)
                command = (sys.executable, "-m", "smelt.services.supervisor", str(state.home))
                itself = Service(supervisor.NAME, command, ready=lambda: True)
                processes.spawn(itself, state.home, state.logs / f"{supervisor.NAME}.log")
            if _all_ready(state, watch):
                return state
    raise SmeltError("the supervisor ended", where=supervisor.NAME, mend="see `smelt logs supervisor`")


def status(home: Path) -> list[Status]:
    """The supervisor and each service; empty where `smelt up` never ran."""
    state = load_state(home)
    if state is None:
        return []
    alive = processes.members(home)
    entries = read_supervised(home)
    found = []
    for service in services(state):
        members = alive.get(service.name, [])
        entry = entries.get(service.name, Supervised(phase="down")) if alive else Supervised(phase="down")
        healthy = bool(alive) and (service.once or bool(members)) and service.ready()
        memory = processes.memory_bytes(members)
        found.append(Status(service.name, service.address, entry, healthy, len(members), memory))
    watching = alive.get(supervisor.NAME, [])
    entry = Supervised("ready", watching[0].pid, watching[0].create_time()) if watching else Supervised(phase="down")
    memory = processes.memory_bytes(watching)
    return [Status(supervisor.NAME, "", entry, bool(watching), len(watching), memory), *found]


def down(home: Path, grace_s: float = 5.0) -> int:
    """End everything that belongs to this home; how many processes there were.

    The supervisor goes first, so that nothing is started again. State and data stay.
    """
    num_processes = sum(len(group) for group in processes.members(home).values())
    processes.end(home, [supervisor.NAME], grace_s=1)
    processes.end(home, grace_s=grace_s)
    (home / supervisor.FILE).unlink(missing_ok=True)
    shutil.rmtree(runtime_folder(home))
    return num_processes


def log_files(home: Path) -> dict[str, Path]:
    """The logs of the services by name, those that exist."""
    return {file.stem: file for file in sorted((home / "logs").glob("*.log"))}


def _all_ready(state: State, watch: Callable[[dict[str, Supervised]], None]) -> bool:
    """Wait until all services are; False when the supervisor has ended before."""
    while True:
        entries = read_supervised(state.home)
        watch(entries)
        for name, entry in entries.items():
            if entry.failures >= GIVE_UP_AFTER and entry.phase != "ready":
                raise SmeltError(f"does not start: {entry.error}", where=name, mend=f"see `smelt logs {name}`")
        if supervisor.all_ready(entries):
            return True
        if supervisor.NAME not in processes.members(state.home, [supervisor.NAME]):
            return False
        time.sleep(0.2)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Two `smelt up` in one home go one after the other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
