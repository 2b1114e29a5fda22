"""What ``bench.chaos`` does to what a whole stack stands on: its disk, its clock, the calls inside Ray."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from smelt.services.ports import runtime_folder

DISK_BYTES = 8 << 30
"""Of a file that holds nothing but what is written to it; the store wants 2 GiB free."""
JUMP_S = 600
"""Below the quarter of an hour by which a client's clock may differ from S3's."""
RPC_VARIABLES = {
    "RAY_testing_rpc_failure": json.dumps(
        {
            "*": {
                "num_failures": -1,
                "req_failure_prob": 1,
                "resp_failure_prob": 1,
                "in_flight_failure_prob": 1,
            }
        }
    ),
    "RAY_testing_rpc_failure_avoid_intra_node_failures": "0",
}
"""Of a hundred calls between Ray's processes one is lost, one's answer is, and one fails while it is answered."""


class Disk:
    """A file system of a stack's own, which can be full for a while; what is free is taken by one file."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "filling"
        self._timer: threading.Timer | None = None

    def fill(self, seconds: float) -> bool:
        """Be full for so long, from now on; always true."""
        self.close()
        with self._file.open("wb") as file:
            size, step = 0, 1 << 30
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2
        self._timer = threading.Timer(seconds, self.empty)
        self._timer.start()
        return True

    def empty(self) -> None:
        """Be so no more."""
        self._file.unlink(missing_ok=True)

    def close(self) -> None:
        """Be full no more, now."""
        if self._timer:
            self._timer.cancel()
        self.empty()


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """One mounted at ``folder``, which must be there; None where this user may not mount."""
    image = folder.with_name(f"{folder.name}.img")
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        image.unlink()
        yield None
        return
    disk = Disk(folder)
    try:
        yield disk
    finally:
        disk.close()
        subprocess.run(["umount", "--lazy", folder], check=True)
        image.unlink()


class Clock:
    """The wall clock of all that is started with ``variables``; monotonic clocks go on as they are.

    ``bench/faults/clock.c`` is preloaded into it. The store has no part in it: it asks the kernel itself.
    """

    def __init__(self, library: Path, file: Path) -> None:
        self._file, self._ahead_s = file, 0
        self._tell()
        self.variables = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(file)}

    def jump(self, seconds: int) -> bool:
        """Go ahead or back at once; whether it was not that far already."""
        if abs(self._ahead_s + seconds) > JUMP_S:
            return False
        self._ahead_s += seconds
        self._tell()
        return True

    def _tell(self) -> None:
        with self._file.open("r+b" if self._file.exists() else "wb") as file:  # in place: who reads it has it mapped
            file.write(self._ahead_s.to_bytes(8, sys.byteorder, signed=True))


def clock(folder: Path) -> Clock | None:
    """One that is kept in ``folder``; None where there is no C compiler, or the system is none it is written for."""
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    try:
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return Clock(library, folder / "clock")


def failed_calls(home: Path) -> int:
    """How many calls inside Ray have failed by ``RPC_VARIABLES``, as its logs tell."""
    found = 0
    for log in (runtime_folder(home) / "ray").glob("session_2*/logs/**/*"):
        with suppress(OSError), log.open("rb") as lines:
            found += sum(b": Inject RPC " in line for line in lines)
    return found
