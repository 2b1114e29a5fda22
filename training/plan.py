"""Which step trains on which block: known before training starts, from the recipe and the blocks' sizes alone."""

from dataclasses import dataclass

from smelt.errors import StageError
from smelt.lake import Manifest
from smelt.recipe.training import TrainConfig

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
    """

    name: str
    phase: int
    first_step: int
    phase_step: int
    num_steps: int

    @property
    def end(self) -> int:
        """Global number of the first step after the block."""
        return self.first_step + self.num_steps


def plan_blocks(config: TrainConfig, blocks: Manifest, vocab_size: int) -> list[BlockPlan]:
    """All blocks in training order.

    Raises:
        StageError: when the blocks hold fewer tokens than a phase asks for.
    """
    width = token_bytes(vocab_size)
    plans: list[BlockPlan] = []
    first_step = 0
    for index, phase in enumerate(config.phases):
        done = 0
        for part in blocks.parts:
            if int(part.name.split("-")[0]) != index or done == phase.num_steps:
                continue
            held = (part.files[".bin"].bytes // width - 1) // phase.tokens_per_step
            steps = min(held, phase.num_steps - done)
            plans.append(BlockPlan(part.name, index, first_step + done, done, steps))
            done += steps
        if done < phase.num_steps:
            raise StageError(
                f"the blocks of phase {phase.name} hold {done} steps, the phase has {phase.num_steps}",
                where=f"blocks/{blocks.fingerprint}",
                mend="give it more documents, fewer tokens or more epochs",
            )
        first_step += done
    return plans


def token_bytes(vocab_size: int) -> int:
    """Bytes of a stored token."""
    return 2 if vocab_size < UINT16_VOCABULARY else 4
