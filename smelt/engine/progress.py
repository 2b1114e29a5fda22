"""Progress of a stage: a small object in the lake, and a line in the job's log now and then."""

import math
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from smelt import log
from smelt.lake import Lake
from smelt.metrics import PROGRESS, record
from smelt.run import progress_key
from smelt.stage import Progress
from smelt.words import RATED, figures, time_left, units

WRITE_EVERY_S = 1.0
PRINT_EVERY_S = 5.0


class ProgressWriter:
    """Called with every bit of progress; writes only so often. Picklable: a trainer may take it along.

    How long ago something was it takes from the monotonic clock, which no set clock moves: what it has seen stays in
    its process.
    """

    def __init__(self, lake: Lake, run: str, stage: str) -> None:
        self.lake, self.run, self.stage = lake, run, stage
        self.key = progress_key(run, stage)
        self.started = time.time()
        self._first: tuple[float, Progress] | None = None
        self._last = 0
        self._written = self._printed = -math.inf

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_first": None, "_written": -math.inf, "_printed": -math.inf}

    def __call__(self, progress: Progress, *, state: str = "running") -> None:
        now = time.monotonic()
        if self._first is None or progress.done < self._last or progress.total != self._first[1].total:
            self._first = (now, progress)
        self._last = progress.done
        final = state != "running" or progress.done == progress.total
        writes, prints = final or now - self._written >= WRITE_EVERY_S, final or now - self._printed >= PRINT_EVERY_S
        if not (writes or prints):
            return
        described = self._describe(progress, state, now)
        if writes:
            self._written = now
            self.lake.put_json(self.key, described)
            record(PROGRESS, progress.done / max(progress.total, 1), run=self.run, stage=self.stage)
        if prints:
            self._printed = now
            said = (units(described), figures(described), time_left(described))
            with log.bound(run=self.run, stage=self.stage):
                log.logger.info("%s: %s", self.stage, ", ".join(part for part in said if part))

    def _describe(self, progress: Progress, state: str, now: float) -> dict[str, Any]:
        """The object: pace and time left are those since this attempt's round began, without what it found made."""
        assert self._first is not None
        began, first = self._first
        elapsed, new = now - began, progress.done - first.done
        eta = elapsed / new * (progress.total - progress.done) if new > 0 else None
        return {
            **asdict(progress),
            "stage": self.stage,
            "state": state,
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            "updated": datetime.now(UTC).isoformat(timespec="seconds"),
            "eta_s": None if eta is None else round(eta, 1),
            "rate": _rate(first, progress, elapsed) if new > 0 and elapsed > 0 else None,
        }


def _rate(first: Progress, now: Progress, elapsed: float) -> dict[str, Any] | None:
    """Tokens, documents or else units a second; None where the figures tell a rate of their own."""
    if any(name.endswith("_per_s") for name in now.figures):
        return None
    added = {name: now.figures[name] - first.figures.get(name, 0) for name in RATED if name in now.figures}
    added |= {now.unit.partition(" ")[0].rstrip(","): float(now.done - first.done)}
    of, amount = next(iter(added.items()))
    return {"per_s": round(amount / elapsed, 3), "of": of}
