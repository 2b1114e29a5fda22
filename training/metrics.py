"""What a step tells: a line for the checkpoint's ``metrics.jsonl``, TensorBoard, and the run's progress."""

import math
from collections import deque
from typing import Any

import torch.distributed as dist

from smelt.boards import Mirror
from smelt.stage import Context, Progress
from training.trainer import StepResult

SMOOTHED_STEPS = 10
"""Steps over which the throughput shown while running is averaged."""


class MetricsLog:
    """Keeps the steps since the last checkpoint on every process; rank 0 also shows them as they come."""

    def __init__(self, context: Context, num_steps: int) -> None:
        self._report, self._num_steps = context.report, num_steps
        self._lake, self._root = context.lake, context.artifact.root
        self._folder = context.lake.settings.home / "tensorboard" / context.artifact.fingerprint
        self._lines: list[dict[str, Any]] = []
        self._recent: deque[tuple[int, float]] = deque(maxlen=SMOOTHED_STEPS)
        self._board: Any = None
        self._mirror: Mirror | None = None

    def restart(self, step: int) -> None:
        """Go on behind step ``step``: what was shown of later ones is taken back."""
        self._lines = []
        self.close()
        if dist.get_rank() == 0:
            from torch.utils.tensorboard import SummaryWriter  # a second to import, on one process

            self._board = SummaryWriter(str(self._folder), purge_step=step + 1 if step else None, flush_secs=5)
            self._mirror = Mirror(self._lake, self._root, self._folder)

    def add(self, step: int, phase: str, tokens: int, result: StepResult, *, step_s: float, data_wait_s: float) -> None:
        """Take in step ``step`` (from 1), after which ``tokens`` tokens have been trained on."""
        count = sum(result.tokens_by_label.values())
        self._recent.append((count, step_s))
        line = {
            "step": step,
            "phase": phase,
            "tokens": tokens,
            "loss": result.loss,
            "loss_by_label": result.loss_by_label,
            "tokens_by_label": result.tokens_by_label,
            "grad_norm": result.grad_norm,
            "lr": result.learning_rate,
            "skipped": result.skipped,
            "tokens_per_s": count / step_s,
            "step_s": step_s,
            "data_wait_s": data_wait_s,
        }
        self._lines.append(line)
        if self._board is not None:
            self._show(line)

    def take(self) -> list[dict[str, Any]]:
        """The lines since the last time, for the checkpoint."""
        lines, self._lines = self._lines, []
        return lines

    def close(self) -> None:
        """Flush what is shown, to the lake too."""
        if self._board is not None:
            self._board.close()
        if self._mirror is not None:
            self._mirror.close()

    def _show(self, line: dict[str, Any]) -> None:
        assert self._board is not None
        step = line["step"]
        for name in ("loss", "grad_norm", "lr", "tokens_per_s", "data_wait_s"):
            self._board.add_scalar(f"train/{name}", _number(line[name]), step)
        for label, loss in line["loss_by_label"].items():
            self._board.add_scalar(f"loss/{label}", _number(loss), step)
        speed = sum(tokens for tokens, _ in self._recent) / sum(seconds for _, seconds in self._recent)
        figures = {"loss": line["loss"], "tokens": line["tokens"], "lr": line["lr"], "tokens_per_s": speed}
        self._report(
            Progress(step, self._num_steps, "steps", {name: _number(value) for name, value in figures.items()})
        )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
