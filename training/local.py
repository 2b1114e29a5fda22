"""Training in this process alone, without Ray and Airflow: for a debugger or a profiler (``smelt train --local``).

The loop, the block stream and the guard are those of the run, from the first step on. What they write stays on this
machine: no checkpoints are made, and the lake is only read.
"""

import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch.profiler import profile as Profiler  # noqa: N812  (a class in all but name)

from smelt.errors import StageError
from smelt.recipe.training.config import with_layout
from smelt.stage import Context, Progress
from training.blocks.plan import BlockPlan, require_layout
from training.model.processes import start_alone
from training.spikes.events import Events, blocks_set_aside, respected
from training.spikes.log import EventLog
from training.steps.loop import Loop
from training.steps.metrics import MetricsLog
from training.steps.profiling import NUM_STEPS, Ranges, profiler
from training.steps.trainer import StepResult
from training.steps.validation import HeldOut


def train_local(context: Context, folder: Path, *, num_steps: int | None = None, profile: Path | None = None) -> None:
    """Train in this process, from the beginning of the context's phases.

    Args:
        folder: gets ``metrics.jsonl``, ``events.jsonl`` and the event files of TensorBoard.
        num_steps: where to stop; by default at the end, or with ``profile`` as soon as the trace is written.
        profile: folder for the Chrome trace of a few warm steps.

    Raises:
        StageError: when the sizes don't divide, or the steps are too few for a profile.
    """
    start_alone()
    context = replace(context, config=with_layout(context.config, tensor=1, pipeline=1))
    require_layout(context.config, 1)
    there_are = sum(phase.num_steps for phase in context.config.phases[context.config.first_phase :])
    steps = num_steps or (NUM_STEPS if profile else there_are)
    if profile and min(steps, there_are) < NUM_STEPS:
        raise StageError(f"a profile takes {NUM_STEPS} steps", where="train", mend=f"write --steps {NUM_STEPS} or more")
    folder.mkdir(parents=True, exist_ok=True)
    watched = nullcontext() if profile is None else profiler(profile)
    try:
        with watched as watching:
            LocalLoop(context, folder, steps, watching).run()
    finally:
        shutil.rmtree(context.scratch, ignore_errors=True)


class LocalLoop(Loop):
    """The loop of the run, for its first steps and with what it writes in a folder."""

    def __init__(self, context: Context, folder: Path, num_steps: int, watching: Profiler | None) -> None:
        super().__init__(context, told=lambda: False)
        self.plans = first_steps(self.plans, num_steps)
        vocab_size = self.trainer.model.vocab_size
        self.log = LocalMetrics(context, self.plans[-1].end, folder, padded_vocab_size=vocab_size)
        self.event_log: LocalEvents = LocalEvents(context, folder)
        self._watching = watching
        if watching is not None:
            self.trainer.model.config.timers = Ranges()

    def _events(self) -> Events:
        return Events.read(self.event_log.told)

    def _take_in(self, plan: BlockPlan, index: int, result: StepResult) -> None:
        super()._take_in(plan, index, result)
        if self._watching is not None:
            self._watching.step()

    def _save(self, round_name: str) -> None:
        self.log.take()


class LocalMetrics(MetricsLog):
    """Metrics as lines of ``metrics.jsonl`` and for TensorBoard, in a folder."""

    def __init__(self, context: Context, num_steps: int, folder: Path, *, padded_vocab_size: int) -> None:
        super().__init__(context, num_steps, padded_vocab_size=padded_vocab_size)
        self._folder = folder

    def add(
        self, step: int, phase: int, tokens: int, result: StepResult, heldout: HeldOut | None = None
    ) -> dict[str, Any]:
        """Take in a step, and write its line."""
        line = super().add(step, phase, tokens, result, heldout)
        _append(self._folder / "metrics.jsonl", line)
        return line

    def _open(self, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # a second to import

        self._board = SummaryWriter(str(self._folder), purge_step=step + 1 if step else None, flush_secs=5)


class LocalEvents(EventLog):
    """Events as lines of ``events.jsonl`` in a folder."""

    def __init__(self, context: Context, folder: Path) -> None:
        super().__init__(context)
        self._file = folder / "events.jsonl"
        self.told: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Leave out the blocks that runs have set aside."""
        self.told = [respected(self._context, blocks_set_aside(self._context))]

    def note_policies(self, step: int) -> None:
        """Nothing: a local training has no other start."""

    def tell(self, event: dict[str, Any], *, watched: bool = True) -> None:
        """Write an event; a block that is set aside is so for this training alone."""
        self.told.append(event)
        _append(self._file, event)
        print(f"{event['kind']} at step {event['step']}, block {event['block']}", flush=True)


def first_steps(plans: list[BlockPlan], num_steps: int) -> list[BlockPlan]:
    """The blocks of the first steps, the last of them as far as they go."""
    end = plans[0].first_step + num_steps
    return [
        replace(plan, num_steps=min(plan.num_steps, end - plan.first_step)) for plan in plans if plan.first_step < end
    ]


def show(progress: Progress) -> None:
    """A line a step."""
    figures = " ".join(f"{name}={value:,.6g}" for name, value in progress.figures.items())
    print(f"{progress.done}/{progress.total} {progress.unit} {figures}", flush=True)


def _append(file: Path, line: dict[str, Any]) -> None:
    with file.open("a") as lines:
        lines.write(json.dumps(line, ensure_ascii=False) + "\n")
