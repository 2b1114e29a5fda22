"""Programs that a model wrote, run where they can do no harm: no network, no files but Python's own, no children.

The process confines itself before it compiles a line of the program, with what Linux gives any user: Landlock for
files and TCP, a seccomp filter for sockets and processes, limits of memory and files, and the parent's clock for time.
"""

import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from smelt.errors import StageError

SECONDS, MEMORY, FILE_BYTES = 10, 1 << 30, 1 << 20
"""Seconds of the clock and of the processor, bytes of memory and of a file that a program may take."""
CONFINED = Path(__file__).with_name("confined.py")
UNCONFINED = 97
"""What the process exits with where it can't be confined."""


def passes(program: str, tests: str, *, seconds: float = SECONDS) -> bool:
    """Whether a program and the tests behind it run to their end without an error.

    Raises:
        StageError: when this machine can't confine a process; nothing is run then.
    """
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="smelt-program-") as folder, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(CONFINED), str(MEMORY), str(int(seconds) + 1), str(FILE_BYTES)],
            stdin=subprocess.PIPE,
            stdout=said,  # a file, whose size is limited: nothing that the program writes is held in memory here
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"HOME": folder, "PATH": "/nowhere", "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        try:
            process.communicate(f"{token}\0{program}\n\0{tests}".encode("utf-8", "replace"), timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        answer = said.read(len(token) + 1)
    if process.returncode == UNCONFINED:
        raise StageError(
            "this machine can't confine a program (that takes Linux 5.13 with Landlock and seccomp)",
            where="evaluate.benchmarks",
            mend="leave the forms with `generate:code` out, or judge elsewhere",
        )
    return process.returncode == 0 and answer == token.encode()
