"""A profile of a few warm steps: a Chrome trace with the parts of a step by name, and a table of operators.

Megatron times forward and backward by a ``timers`` object of its config; here one stands in that marks them as ranges.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile, record_function, schedule

WAIT, WARM_UP, ACTIVE = 1, 2, 3
"""Steps that are passed over, that run with the profiler on and are thrown away, and that are written down."""
NUM_STEPS = WAIT + WARM_UP + ACTIVE + 1
"""Steps that a profile takes: each is launched before the one before it is looked at, so one more than it counts."""
NAMES = {"forward-compute": "forward", "backward-compute": "backward", "forward-backward": "micro batches"}
"""What Megatron times, and what a profile calls it."""
NUM_ROWS = 20
"""Operators in the table."""
TRACE = "trace.json"


class Ranges:
    """Stands where Megatron has its timers: what they time becomes a range of the profile."""

    def __init__(self) -> None:
        self._ranges: dict[str, Range] = {}

    def __call__(self, name: str, log_level: int = 0) -> "Range":
        """The timer of that name."""
        return self._ranges.setdefault(name, Range(NAMES.get(name, name)))


class Range:
    """One named range, begun and ended again and again."""

    def __init__(self, name: str) -> None:
        self._name = name

    def start(self, barrier: bool = False) -> None:
        """Begin."""
        self._open = record_function(self._name)
        self._open.__enter__()

    def stop(self) -> None:
        """End."""
        self._open.__exit__(None, None, None)


def profiler(folder: Path, say: Callable[[str], None] = print) -> profile:
    """A profiler whose ``step`` is called after each training step; after ``NUM_STEPS`` the trace is in ``folder``.

    Args:
        say: told the table of the operators that took longest, and where the trace lies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"

    def write(found: profile) -> None:
        path = folder / TRACE
        found.export_chrome_trace(str(path))
        table = found.key_averages().table(
            sort_by=f"self_{device}_time_total", row_limit=NUM_ROWS, max_name_column_width=60
        )
        say(f"{table}\n{ACTIVE} steps: {path} (open it in https://ui.perfetto.dev)")

    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
    steps = schedule(wait=WAIT, warmup=WARM_UP, active=ACTIVE, repeat=1)
    return profile(activities=activities, schedule=steps, on_trace_ready=write, acc_events=True)
