"""The supervisor: one small process that keeps a home's services alive.

Each service has a thread that starts it (or adopts the one that is alive, after the supervisor itself
was killed), waits until it answers, and then waits for its end, asking now and then whether it still
answers. A service that ends is started again after whatever it left behind has been ended, at once the
first time and then more and more slowly; so is one that lives and has been silent for minutes, or is stuck. Else the
supervisor ends no service: `smelt down` ends the supervisor first and then everything that carries the
home's mark, so nothing can be started behind its back.
"""

import fcntl
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

import psutil

from smelt.errors import SmeltError
from smelt.services import processes
from smelt.services.catalogue import services
from smelt.services.ports import is_free
from smelt.services.service import Service
from smelt.services.starting import READY_WITHIN_S, last_line
from smelt.services.state import State, load_state

NAME = "supervisor"
FILE = "supervised.json"
LOCK = "supervisor.lock"
LOCK_WITHIN_S = 5.0
STEADY_S = 60.0  # a service that lived this long begins anew with short pauses
LONGEST_PAUSE_S = 30.0
LOOK_EVERY_S = 30.0
SILENT_LOOKS = 8  # in a row: four minutes at least, however late the looks come on a busy machine


@dataclass
class Supervised:
    """What the supervisor knows of one service.

    Attributes:
        phase: waiting, starting, ready, pausing (before the next start) or done.
        pid: the process, or None.
        since: Unix time of the last start.
        restarts: starts after the first.
        failures: starts in a row that did not live for a minute.
        error: why it ended last, or "".
    """

    phase: str = "waiting"
    pid: int | None = None
    since: float = 0.0
    restarts: int = 0
    failures: int = 0
    error: str = ""


def read_supervised(home: Path) -> dict[str, Supervised]:
    """What the supervisor wrote last, by service; empty where none ran since the last `smelt down`."""
    file = home / FILE
    if not file.exists():
        return {}
    return {name: Supervised(**entry) for name, entry in json.loads(file.read_text()).items()}


def all_ready(entries: Mapping[str, Supervised]) -> bool:
    """Whether the supervisor has found all of its services ready, or done with their work."""
    return bool(entries) and all(entry.phase in ("ready", "done") for entry in entries.values())


def main(home: Path) -> None:
    """Supervise the services of ``home`` until killed; returns when another supervisor does."""
    with (home / LOCK).open("w") as lock:
        if not _is_ours(lock):
            return
        state = load_state(home)
        if state is None:
            raise SmeltError("no services are known here", where=str(home), mend="smelt up")
        Supervisor(state, services(state)).run()


def _is_ours(lock: TextIO) -> bool:
    """Take the lock. One that was killed may leave it for a moment to a child that is not its program yet."""
    deadline = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        else:
            return True


