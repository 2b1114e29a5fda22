"""What ``bench.chaos`` does to a stack, one thing at a time: kills and pauses of its processes, and what it is given.

The kinds are dealt like cards: each has its turn before any has its second. One whose process is not there waits for
it, and comes as soon as it is. What was killed is started again before the next comes, so that a slow machine, on which
Ray takes a minute to start, is not kept without it.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from smelt.services import processes, supervisor
from smelt.services.airflow import API_SERVER

PAUSE_S = 60.0
WHOLE_WITHIN_S = 300.0
"""Seconds that are waited for what was killed to be started again."""
LOOK_EVERY_S = 0.5
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
KINDS = (*(f"kill {name}" for name in KILLS), *(f"pause {name}" for name in PAUSES))


class Deck:
    """Kinds in an order that follows from a seed; all have had their turn, or wait for it, before it is shuffled anew.

    Attributes:
        waiting: kinds whose turn came when they could not be done, in that order.
    """

    def __init__(self, kinds: Iterable[str], seed: int) -> None:
        self._kinds, self._random = list(kinds), random.Random(seed)
        self._left: list[str] = []
        self.waiting: list[str] = []

    def next(self) -> str:
        """The next one in turn; one that waits already has been dealt."""
        while True:
            if not self._left:
                self._left = self._random.sample(self._kinds, len(self._kinds))
            if (kind := self._left.pop()) not in self.waiting:
                return kind


class Troubles:
    """Does one kind after the other to a home until it is told to stop.

    Args:
        home: the stack's home.
        every_s: seconds between two, on average, while all services answer.
        deck: the order of the kinds: those of ``KINDS`` and of ``others``.
        others: what is done to more than a process; each says whether it could be.
        up: starts what a killed supervisor leaves, as its user would.
        is_whole: whether what was killed is there again.

    Attributes:
        done: how often each kind was done.
    """

    def __init__(
        self,
        home: Path,
        every_s: float,
        deck: Deck,
        others: Mapping[str, Callable[[], bool]],
        up: Callable[[], object],
        is_whole: Callable[[], bool],
        seed: int,
    ) -> None:
        self._home, self._every_s, self._deck, self._others = home, every_s, deck, others
        self._up, self._is_whole = up, is_whole
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
        while not self._stopped.wait(self._every_s / 2):
            self._wait_until_whole()
            kind = self._one_that_waited(self._random.uniform(0, self._every_s)) or self._one_in_turn()
            self.done[kind] += 1
            print(f"{time.strftime('%H:%M:%S')}  {kind}", flush=True)
            if kind == "kill supervisor":
                self._up()

    def _wait_until_whole(self) -> None:
        deadline = time.monotonic() + WHOLE_WITHIN_S
        while not self._is_whole() and time.monotonic() < deadline and not self._stopped.wait(LOOK_EVERY_S):
            pass

    def _one_that_waited(self, within_s: float) -> str | None:
        """Do the first kind that has waited and can be done, as soon as one can; None where none can within this."""
        deadline = time.monotonic() + within_s
        while True:
            for kind in self._deck.waiting:
                if self._do(kind):
                    self._deck.waiting.remove(kind)
                    return kind
            if time.monotonic() > deadline or self._stopped.wait(LOOK_EVERY_S):
                return None

    def _one_in_turn(self) -> str:
        """Do the next kind that can be done; those before it wait."""
        while not self._do(kind := self._deck.next()):
            self._deck.waiting.append(kind)
        return kind

    def _do(self, kind: str) -> bool:
        """Do it; whether there was anything to do it to."""
        if kind in self._others:
            return self._others[kind]()
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
