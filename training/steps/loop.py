"""The training loop of one process: from the last committed checkpoint to the last step of the phase.

A phase that has no checkpoint yet goes on from the last one of the phase before it, as it would from its own: with
weights, optimizer, position, guard and the events that still have their effect.
"""

import gc
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch.distributed as dist

from smelt.errors import StageError
from smelt.recipe.training.config import TrainConfig
from smelt.stage import Context
from smelt.steering.stopping import request_of
from training.blocks.data import Block
from training.blocks.plan import BlockPlan, checkpoint_due, course, plan_blocks, read_vocabulary, require_layout
from training.blocks.stream import BlockStream
from training.checkpoints import checkpoint
from training.checkpoints.checkpoint import INTERRUPTED, ROUND, CheckpointWriter, Description
from training.checkpoints.importing import fetch_start
from training.checkpoints.trunk import TRUNK
from training.model.processes import local_rank
from training.spikes.events import ROUND as EVENTS
from training.spikes.events import Events, read_events
from training.spikes.guard import Guard, Limits, Sight, read_limits
from training.spikes.log import EventLog
from training.steps.alarms import Alarms
from training.steps.metrics import MetricsLog
from training.steps.notice import Notice
from training.steps.telling import agree, of_rises, of_step
from training.steps.trainer import Pending, StepResult, Trainer
from training.steps.validation import Validation

MAX_RERUNS = 2
"""Times that a step is made again because it came out otherwise the second time."""
BEFORE = 8
"""Losses that are written down of the steps before an event."""


def train(context: Context, told: Callable[[], bool] = lambda: False) -> None:
    """Train to the end, or until told to leave; the process group and the parallel groups exist already.

    Every step is a function of the recipe and of the state before it, so that a run that was interrupted
    anywhere repeats its steps bit by bit.

    Args:
        told: whether this process is going to be taken away. Then all save where they are, and return.

    Raises:
        StageError: when the sizes don't divide, or blocks keep spoiling the training.
    """
    require_layout(context.config, dist.get_world_size())
    Loop(context, told).run()


def describe(trainer: Trainer, phase: int, step: int, tokens: int) -> Description:
    """The description that goes beside the checkpoint after ``step``."""
    config = trainer.config
    return Description(
        model=config.model.model_dump(),
        vocab_size=trainer.vocabulary.size,
        padded_vocab_size=trainer.model.vocab_size,
        sequence_length=max(earlier.sequence_length for earlier in config.phases[: phase + 1]),
        rope_base=config.rope_base(phase),
        precision=config.training.precision,
        step=step,
        tokens=tokens,
        phase=config.phases[phase].name,
    )


