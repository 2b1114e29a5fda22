"""Progress of a stage: a small object in the lake, and a line in the job's log now and then."""

import time
from dataclasses import asdict
from datetime import UTC, datetime

from smelt import log
from smelt.lake import Lake
from smelt.metrics import PROGRESS, record
from smelt.run import progress_key
from smelt.stage import Progress

WRITE_EVERY_S = 1.0
PRINT_EVERY_S = 5.0


class ProgressWriter:
    """Called with every bit of progress; writes only so often. Picklable: a trainer may take it along."""

    def __init__(self, lake: Lake, run: str, stage: str) -> None:
        self.lake, self.run, self.stage = lake, run, stage
        self.key = progress_key(run, stage)
        self.started = time.time()
        self._first_done: int | None = None
        self._written = self._printed = 0.0

    def __call__(self, progress: Progress, *, state: str = "running") -> None:
        now = time.time()
        if self._first_done is None:
            self._first_done = progress.done
        final = state != "running" or progress.done == progress.total
        if final or now - self._written >= WRITE_EVERY_S:
            self._written = now
            self.lake.put_json(self.key, self._describe(progress, state, now))
            record(PROGRESS, progress.done / max(progress.total, 1), run=self.run, stage=self.stage)
        if final or now - self._printed >= PRINT_EVERY_S:
            self._printed = now
            figures = " ".join(f"{name}={value:,.6g}" for name, value in progress.figures.items())
            with log.bound(run=self.run, stage=self.stage):
                words = f"{self.stage}: {progress.done}/{progress.total} {progress.unit} {figures}"
                log.logger.info("%s", words.rstrip())

    def _describe(self, progress: Progress, state: str, now: float) -> dict:
        elapsed, new = now - self.started, progress.done - (self._first_done or 0)
        eta = elapsed / new * (progress.total - progress.done) if new > 0 else None
        return {
            **asdict(progress),
            "stage": self.stage,
            "state": state,
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            "updated": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
            "eta_s": None if eta is None else round(eta, 1),
        }
