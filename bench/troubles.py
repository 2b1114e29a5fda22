"""What ``bench.chaos`` does to the processes of a stack: kinds of kill and of pause, each on a process of its kind."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from smelt.services import processes, supervisor
from smelt.services.airflow import API_SERVER

PAUSE_S = 60.0
Victims = Callable[[Mapping[str, list[psutil.Process]]], list[psutil.Process]]


def _of_service(name: str) -> Victims:
    return lambda members: members.get(name, [])


def _of_ray(*words: str) -> Victims:
    """Ray's processes whose command line has all of these words."""

    def found(members: Mapping[str, list[psutil.Process]]) -> list[psutil.Process]:
        return [process for process in members.get("ray", []) if all(word in _command(process) for word in words)]

    return found


def _worker(members: Mapping[str, list[psutil.Process]]) -> list[psutil.Process]:
    """Ray's workers that work on something; trainers are a kind of their own."""
    busy = _of_ray("ray::")(members)
    return [process for process in busy if not any(word in _command(process) for word in ("IDLE", "Train", "JobSup"))]


KILLS: Mapping[str, Victims] = {
    "driver": _of_ray("smelt.engine.job", "--stage"),
    "worker": _worker,
    "trainer": _of_ray("ray::", "RayTrainWorker"),
    "job supervisor": _of_ray("ray::", "JobSupervisor"),
    "raylet": _of_ray("raylet/raylet"),
    "GCS": _of_ray("gcs_server"),
    "dashboard": _of_ray("dashboard.py"),
    "store": _of_service("s3"),
    "scheduler": _of_service("scheduler"),
    "triggerer": _of_service("triggerer"),
    "API server": _of_service(API_SERVER),
    "DAG processor": _of_service("dag-processor"),
    "supervisor": _of_service(supervisor.NAME),
}
PAUSES: Mapping[str, Victims] = {
    name: KILLS[name] for name in ("driver", "worker", "trainer", "scheduler", "triggerer", "raylet", "store")
}


class Troubles:
    """Ends and pauses processes of a home, one at a time, until it is told to stop.

    Args:
        home: the stack's home.
        every_s: seconds between two, on average.
        outage: puts the whole store out of order for a while; one of the kinds.
        up: starts what a killed supervisor leaves, as its user would.

    Attributes:
        done: how often each kind was done.
    """

    def __init__(
        self, home: Path, every_s: float, outage: Callable[[], object], up: Callable[[], object], seed: int
    ) -> None:
        self._home, self._every_s, self._outage, self._up = home, every_s, outage, up
        self._random = random.Random(seed)
        self._stopped = threading.Event()
        self.done: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> "Troubles":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _go_on(self) -> None:
        kinds = [*(f"kill {name}" for name in KILLS), *(f"pause {name}" for name in PAUSES), "outage"]
        while not self._stopped.wait(self._random.uniform(0.5, 1.5) * self._every_s):
            kind = next(kind for kind in self._random.sample(kinds, len(kinds)) if self._do(kind))
            self.done[kind] += 1
            print(f"{time.strftime('%H:%M:%S')}  {kind}", flush=True)
            if kind == "kill supervisor":
                self._up()

    def _do(self, kind: str) -> bool:
        """Do it; whether there was anything to do it to."""
        if kind == "outage":
            self._outage()
            return True
        what, _, name = kind.partition(" ")
        found = KILLS[name](processes.members(self._home))
        if not found:
            return False
        victim = self._random.choice(found)
        with suppress(ProcessLookupError):
            if what == "kill":
                os.kill(victim.pid, signal.SIGKILL)
                return True
            os.kill(victim.pid, signal.SIGSTOP)
            self._stopped.wait(PAUSE_S)
            os.kill(victim.pid, signal.SIGCONT)
            return True
        return False


def _command(process: psutil.Process) -> str:
    """The process's command line, or nothing where it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