class Loop:
    """Where training stands (plan + events + last checkpoint), and the way on from there."""

    def __init__(self, context: Context, told: Callable[[], bool]) -> None:
        self.context = context
        self.config: TrainConfig = context.config
        self.vocabulary = read_vocabulary(context.lake, context.inputs["tokenizer"])
        self.plans = plan_blocks(self.config, context.inputs["blocks"], self.vocabulary)
        self.trainer = self._begin()
        self.guard = Guard(self.config.training.guard)
        keep = self.config.training.checkpoint
        self.writer = CheckpointWriter(context.lake, context.artifact, context.scratch / "checkpoints", keep)
        self.log = MetricsLog(context, self.plans[-1].end, padded_vocab_size=self.trainer.model.vocab_size)
        self.event_log = EventLog(context)
        self.events = Events()
        self.notice = Notice(told)
        self.validation = Validation(context, self.vocabulary)
        self.alarms = Alarms(self.config.training.alarms, context.lake.settings.home)
        self.limits: Limits | None = None
        self.step = self.tokens = self.phase = self.spikes = 0

    def run(self) -> None:
        """Train to the end, going back as often as the guard asks for it."""
        self.event_log.begin()
        self.validation.begin()
        if dist.get_rank() == 0:
            checkpoint.forget_half_saved(self.context.lake, self.context.artifact)
            checkpoint.tidy(self.context.lake, self.context.artifact, self.config.training.checkpoint)
        self._restore()
        self.event_log.note_policies(self.step)
        while not self._go_on():
            self._restore()
        self.writer.close()
        self.notice.close()
        self.log.close()
        _remove(self.context.scratch)

    def _begin(self) -> Trainer:
        """Model and optimizer as they are before the first step; what a checkpoint has replaces the weights anyway."""
        start, weights = self.config.training.start_from, None
        if start is not None and checkpoint.latest(self.context.lake, self.context.artifact) is None:
            weights = fetch_start(start, self.context.lake.settings.cache)
        return Trainer(self.config, vocabulary=self.vocabulary, weights=weights)

    def _restore(self) -> None:
        """Take up the last committed checkpoint, or begin."""
        self.writer.wait()
        dist.barrier()
        context = self.context
        self.events = self._events()
        artifact, record = context.artifact, checkpoint.latest(context.lake, context.artifact)
        if record is None and "train" in context.inputs:
            artifact, record = context.inputs["train"].artifact, context.inputs["train"].parts[-1]
        watched: dict = {}
        lines: list[dict] = []
        earlier: list[dict] = []
        if record is not None:
            if artifact == context.artifact:
                self._insist_on_rope(checkpoint.read_description(context.lake, artifact, record))
            folder = checkpoint.fetch(context.lake, artifact, record, context.scratch / "resume")
            state = checkpoint.load_all(self.trainer.model, self.trainer.optimizer, folder)
            earlier = checkpoint.read_metrics(folder)
            if record.round == INTERRUPTED:
                lines = earlier
            _remove(folder)
            self.step, self.tokens, self.phase = state["step"], state["tokens"], state["phase"]
            self.spikes = state["spikes"]
            self.limits = read_limits(state["limits"])
            self.trainer.enter_phase(self.phase)
            self.guard.load(state["guard"])
            watched = state["watched"]
            self.validation.load(state["validation"])
        elif self.step:
            del self.trainer  # before there is another: a card has no room for two
            gc.collect()
            self.trainer = self._begin()
            self.step = self.tokens = self.phase = 0
            self.guard.forget()
            self.validation.load({})
            self.limits = None
        self.trainer.optimizer.release()
        self.event_log.restore(watched)
        phase = self.config.phases[self.phase].name
        own = [line for line in earlier if line["phase"] == phase]
        taken_over = f"{self.step:07d}-{TRUNK}" in context.records(EVENTS)  # whose clock is another training's
        self.log.restart(self.step, lines, own[-1] if own and not taken_over else None)
        self.alarms.restart(own)

    def _insist_on_rope(self, found: Description) -> None:
        """Refuse to go on with another RoPE base than a phase began with, as after an update that counts it anew."""
        phase = next(n for n, phase in enumerate(self.config.phases) if phase.name == found.phase)
        if found.rope_base != (now := self.config.rope_base(phase)):
            raise StageError(
                f"phase {found.phase} began with RoPE base {found.rope_base:g}, not {now:g}",
                where=f"phases.{found.phase}.rope_base",
                mend=f"set it to {found.rope_base!r}, or build the stage anew",
            )

    def _events(self) -> Events:
        """What happened so far."""
        return read_events(self.context)

    def _go_on(self) -> bool:
        """Train on the blocks that are left, or until told or asked to leave; False when one of them was set aside."""
        ahead = course(self.plans, self.events)
        stream = BlockStream(
            self.context.lake,
            self.context.inputs["blocks"],
            [plan for plan in ahead if plan.end > self.step],
            self.context.scratch / "blocks",
            self.vocabulary,
            fetches=local_rank() == 0,
            say=lambda words: self.log.say(self.step, words),
        )
        for plan, block, wait in stream:
            if plan.phase != self.phase:
                self.phase = plan.phase
                self.trainer.enter_phase(plan.phase)
                self.guard.forget()
                self.validation.load({})
                self.log.enter_phase()
                self.alarms.restart([])
            if not self._train_on(plan, block, wait):
                return False
            every = self.config.training.checkpoint.every_blocks
            if self.step == plan.end and checkpoint_due(ahead, plan, every):
                self._save(ROUND)
                if self._is_to_stop():
                    break
            elif self.notice.given:
                self._save(INTERRUPTED)
            if self.notice.given:
                break
        return True

    def _is_to_stop(self) -> bool:
        """Whether somebody has asked the run to stop behind this checkpoint: one process looks, all do as it says."""
        answer = [dist.get_rank() == 0 and request_of(self.context.lake, self.context.run) is not None]
        dist.broadcast_object_list(answer)
        return answer[0]

    def _train_on(self, plan: BlockPlan, block: Block, wait: float) -> bool:
        """Train on a block, one step launched ahead of the one that is looked at; False when it has been set aside.

        Where held-out text is read behind a step, the next one is launched after that, with the limits that it would
        have had. A block that was left in the middle is gone on with there; one that is left now has steps to come.
        """
        reruns, index = 0, max(0, self.step - plan.first_step)
        pending: tuple[int, Limits, Pending] | None = None
        self.log.waited(wait)
        if index == 0:
            self.spikes = 0
            self.guard.enter_block()
        while (goes_on := index < plan.num_steps and not self.notice.given) or pending is not None:
            reads = pending is not None and self.validation.due(self.tokens, self._tokens_after(plan, pending[0]))
            launched = self._launch(plan, block, index) if goes_on and not reads else None
            if self.notice.given or (reads and goes_on):
                self.limits = self.guard.limits()  # which the step launched now would have had
            if pending is not None:
                at, limits, step = pending
                result = step.result()
                self.notice.hear()
                sights = self.guard.look(limits, result.losses, result.tokens, result.grad_norm)
                if not result.skipped:
                    reruns = 0
                    self._take_in(plan, at, result)
                    if sights:  # a drop that is only written down
                        self._tell(sights[0].kind, plan, block, at, result, sights)
                else:  # the device held back what was launched behind it: that is launched again
                    launched = None
                    pending = None
                    again = self.trainer.measure(block, self._samples(plan, at))
                    self.trainer.optimizer.release()
                    if reruns < MAX_RERUNS and not agree(result, again):
                        reruns, index = reruns + 1, at
                        self._tell("fault", plan, block, at, result, sights, again)
                        continue
                    reruns, index = 0, at + 1
                    self._take_in(plan, at, result)
                    self.spikes += 1
                    gives_up = self.config.training.guard.enabled and self.spikes >= self.config.training.guard.patience
                    # no sight where a sum on the device, in another order, has just reached what here it has not
                    kind = sights[0].kind if sights else "spike"
                    self._tell("rollback" if gives_up else kind, plan, block, at, result, sights, again)
                    if gives_up:
                        return False
                    continue
            pending, index = launched, index + (launched is not None)
        return True

    def _launch(self, plan: BlockPlan, block: Block, index: int) -> tuple[int, Limits, Pending]:
        self.notice.ask()
        self.writer.check()
        limits, self.limits = self.limits or self.guard.limits(), None
        lowered = self.events.lowered(plan.first_step + index, self.config.training.guard)
        step = self.trainer.launch(
            block, self._samples(plan, index), plan.phase_step + index, limits=limits, lowered=lowered
        )
        return index, limits, step

    def _samples(self, plan: BlockPlan, index: int) -> tuple[int, int]:
        return plan.samples(self.config.phases[plan.phase], index)

    def _take_in(self, plan: BlockPlan, index: int, result: StepResult) -> None:
        """Count a step that is done with."""
        before, self.tokens = self.tokens, self._tokens_after(plan, index)
        self.step = plan.first_step + index + 1
        reads = self.validation.due(before, self.tokens)
        heldout = self.validation.read(self.trainer, plan.phase) if reads else None
        line = self.log.add(self.step, plan.phase, self.tokens, result, heldout)
        for alarm in self.alarms.take_in(line):
            self.event_log.tell(self._place(plan, self.step) | alarm, watched=False)
        if heldout is not None and (rises := self.validation.risen(heldout)):
            self.event_log.tell(self._place(plan, self.step) | of_rises(heldout, rises), watched=False)
        if not result.skipped and result.loss is not None and result.grad_norm is not None:
            self.guard.take_in(result.losses, result.tokens, result.grad_norm)
            self.event_log.take_in(result.loss)

    def _tokens_after(self, plan: BlockPlan, index: int) -> int:
        """Tokens trained on when the block's step ``index``, the next one, is done with."""
        return self.tokens + self._samples(plan, index)[1] * self.config.phases[plan.phase].sequence_length

    def _tell(
        self,
        kind: str,
        plan: BlockPlan,
        block: Block,
        index: int,
        result: StepResult,
        sights: list[Sight],
        again: StepResult | None = None,
    ) -> None:
        """Write an event into the lake, before anything follows from it.

        Args:
            again: what the same step gave when it was run again on the same weights.

        Raises:
            StageError: when it is one time too often that training goes back.
        """
        step, tries = plan.first_step + index + 1, self.config.training.guard.max_rollbacks
        if kind == "rollback" and len(self.events.set_aside) >= tries:
            raise StageError(
                f"training went back {tries} times, and block {plan.name} spoils it again at step {step}",
                where=f"train/{self.context.artifact.fingerprint}/{EVENTS}",
                mend="look at the events' documents; lower the learning rate, or raise training.guard.max_rollbacks",
            )
        if kind == "rollback" and dist.get_rank() == 0:  # back means back to a block's end
            self.writer.wait()
            checkpoint.forget_interrupted(self.context.lake, self.context.artifact)
        first, count = self._samples(plan, index)
        documents = block.documents(first, count, self.config.phases[plan.phase].sequence_length)
        said = of_step(kind, result, sights, again, self.guard.recent(BEFORE), documents)
        self.event_log.tell(self._place(plan, step) | said)

    def _place(self, plan: BlockPlan, step: int) -> dict[str, Any]:
        return {"step": step, "phase": self.config.phases[plan.phase].name, "block": plan.name, "end": plan.end}

    def _save(self, round_name: str) -> None:
        state = {
            "step": self.step,
            "tokens": self.tokens,
            "phase": self.phase,
            "guard": self.guard.state(),
            "watched": self.event_log.state(),
            "spikes": self.spikes,
            "validation": self.validation.state(),
            "limits": None if self.limits is None or round_name == ROUND else asdict(self.limits),
        }
        self.writer.save(
            self.trainer.model,
            self.trainer.optimizer,
            describe(self.trainer, self.phase, self.step, self.tokens),
            self.log.take(),
            state,
            round_name=round_name,
        )


def _remove(folder: Path) -> None:
    """Remove a folder that this machine's processes have done with."""
    dist.barrier()
    if local_rank() == 0:
        shutil.rmtree(folder, ignore_errors=True)
