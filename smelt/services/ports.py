"""Which ports the services of one home take.

Each service prefers a port of its own, so that addresses are easy to guess, and steps over those that
are taken: by a listening program, or by another home that has chosen them and whose services may not
listen yet. What a home has chosen is written down in its runtime folder under a machine-wide lock.
"""

import fcntl
import json
import os
import socket
import stat
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from smelt.errors import SmeltError

CLAIMS = "ports.json"
CLAIM_HOLDS_S = 300  # by then the services listen, and the ports show as taken


def choose(home: Path, preferred: Mapping[str, int], *, keep: bool) -> dict[str, int]:
    """A free port for each name, and the claim on them.

    Args:
        home: the state folder that the ports are for.
        preferred: name -> first port to try; the following ones are tried in turn.
        keep: take the preferred ports as they are, since this home's living services hold them.
    """
    runtime = runtime_folder(home)
    with (runtime.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken = _claimed_by_others(runtime)
        chosen = {}
        for name, port in preferred.items():
            while not keep and (port in taken or not is_free(port)):
                port += 1
            chosen[name] = port
            taken.add(port)
        (runtime / CLAIMS).write_text(json.dumps(chosen))
    return chosen


def runtime_folder(home: Path) -> Path:
    """A short folder for sockets, made where missing: a Unix socket's path may have 107 characters at most.

    ``/tmp/smelt-<user id>/<hash of the home>``, readable by this user only.

    Raises:
        SmeltError: another user has made the folder first.
    """
    mine = Path(tempfile.gettempdir()) / f"smelt-{os.getuid()}"
    with suppress(FileExistsError):
        mine.mkdir(mode=0o700)
    found = mine.lstat()  # any user can have made it before, or a link in its place
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        mend = "remove it, or let TMPDIR name a folder of your own"
        raise SmeltError("is no folder of this user's", where=str(mine), mend=mend)
    mine.chmod(0o700)
    folder = mine / sha256(str(home.resolve()).encode()).hexdigest()[:8]
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback interface and of all interfaces."""
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.socket() as probe:
            # as servers do: connections of an ended server in TIME_WAIT do not hold the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def _claimed_by_others(runtime: Path) -> set[int]:
    claimed: set[int] = set()
    for file in runtime.parent.glob(f"*/{CLAIMS}"):
        with suppress(FileNotFoundError):  # the other home is just being taken down
            if file.parent != runtime and abs(time.time() - file.stat().st_mtime) < CLAIM_HOLDS_S:
                claimed.update(json.loads(file.read_text()).values())
    return claimed
