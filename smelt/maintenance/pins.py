"""Pins: runs whose artifacts stay, however many newer runs there are.

A pin is an empty object beside the run, ``runs/<run id>/pinned``; garbage collection sees it in its listing.
"""

from smelt.lake import Lake
from smelt.run import load_run


def pin_key(run_id: str) -> str:
    """Key of the run's pin."""
    return f"runs/{run_id}/pinned"


def pin(lake: Lake, run_id: str) -> None:
    """Keep what the run planned.

    Raises:
        StageError: when there is no such run.
    """
    lake.put(pin_key(load_run(lake, run_id).id), b"")


def unpin(lake: Lake, run_id: str) -> None:
    """Let the run count as any other again.

    Raises:
        StageError: when there is no such run.
    """
    lake.delete([pin_key(load_run(lake, run_id).id)])
