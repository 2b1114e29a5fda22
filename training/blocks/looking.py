"""Which sequences a step reads, and which step reads a sequence: the plan of the blocks, looked at from outside."""

from bisect import bisect_right
from collections.abc import Mapping

from smelt.errors import StageError
from smelt.explaining.sequence import Read
from smelt.explaining.traced import Making, Traced
from smelt.lake import Lake, Manifest
from smelt.phases import EVENTS
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.phases import Phase
from training.blocks.data import golden_stride
from training.blocks.plan import BlockPlan, Vocabulary, plan_blocks, read_vocabulary, tokens_by_block
from training.spikes.events import Events


def sequences_at(lake: Lake, phases: Mapping[int, Traced], step: int) -> tuple[Traced, str, list[int], list[Read]]:
    """The phase and the block of a step (from 1), its sequences by number in the block, and when each is read.

    Args:
        phases: by index in the recipe.

    Raises:
        StageError: when no phase that is known has such a step.
    """
    known = []
    for phase in phases.values():
        if phase.train is None:
            continue
        config = _config(phase.train)
        first = sum(one.num_steps for one in config.phases[: config.first_phase])
        last = first + config.phases[config.first_phase].num_steps
        known.append(f"{config.phases[config.first_phase].name} {first + 1:,} to {last:,}")
        if not first < step <= last:
            continue
        blocks = _blocks(lake, phase)
        vocabulary = _vocabulary(lake, phase.train)
        [plan] = (plan for plan in plan_blocks(config, blocks, vocabulary) if plan.first_step < step <= plan.end)
        sample, count = plan.samples(config.phases[plan.phase], step - 1 - plan.first_step)
        windows = _num_windows(blocks, plan, vocabulary, config.phases[plan.phase])
        numbers = [one * golden_stride(windows) % windows for one in range(sample, sample + count)]
        set_aside = plan.name in _left_out(lake, phase.train)
        reads = [Read(step=step, place=place, set_aside=set_aside) for place in range(count)]
        return phase, plan.name, numbers, reads
    raise StageError("no such step", where=f"step {step}", mend=f"there are: {', '.join(known)}")


def read_at(lake: Lake, phase: Traced, block: str, number: int) -> Read | None:
    """When a sequence of a block is read; None where training ends before."""
    assert phase.train is not None, "blocks alone are read by nobody"
    blocks, config, vocabulary = _blocks(lake, phase), _config(phase.train), _vocabulary(lake, phase.train)
    plan = next((one for one in plan_blocks(config, blocks, vocabulary) if one.name == block), None)
    if plan is None:
        return None
    of = config.phases[plan.phase]
    windows = _num_windows(blocks, plan, vocabulary, of)
    sample = number * pow(golden_stride(windows), -1, windows) % windows if windows > 1 else 0
    sequence = plan.phase_sequence + sample
    step = bisect_right(range(of.num_steps), sequence, key=of.sequences_before) - 1
    if not plan.phase_step <= step < plan.phase_step + plan.num_steps:
        return None
    place = sequence - of.sequences_before(step)
    at = plan.first_step + step - plan.phase_step + 1
    return Read(step=at, place=place, set_aside=block in _left_out(lake, phase.train))


def _config(train: Making) -> TrainConfig:
    """What of a training's config says which step reads what."""
    phases = tuple(Phase.model_validate(phase) for phase in train.config["phases"])
    return TrainConfig(phases=phases, first_phase=train.config["first_phase"])


def _vocabulary(lake: Lake, train: Making) -> Vocabulary:
    return read_vocabulary(lake, train.input(lake, "tokenizer"))


def _num_windows(blocks: Manifest, plan: BlockPlan, vocabulary: Vocabulary, phase: Phase) -> int:
    return tokens_by_block(blocks, vocabulary)[plan.name] // phase.sequence_length


def _blocks(lake: Lake, phase: Traced) -> Manifest:
    """The blocks of a phase, be they all made or not."""
    return phase.blocks.artifact.manifest(lake) or phase.blocks.unfinished


def _left_out(lake: Lake, train: Making) -> set[str]:
    """The blocks of the phase that its training leaves out, as far as it has come."""
    keys = [train.artifact.key(EVENTS, name, ".json") for name in train.artifact.records(lake, EVENTS)]
    return Events.read(map(lake.get_json, keys)).left_out
