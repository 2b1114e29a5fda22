"""Start, find and end the processes of a home's services.

A process belongs to a service when its environment says so (see `smelt.services.service`). That holds
for what a killed service left behind as much as for the service itself, so nothing needs to have been
written down, and another home's processes are never touched.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from smelt.services.service import HOME_VARIABLE, SERVICE_VARIABLE, Service

LOG_BYTES = 20 << 20  # a longer log is put aside, as NAME.log.1


def spawn(service: Service, home: Path, log: Path) -> subprocess.Popen:
    """Start a service in a session of its own, its output appended to ``log``.

    What it writes, this user alone can read.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    log.touch(mode=0o600)
    put_aside(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            service.command,
            env=environment(service, home),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )


def put_aside(log: Path) -> None:
    """Copy a log that has grown long to ``NAME.log.1`` and empty it; its service, which appends, writes on."""
    if log.stat().st_size <= LOG_BYTES:
        return
    partial, aside = log.with_name(f"{log.name}.partial"), log.with_name(f"{log.name}.1")
    partial.touch(mode=0o600)
    shutil.copyfile(log, partial)
    os.truncate(log, 0)
    partial.rename(aside)


def environment(service: Service, home: Path) -> dict[str, str]:
    """The environment of a service: this process's, the service's own, and the mark by which it is found."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "SPT_NOENV": "1",  # setproctitle would otherwise write its title over the mark in /proc/PID/environ
        **service.environment,
        SERVICE_VARIABLE: service.name,
        HOME_VARIABLE: str(home.resolve()),
    }


def members(home: Path, names: Iterable[str] | None = None) -> dict[str, list[psutil.Process]]:
    """Living processes of this home's services by service name, oldest first; of ``names`` only where given."""
    wanted = None if names is None else set(names)
    found: dict[str, list[psutil.Process]] = {}
    for pid in sorted(psutil.pids()):
        mark = _mark(pid)
        if mark and mark[1] == str(home.resolve()) and (wanted is None or mark[0] in wanted):
            with suppress(psutil.NoSuchProcess):  # it ended just now
                found.setdefault(mark[0], []).append(psutil.Process(pid))
    return found


def end(home: Path, names: Iterable[str] | None = None, *, grace_s: float) -> int:
    """End this home's processes (of these services): asked first, killed after ``grace_s`` seconds.

    Processes that appear meanwhile are ended as well. Returns how many had to be killed.
    """
    num_killed = 0
    asked: set[int] = set()
    deadline = time.monotonic() + grace_s
    names = None if names is None else set(names)
    while left := [process for group in members(home, names).values() for process in group]:
        late = time.monotonic() > deadline
        for process in left:
            if late or process.pid not in asked:
                asked.add(process.pid)
                _signal(process, kill=late)
                num_killed += late
        psutil.wait_procs(left, timeout=0.1)
    return num_killed


def age_s(process: psutil.Process) -> float:
    """Seconds since a process was started, whatever was done to the wall clock meanwhile.

    Raises:
        OSError: when it has ended.
    """
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def memory_bytes(processes: Iterable[psutil.Process]) -> int:
    """Memory of these processes, shared pages split among those that share them (PSS), in bytes."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def _mark(pid: int) -> tuple[str, str] | None:
    """(service, home) of a living process, or None where it carries no mark or is another user's."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    variables: Mapping[bytes, bytes] = dict(pair.partition(b"=")[::2] for pair in content.split(b"\0"))
    service, home = variables.get(SERVICE_VARIABLE.encode()), variables.get(HOME_VARIABLE.encode())
    return (service.decode(), home.decode()) if service and home else None


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        process.kill() if kill else process.terminate()
    except psutil.NoSuchProcess:
        return
