"""Waiting for a started service to be ready, and saying what it wrote last when it is not."""

import subprocess
import time
from pathlib import Path

from smelt.errors import SmeltError
from smelt.services.service import Service

READY_WITHIN_S = 180


def wait_until_ready(service: Service, child: subprocess.Popen, log: Path) -> None:
    """Return when the service is ready and what follows that is done.

    Raises:
        SmeltError: when it ended, or did not get ready within three minutes; carries the log's last line.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    while not service.ready():
        if child.poll() is not None:
            raise SmeltError(
                f"ended with status {child.returncode}: {last_line(log)}", where=service.name, mend=str(log)
            )
        if time.monotonic() > deadline:
            raise SmeltError(f"not ready in {READY_WITHIN_S} s: {last_line(log)}", where=service.name, mend=str(log))
        time.sleep(0.2)
    if service.on_ready:
        service.on_ready()


def last_line(log: Path) -> str:
    """The last line of a log that says something, cut to 200 characters."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it wrote nothing"