class Supervisor:
    """Threads that each watch one service, and the file in which they report."""

    def __init__(self, state: State, watched: list[Service]) -> None:
        self.state, self.watched = state, watched
        self.ready = {service.name: threading.Event() for service in watched}
        self.entries = {service.name: Supervised() for service in watched}
        self.lock = threading.Lock()
        self.untold = False  # something that has changed is not in the file, since the disk is full

    def run(self) -> None:
        """Watch all services; does not return."""
        threads = [threading.Thread(target=self._watch, args=(service,), daemon=True) for service in self.watched]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        threading.Event().wait()

    def _watch(self, service: Service) -> None:
        entry = self.entries[service.name]
        if service.once and service.ready():
            self._report(service, phase="done", error="")
            self.ready[service.name].set()
            return
        while True:
            for name in service.after:
                self.ready[name].wait()
            started = time.monotonic()
            try:
                process = self._adopt(service) or self._start(service)
                self._wait_until_ready(service, process)
                self._report(service, phase="ready")
                self._log(f"{service.name}: ready after {time.monotonic() - started:.1f} s")
                self.ready[service.name].set()
                error = self._wait_for_end(service, process)
            except Exception as failure:  # whatever is wrong with one service, the others are watched on
                error = str(failure)
            if service.once and self.ready[service.name].is_set():
                self._report(service, phase="done", pid=None, error="")
                return
            self.ready[service.name].clear()
            lived = time.monotonic() - started
            failures = 1 if lived > STEADY_S else entry.failures + 1
            self._report(service, phase="pausing", pid=None, failures=failures, error=error)
            self._log(f"{service.name}: {error} after {lived:.0f} s")
            processes.end(self.state.home, [service.name], grace_s=service.grace_s)
            time.sleep(min(LONGEST_PAUSE_S, 2.0 ** (failures - 2)) if failures > 1 else 0)
            self._report(service, restarts=entry.restarts + 1)

    def _adopt(self, service: Service) -> psutil.Process | None:
        """The service's living process where it answers; one that does not is ended."""
        left = processes.members(self.state.home, [service.name]).get(service.name, [])
        if left and not service.once and service.ready():
            self._log(f"{service.name}: goes on as {left[0].pid}")
            self._report(service, phase="ready", pid=left[0].pid, since=left[0].create_time(), error="")
            return left[0]
        if left:
            processes.end(self.state.home, [service.name], grace_s=service.grace_s)
        return None

    def _start(self, service: Service) -> subprocess.Popen:
        _wait_for_ports(service)
        process = processes.spawn(service, self.state.home, self.log_of(service))
        self._log(f"{service.name}: started as {process.pid}")
        self._report(service, phase="starting", pid=process.pid, since=time.time())
        return process

    def _wait_until_ready(self, service: Service, process: psutil.Process | subprocess.Popen) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        log = self.log_of(service)
        while not service.once and not service.ready():
            if not _is_alive(process):
                raise SmeltError(f"ended before it was ready: {last_line(log)}")
            if time.monotonic() > deadline:
                raise SmeltError(f"not ready in {READY_WITHIN_S} s: {last_line(log)}")
            time.sleep(0.7)
        if service.once and (error := self._wait_for_end(service, process)) != "ended with status 0":
            raise SmeltError(f"{error}: {last_line(log)}")
        if service.on_ready:
            service.on_ready()

    def _wait_for_end(self, service: Service, process: psutil.Process | subprocess.Popen) -> str:
        """Until the process has ended, or lives and answers or works no more; which of them, in words."""
        silent = 0
        while not _ends_within(process, None if service.once else LOOK_EVERY_S):
            if self.untold:
                self._report(service)
            with suppress(OSError):  # no room for the copy, or somebody took the log away: not the service's fault
                processes.put_aside(self.log_of(service))
            silent = 0 if _answers(service) or not self._is_known(service) else silent + 1
            if silent == SILENT_LOOKS:
                return f"alive, but did not answer for {silent * LOOK_EVERY_S:.0f} s"
            if service.stuck is not None and service.stuck():
                return "alive, but could do its work no more"
        return _end_of(process)

    def _is_known(self, service: Service) -> bool:
        """Whether it is the service's own silence: the one through which it is asked does answer."""
        return all(_answers(other) for other in self.watched if other.name == service.through)

    def log_of(self, service: Service) -> Path:
        """The file to which the service writes."""
        return self.state.logs / f"{service.name}.log"

    def _report(self, service: Service, **changes: object) -> None:
        with self.lock:
            entry = self.entries[service.name]
            for name, value in changes.items():
                setattr(entry, name, value)
            partial = self.state.home / f".{FILE}.partial"
            try:
                partial.write_text(json.dumps({name: asdict(entry) for name, entry in self.entries.items()}, indent=2))
                partial.rename(self.state.home / FILE)
                self.untold = False
            except OSError:
                self.untold = True

    def _log(self, line: str) -> None:
        with suppress(OSError):  # the disk is full: services are kept alive all the same
            print(time.strftime("%Y-%m-%d %H:%M:%S"), line, flush=True)


def _wait_for_ports(service: Service, within_s: float = 5.0) -> None:
    """A moment for the sockets of a process that has just ended.

    Raises:
        SmeltError: when another program holds a port that the service needs.
    """
    deadline = time.monotonic() + within_s
    while taken := [port for port in service.ports if not is_free(port)]:
        if time.monotonic() > deadline:
            mend = "`smelt down` and `smelt up` choose other ports"
            raise SmeltError(f"port {taken[0]} is taken by another program", mend=mend)
        time.sleep(0.1)


def _ends_within(process: psutil.Process | subprocess.Popen, within_s: float | None) -> bool:
    """Wait, without using the CPU, until the process ends, so long at most; whether it has ended."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], within_s)[0])
    finally:
        os.close(descriptor)


def _end_of(process: psutil.Process | subprocess.Popen) -> str:
    """How a process that has ended did so, in words."""
    if isinstance(process, subprocess.Popen):
        status = process.wait()
        return f"killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return "ended"


def _answers(service: Service) -> bool:
    try:
        return (service.alive or service.ready)()
    except Exception:  # an answer that is cut short, say
        return False


def _is_alive(process: psutil.Process | subprocess.Popen) -> bool:
    return process.poll() is None if isinstance(process, subprocess.Popen) else process.is_running()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
