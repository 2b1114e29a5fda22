"""Which step trains on which block: known before training starts, and before the blocks are made, from the recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smelt.errors import StageError
from smelt.lake import Lake, Manifest, held
from smelt.recipe.blocks import block_sizes
from smelt.recipe.mixture import BlocksConfig
from smelt.recipe.training.config import TrainConfig, layout_rules
from smelt.recipe.training.phases import Phase
from smelt.recipe.training.rules import broken
from training.spikes.events import Events

UINT16_VOCABULARY = 65_500
"""Vocabularies below this are stored as uint16, as Megatron's indexed datasets do; others as int32."""


@dataclass(frozen=True)
class BlockPlan:
    """A block and its steps.

    Attributes:
        name: the block's part in the ``blocks`` artifact.
        phase: index of its phase.
        first_step: global number of its first step.
        phase_step: number of its first step in its phase.
        num_steps: steps it holds (as far as the phase needs them).
        phase_sequence: number of its first sequence in its phase.
    """

    name: str
    phase: int
    first_step: int
    phase_step: int
    num_steps: int
    phase_sequence: int

    @property
    def end(self) -> int:
        """Global number of the first step after the block."""
        return self.first_step + self.num_steps

    def samples(self, phase: Phase, index: int) -> tuple[int, int]:
        """The block's sample that its step ``index`` begins with, and how many samples the step has."""
        step = self.phase_step + index
        return phase.sequences_before(step) - self.phase_sequence, phase.batch_size(step)


@dataclass(frozen=True)
class Vocabulary:
    """What training needs to know of the tokenizer.

    Attributes:
        size: number of token ids.
        padded_size: rows the recipe plans for, which the tokenizer may not have filled.
        end_of_document, end_token: the token that ends each document, as id and as text.
        pieces: tokens that an extended tokenizer got, by id, with what it was before made of them.
    """

    size: int
    padded_size: int
    end_of_document: int
    end_token: str
    pieces: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def token_bytes(self) -> int:
        """Bytes of a stored token."""
        return 2 if self.size < UINT16_VOCABULARY else 4


def read_vocabulary(lake: Lake, tokenizer: Manifest) -> Vocabulary:
    """The vocabulary of a ``tokenizer`` artifact."""
    figures = held.read_json(lake, tokenizer, "tokenizer", "/figures.json")
    end = figures["end_of_document"]
    pieces = {int(token): own for token, own in figures.get("pieces", {}).items()}
    return Vocabulary(figures["vocab_size"], figures["padded_vocab_size"], end["id"], end["token"], pieces)


def require_layout(config: TrainConfig, workers: int) -> None:
    """Raise one line when the recipe's sizes don't divide among ``workers`` processes."""
    if rule := broken(layout_rules(config, workers=workers)):
        raise StageError(f"does not hold: {rule.name}", where="train", mend=rule.mend)


def tokens_by_block(blocks: Manifest, vocabulary: Vocabulary) -> dict[str, int]:
    """The tokens that are trained on of each block, by name; of an artifact that is still being made, as it will be."""
    if not blocks.parts:
        return block_sizes(BlocksConfig.model_validate(blocks.config))
    return {part.name: part.files[".bin"].bytes // vocabulary.token_bytes - 1 for part in blocks.parts}


def plan_blocks(config: TrainConfig, blocks: Manifest, vocabulary: Vocabulary) -> list[BlockPlan]:
    """The blocks of the phases that are trained, in training order.

    Raises:
        StageError: when the blocks hold fewer tokens than a phase asks for.
    """
    plans: list[BlockPlan] = []
    sizes = tokens_by_block(blocks, vocabulary)
    first_step = sum(phase.num_steps for phase in config.phases[: config.first_phase])
    for index, phase in list(enumerate(config.phases))[config.first_phase :]:
        done = 0  # global batches
        for name, tokens in sizes.items():
            if int(name.split("-")[0]) != index or done == phase.num_batches:
                continue
            taken = min(tokens // phase.tokens_per_batch, phase.num_batches - done)
            step, end = phase.steps_before(done), phase.steps_before(done + taken)
            sequence = done * phase.global_batch_size
            plans.append(BlockPlan(name, index, first_step + step, step, end - step, sequence))
            done += taken
        if done < phase.num_batches:
            raise StageError(
                f"the blocks of phase {phase.name} hold {done} global batches, the phase has {phase.num_batches}",
                where=f"blocks/{blocks.fingerprint}",
                mend="give it more documents, fewer tokens or more epochs",
            )
        first_step += phase.num_steps
    return plans


def checkpoint_due(plans: list[BlockPlan], plan: BlockPlan, every_blocks: int) -> bool:
    """Whether a checkpoint belongs after the block: every so many of a phase, and at each phase's end."""
    own = [other for other in plans if other.phase == plan.phase]
    return plan == own[-1] or (own.index(plan) + 1) % every_blocks == 0


def course(plans: list[BlockPlan], events: Events) -> list[BlockPlan]:
    """The blocks that training goes through: all but those set aside.

    Raises:
        StageError: when none is left.
    """
    left = [plan for plan in plans if plan.name not in events.left_out]
    if not left:
        raise StageError("every block is set aside", where="train", mend="look at set-aside/ in the lake")
    return left
