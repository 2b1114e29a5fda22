"""What a step tells: a line for the checkpoint's ``metrics.jsonl``, TensorBoard, and the run's progress.

A step's time is what passed since the step before it was done with. MFU is the share of the card's published dense
bf16 rate that the model's arithmetic makes use of (``ModelConfig.flops_per_token``: 6N + causal attention, nothing
counted that is computed twice); it is known where the card is. Goodput is the share of the time since the phase's first
step began that went into steps which count: the rest are steps made again, starts, pauses and what was waited for
between them.
"""

import math
import resource
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from smelt.boards.curves import Mirror, curves_name
from smelt.recipe.training.cards import peak_tflops
from smelt.recipe.training.config import TrainConfig
from smelt.stage import Context, Progress
from training.exporter import export_step
from training.steps.trainer import StepResult
from training.steps.validation import HeldOut

SMOOTHED_STEPS = 10
"""Steps over which the throughput shown while running is averaged."""
PERCENTILES = (50, 90, 99)
TIMED_STEPS = 200
"""Steps over which step times are sorted."""
SCALARS = (
    "loss",
    "grad_norm",
    "lr",
    "tokens_per_s",
    "data_wait_s",
    "data_wait_share",
    "tflops",
    "mfu",
    "memory_gb",
    "goodput",
)


class MetricsLog:
    """Keeps the steps since the last checkpoint on every process; rank 0 also shows them as they come."""

    def __init__(self, context: Context, num_steps: int, *, padded_vocab_size: int) -> None:
        self._report, self._num_steps, self._run = context.report, num_steps, context.run
        self._lake, self._root = context.lake, context.artifact.root
        self._config: TrainConfig = context.config
        self._flops = [
            self._config.model.flops_per_token(padded_vocab_size, phase.sequence_length)
            for phase in self._config.phases
        ]
        self._peak = peak_tflops(torch.cuda.get_device_name()) if torch.cuda.is_available() else None
        self._name = curves_name(context.run, self._config.phases[-1].name, context.artifact.fingerprint)
        self._folder = context.lake.settings.home / "tensorboard" / self._name
        self._lines: list[dict[str, Any]] = []
        self._recent: deque[tuple[int, float]] = deque(maxlen=SMOOTHED_STEPS)
        self._times: deque[float] = deque(maxlen=TIMED_STEPS)
        self._board: Any = None
        self._mirror: Mirror | None = None
        self._last, self._waited = time.perf_counter(), 0.0
        self._began, self._kept_s = time.monotonic(), 0.0

    def restart(self, step: int, lines: list[dict[str, Any]], before: Mapping[str, Any] | None = None) -> None:
        """Go on behind step ``step``: what was shown of later ones is taken back.

        Args:
            lines: of the steps up to there that no checkpoint has yet.
            before: the line of step ``step`` where this training has made it, in this phase.
        """
        self._lines = lines
        self.enter_phase()
        if before is not None and "kept_s" in before:
            self._kept_s = before["kept_s"]
            away_s = max(0.0, time.time() - before["ended"])  # the clock may have been set back meanwhile
            self._began = time.monotonic() - away_s - self._kept_s / before["goodput"]
        self.close()
        if dist.get_rank() == 0:
            self._open(step)
        self._last = time.perf_counter()

    def enter_phase(self) -> None:
        """Count the time of a phase from now on."""
        self._began, self._kept_s = time.monotonic(), 0.0

    def waited(self, seconds: float) -> None:
        """Count time that went by waiting for a block, towards the next step."""
        self._waited += seconds

    def say(self, step: int, words: str) -> None:
        """Show that something else than a step goes on."""
        if dist.get_rank() == 0:
            self._report(Progress(step, self._num_steps, f"steps, {words}"))

    def add(
        self, step: int, phase: int, tokens: int, result: StepResult, heldout: HeldOut | None = None
    ) -> dict[str, Any]:
        """Take in step ``step`` (from 1) of phase number ``phase``, after which ``tokens`` have been trained on.

        Args:
            heldout: the held-out loss that was taken behind it, whose time is no part of the step's.

        Returns:
            The step's line.
        """
        count = sum(result.tokens_by_label.values())
        now = time.perf_counter()
        step_s, self._last = now - self._last - (heldout.seconds if heldout else 0.0), now
        self._recent.append((count, step_s))
        self._times.append(step_s)
        tflops = self._flops[phase] * count / step_s / dist.get_world_size() / 1e12
        self._kept_s += step_s
        waited, self._waited = self._waited + result.batch_s, 0.0
        line = {
            "step": step,
            "phase": self._config.phases[phase].name,
            "tokens": tokens,
            "loss": result.loss,
            "loss_by_label": result.loss_by_label,
            "perplexity_by_label": {label: _perplexity(loss) for label, loss in result.loss_by_label.items()},
            "tokens_by_label": result.tokens_by_label,
            "grad_norm": result.grad_norm,
            "lr": result.learning_rate,
            "skipped": result.skipped,
            "tokens_per_s": count / step_s,
            "step_s": step_s,
            "data_wait_s": waited,
            "data_wait_share": waited / step_s,
            "tflops": tflops,
            "mfu": None if self._peak is None else tflops / self._peak,
            "memory_gb": peak_memory() / 2**30,
            "ended": time.time(),
            "kept_s": self._kept_s,
            "goodput": self._kept_s / max(time.monotonic() - self._began, self._kept_s),
        }
        if heldout is not None:
            line["heldout"] = asdict(heldout)
        self._lines.append(line)
        if self._board is not None:
            self._show(line)
        return line

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

    def _open(self, step: int) -> None:
        """Begin to show the steps behind ``step``."""
        from torch.utils.tensorboard import SummaryWriter  # a second to import, on one process

        self._board = SummaryWriter(str(self._folder), purge_step=step + 1 if step else None, flush_secs=5)
        self._mirror = Mirror(self._lake, self._root, self._folder, self._name)

    def _show(self, line: dict[str, Any]) -> None:
        assert self._board is not None
        step = line["step"]
        export_step(self._run, line)
        for name in SCALARS:
            if line[name] is not None or name == "loss":
                self._board.add_scalar(f"train/{name}", _number(line[name]), step)
        for share, seconds in zip(PERCENTILES, np.percentile(list(self._times), PERCENTILES), strict=True):
            self._board.add_scalar(f"step_s/p{share}", seconds, step)
        for label, loss in line["loss_by_label"].items():
            self._board.add_scalar(f"loss/{label}", _number(loss), step)
            self._board.add_scalar(f"perplexity/{label}", _number(line["perplexity_by_label"][label]), step)
            self._board.add_scalar(f"tokens/{label}", line["tokens_by_label"][label], step)
        if (heldout := line.get("heldout")) is not None:
            for label, loss in {"all": heldout["loss"], **heldout["loss_by_label"]}.items():
                self._board.add_scalar(f"heldout/{label}", _number(loss), step)
        seconds = sum(taken for _, taken in self._recent)
        figures = {
            "loss": _number(line["loss"]),
            "tokens": line["tokens"],
            "lr": line["lr"],
            "tokens_per_s": sum(tokens for tokens, _ in self._recent) / seconds,
        }
        if line["mfu"] is not None:
            figures["mfu"] = line["mfu"]
        self._report(Progress(step, self._num_steps, "steps", figures))


def peak_memory() -> int:
    """The most bytes this process has held: on its device where it has one, else in main memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _perplexity(loss: float | None) -> float | None:
    return None if loss is None else math.exp(min(loss, 100.0))


def _number(value: float | None) -> float:
    return math.nan if value is None else value
