"""The training loop of one process: from the last committed checkpoint to the last step of the last phase."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import torch.distributed as dist

from smelt.errors import StageError
from smelt.recipe.training import TrainConfig
from smelt.stage import Context
from training import checkpoint
from training.checkpoint import ROUND, CheckpointWriter, Description
from training.data import Block
from training.guard import Events, Guard
from training.metrics import MetricsLog
from training.plan import (
    EVENTS,
    BlockPlan,
    checkpoint_due,
    course,
    plan_blocks,
    read_events,
    read_vocabulary,
    require_layout,
)
from training.processes import local_rank
from training.stream import BlockStream
from training.trainer import StepResult, Trainer


def train(context: Context) -> None:
    """Train to the end; the process group and the parallel groups exist already.

    Every step is a function of the recipe and of the state before it, so that a run that was interrupted
    anywhere repeats its steps bit by bit.

    Raises:
        StageError: when the sizes don't divide, or blocks keep spoiling the training.
    """
    require_layout(context.config, dist.get_world_size())
    Loop(context).run()


def describe(trainer: Trainer, phase: int, step: int, tokens: int) -> Description:
    """The description that goes beside the checkpoint after ``step``."""
    config = trainer.config
    return Description(
        model=config.model.model_dump(),
        vocab_size=trainer.vocabulary.size,
        padded_vocab_size=trainer.model.vocab_size,
        sequence_length=max(earlier.sequence_length for earlier in config.phases[: phase + 1]),
        rope_base=trainer.rope_base(phase),
        precision=config.training.precision,
        step=step,
        tokens=tokens,
        phase=config.phases[phase].name,
    )


class Loop:
    """Where training stands (plan + events + last checkpoint), and the way on from there."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.config: TrainConfig = context.config
        self.vocabulary = read_vocabulary(context.lake, context.inputs["tokenizer"])
        self.plans = plan_blocks(self.config, context.inputs["blocks"], self.vocabulary)
        self.trainer = Trainer(self.config, vocabulary=self.vocabulary)
        self.guard = Guard(self.config.training.guard)
        self.writer = CheckpointWriter(context.lake, context.artifact, context.scratch / "checkpoints")
        self.log = MetricsLog(context, self.plans[-1].end)
        self.events = Events({})
        self.step = self.tokens = self.phase = 0

    def run(self) -> None:
        """Train to the end, going back as often as the guard asks for it."""
        self._restore()
        while not self._go_on():
            self._restore()
        self.writer.wait()
        self.log.close()
        _remove(self.context.scratch)

    def _restore(self) -> None:
        """Take up the last committed checkpoint, or begin."""
        self.writer.wait()
        dist.barrier()
        context = self.context
        self.events = read_events(context)
        records = list(context.records(ROUND).values())
        if records:
            folder = checkpoint.fetch(context.lake, context.artifact, records[-1], context.scratch / "resume")
            state = checkpoint.load_all(self.trainer.model, self.trainer.optimizer, folder)
            _remove(folder)
            self.step, self.tokens, self.phase = state["step"], state["tokens"], state["phase"]
            self.trainer.enter_phase(self.phase)
            self.guard.load(state["guard"])
        elif self.step:
            self.trainer = Trainer(self.config, vocabulary=self.vocabulary)
            self.step = self.tokens = self.phase = 0
            self.guard.forget()
        self.log.restart(self.step)

    def _go_on(self) -> bool:
        """Train on the blocks that are left; False when one of them was set aside."""
        ahead = course(self.plans, self.events)
        stream = BlockStream(
            self.context.lake,
            self.context.inputs["blocks"],
            [plan for plan in ahead if plan.first_step >= self.step],
            self.context.scratch / "blocks",
            self.vocabulary,
            fetches=local_rank() == 0,
        )
        for plan, block, wait in stream:
            if plan.phase != self.phase:
                self.phase = plan.phase
                self.trainer.enter_phase(plan.phase)
                self.guard.forget()
            if not self._train_on(plan, block, wait):
                stream.close()
                return False
            if checkpoint_due(ahead, plan, self.config.training.checkpoint.every_blocks):
                self._save()
        return True

    def _train_on(self, plan: BlockPlan, block: Block, wait: float) -> bool:
        """Train on a block; False when the guard has set it aside."""
        phase, guard = self.config.phases[plan.phase], self.config.training.guard
        spikes = 0
        for index in range(plan.num_steps):
            started = time.perf_counter()
            self.step = plan.first_step + index
            lowered = self.events.lowered(self.step, guard)
            phase_step = plan.phase_step + index
            result = self.trainer.step(block, index, phase_step, limits=self.guard.limits(), lowered=lowered)
            self.step, self.tokens = self.step + 1, self.tokens + phase.tokens_per_step
            seconds = time.perf_counter() - started + wait
            self.log.add(self.step, phase.name, self.tokens, result, step_s=seconds, data_wait_s=wait)
            wait = 0.0
            sight = self.guard.see(result.loss, result.grad_norm, skipped=result.skipped)
            if sight is None:
                continue
            spikes += sight == "spike"
            gives_up = guard.enabled and spikes >= guard.patience
            self._tell("rollback" if gives_up else sight, plan, block, index, result)
            if gives_up:
                return False
        return True

    def _tell(self, kind: str, plan: BlockPlan, block: Block, index: int, result: StepResult) -> None:
        """Write an event into the lake, before anything follows from it.

        Raises:
            StageError: when it is one time too often that training goes back.
        """
        phase, tries = self.config.phases[plan.phase], self.config.training.guard.max_rollbacks
        if kind == "rollback" and len(self.events.set_aside) >= tries:
            raise StageError(
                f"training went back {tries} times, and block {plan.name} spoils it again at step {self.step}",
                where=f"train/{self.context.artifact.fingerprint}/{EVENTS}",
                mend="look at the events' documents; lower the learning rate, or raise training.guard.max_rollbacks",
            )
        event: dict[str, Any] = {
            "kind": kind,
            "step": self.step,
            "phase": phase.name,
            "block": plan.name,
            "end": plan.end,
            "loss": result.loss,
            "grad_norm": result.grad_norm,
            "loss_by_label": result.loss_by_label,
            "before": self.guard.state()["losses"][-8:],
            "documents": block.documents(
                index * phase.global_batch_size, phase.global_batch_size, phase.sequence_length
            ),
        }
        if dist.get_rank() == 0:
            self.context.artifact.write_part(
                self.context.lake,
                EVENTS,
                f"{self.step:07d}-{kind}",
                files={".json": json.dumps(event, ensure_ascii=False).encode()},
                rows=1,
                stats={},
            )

    def _save(self) -> None:
        state = {"step": self.step, "tokens": self.tokens, "phase": self.phase, "guard": self.guard.state()}
        self.writer.save(
            self.trainer.model,
            self.trainer.optimizer,
            describe(self.trainer, self.phase, self.step, self.tokens),
            self.log.take(),
            state,
        )


def _remove(folder: Path) -> None:
    """Remove a folder that this machine's processes have done with."""
    dist.barrier()
    if local_rank() == 0:
        shutil.rmtree(folder, ignore_errors=True)
