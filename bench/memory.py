"""Memory of this process, as the kernel counts it."""

from pathlib import Path


def memory_mb(name: str) -> float:
    """Resident memory in MB: ``VmRSS`` now, ``VmHWM`` at its peak, which unlike ``ru_maxrss`` is the process's own."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) * 1024 / 1e6
