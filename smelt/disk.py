"""A full disk in words: libraries tell it each in their own way, or say only that they have failed."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smelt.errors import DiskFullError, SmeltError

FULL = (errno.ENOSPC, errno.EDQUOT)
NOTHING_LEFT = 64 << 10
"""Free bytes; where fewer are left behind a failure, that is why, though the library doesn't say so."""


@contextmanager
def told_when_full(folder: Path) -> Iterator[None]:
    """For work that writes into ``folder``: where it fails since there is no room, say so.

    Raises:
        DiskFullError: with the folder, what is left there, and the mend.
    """
    try:
        yield
    except SmeltError:
        raise
    except Exception as error:
        free = _free(folder)
        if free >= NOTHING_LEFT and not _says_full(error):
            raise
        raise _full(folder, f"{free / 1e6:,.1f} MB are free") from error


def reserve(file: Path, num_bytes: int) -> None:
    """Make a file of that size whose room is taken already: one that is mapped kills its writer where there is none.

    Raises:
        DiskFullError: there is less room, with what is needed.
    """
    with file.open("wb") as target:
        if num_bytes == 0:
            return
        try:
            os.posix_fallocate(target.fileno(), 0, num_bytes)
        except OSError as error:
            if error.errno not in FULL:
                raise
            target.truncate(0)
            needed, free = num_bytes / 1e6, _free(file.parent) / 1e6
            raise _full(file.parent, f"{needed:,.1f} MB are needed, {free:,.1f} MB are free") from error


def _full(folder: Path, room: str) -> DiskFullError:
    mend = "make room there, and try again: what is made stays"
    return DiskFullError(f"the disk is full: {room}", where=str(folder), mend=mend)


def _free(folder: Path) -> int:
    """Free bytes of the disk that a folder lies on, or would."""
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(there).free


def _says_full(error: BaseException | None) -> bool:
    while error is not None:
        if getattr(error, "errno", None) in FULL or "No space left on device" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
