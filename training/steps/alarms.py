"""Alarms while training goes on: throughput that fell, waiting for data, a label that drifts, a disk that fills.

They are looked for every ``WINDOW`` steps in the metrics of the steps; ``smelt/recipe/training/alarms.py`` has the
limits. That no step comes at all is seen from outside, by whoever follows the job (``operators/jobs/silence.py``).
"""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from smelt.recipe.training.alarms import AlarmsConfig

WINDOW = 50
"""Steps that a figure is taken over. A phase's first window is what its next ones are compared with."""
ALL = "all"


class Alarms:
    """Looks at the steps of a phase as they come. An alarm is given once, and again when it had been over."""

    def __init__(self, config: AlarmsConfig, disk: Path) -> None:
        """Starts with nothing seen.

        Args:
            disk: a folder on the disk that training writes to.
        """
        self._config, self._disk = config, disk
        self.restart([])

    def restart(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Forget what was seen, as at a phase's start or where training goes on.

        Args:
            lines: metrics of steps of the same phase that came before, for what is usual.
        """
        self._rates = [line["tokens_per_s"] for line in lines]
        self._window: list[Mapping[str, Any]] = []
        self._lowest: dict[str, float] = {}
        self._lasting: set[str] = set()
        self._is_first = True

    def take_in(self, line: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Take in a step's metrics.

        Returns:
            The alarms that it gives, each as ``kind`` and figures.
        """
        self._window.append(line)
        if len(self._window) < WINDOW:
            return []
        steps, self._window = self._window, []
        found = [*self._slow(steps), *self._waits(steps), *self._drifts(steps), *self._full()]
        self._is_first = False
        named = {f"{alarm['kind']} {alarm.get('label', '')}": alarm for alarm in found}
        new = [alarm for name, alarm in named.items() if name not in self._lasting]
        self._lasting = set(named)
        return new

    def _slow(self, steps: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
        rates = [step["tokens_per_s"] for step in steps]
        now, usual = median(rates), median(self._rates) if self._rates else 0.0
        if now < (1 - self._config.slower) * usual:
            yield {"kind": "slow", "tokens_per_s": now, "usual": usual}
        else:  # what is an alarm never becomes what is usual
            self._rates += rates

    def _waits(self, steps: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
        if self._is_first:  # blocks are always waited for
            return
        share = sum(step["data_wait_s"] for step in steps) / sum(step["step_s"] for step in steps)
        if share > self._config.waits:
            yield {"kind": "waits", "share": share}

    def _drifts(self, steps: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
        """A label's rise above its lowest is held against that of all other labels' tokens."""
        losses, tokens = defaultdict[str, float](float), defaultdict[str, int](int)
        for step in steps:
            for label, loss in step["loss_by_label"].items():
                if loss is not None:
                    losses[label] += loss * step["tokens_by_label"][label]
                    tokens[label] += step["tokens_by_label"][label]
        all_losses, all_tokens = sum(losses.values()), sum(tokens.values())
        for label in sorted(tokens):
            if (rest := all_tokens - tokens[label]) == 0:
                continue
            own = self._rise(label, losses[label] / tokens[label])
            others = self._rise(f"{ALL} but {label}", (all_losses - losses[label]) / rest)
            if own - others > self._config.drift:
                yield {"kind": "drift", "label": label, "rise": own, "others": others}

    def _rise(self, name: str, loss: float) -> float:
        """Nats above the lowest of the windows so far."""
        self._lowest[name] = min(loss, self._lowest.get(name, loss))
        return loss - self._lowest[name]

    def _full(self) -> Iterable[dict[str, Any]]:
        disk = shutil.disk_usage(self._disk)
        if disk.free < self._config.free_disk * disk.total:
            yield {"kind": "disk", "free": disk.free / disk.total}
