"""The training loop of one process: from the last committed checkpoint to the last step of the last phase."""

import time

import torch.distributed as dist

from smelt.recipe.training import TrainConfig
from smelt.stage import Context
from training import checkpoint
from training.checkpoint import ROUND, CheckpointWriter, Description
from training.metrics import MetricsLog
from training.plan import BlockPlan, plan_blocks, read_vocabulary, require_layout
from training.processes import local_rank
from training.stream import BlockStream
from training.trainer import Trainer


def train(context: Context) -> None:
    """Train to the end; the process group and the parallel groups exist already.

    Every step is a function of the recipe and of the state before it, so that a run that was interrupted
    anywhere repeats its steps bit by bit.
    """
    config: TrainConfig = context.config
    require_layout(config, dist.get_world_size())
    vocabulary = read_vocabulary(context.lake, context.inputs["tokenizer"])
    plans = plan_blocks(config, context.inputs["blocks"], vocabulary)
    trainer = Trainer(config, vocabulary=vocabulary)
    writer = CheckpointWriter(context.lake, context.artifact, context.scratch / "checkpoints")
    step = _resume(context, trainer)
    rest = [plan for plan in plans if plan.first_step >= step]
    stream = BlockStream(
        context.lake,
        context.inputs["blocks"],
        rest,
        context.scratch / "blocks",
        vocabulary,
        fetches=local_rank() == 0,
    )
    tokens = tokens_before(config, step)
    log = MetricsLog(context, step, config.num_steps)
    for plan, block, wait in stream:
        trainer.enter_phase(plan.phase)
        phase = config.phases[plan.phase]
        for index in range(plan.num_steps):
            started = time.perf_counter()
            result = trainer.step(block, index, plan.phase_step + index)
            step, tokens = step + 1, tokens + phase.tokens_per_step
            log.add(step, phase.name, tokens, result, step_s=time.perf_counter() - started + wait, data_wait_s=wait)
            wait = 0.0
        if checkpoint_due(plans, plan, config.training.checkpoint.every_blocks):
            description = describe(trainer, plan.phase, step, tokens)
            writer.save(trainer.model, trainer.optimizer, description, log.take(), {"step": step})
    writer.wait()
    log.close()
    dist.barrier()


def checkpoint_due(plans: list[BlockPlan], plan: BlockPlan, every_blocks: int) -> bool:
    """Whether a checkpoint belongs after the block: every so many of a phase, and at each phase's end."""
    own = [other for other in plans if other.phase == plan.phase]
    return plan == own[-1] or (own.index(plan) + 1) % every_blocks == 0


def tokens_before(config: TrainConfig, step: int) -> int:
    """Tokens trained on in the first ``step`` steps."""
    tokens = 0
    for phase in config.phases:
        steps = min(step, phase.num_steps)
        tokens, step = tokens + steps * phase.tokens_per_step, step - steps
    return tokens


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


def _resume(context: Context, trainer: Trainer) -> int:
    """Load the last committed checkpoint; returns the steps that are done."""
    records = list(context.records(ROUND).values())
    if not records:
        return 0
    folder = checkpoint.fetch(context.lake, context.artifact, records[-1], context.scratch / "resume")
    return checkpoint.load_all(trainer.model, trainer.optimizer, folder)["step"]
