"""Pins: runs whose artifacts stay, however many newer runs there are.

A pin is an empty object beside the run, ``runs/<run id>/pinned``; garbage collection sees it in its listing.
"""

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.run import run_key


def pin_key(run_id: str) -> str:
    """Key of the run's pin."""
    return f"runs/{run_id}/pinned"


def pin(lake: Lake, run_id: str) -> None:
    """Keep what the run planned.

    Raises:
        StageError: when there is no such run.
    """
    _require(lake, run_id)
    lake.put(pin_key(run_id), b"")


def unpin(lake: Lake, run_id: str) -> None:
    """Let the run count as any other again.

    Raises:
        StageError: when there is no such run.
    """
    _require(lake, run_id)
    lake.delete([pin_key(run_id)])


def _require(lake: Lake, run_id: str) -> None:
    if not lake.exists(run_key(run_id)):  # whatever version wrote it
        raise StageError("no such run", where=run_id, mend="`smelt artifacts --runs` lists them")
