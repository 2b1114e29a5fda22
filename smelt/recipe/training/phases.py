"""Phases: stretches of training with one sequence length, RoPE base, mixture and learning-rate segment.

A phase's tokens are cut into global batches of ``sequence_length * global_batch_size`` tokens, and a step trains on
one of them; sample n of the phase is tokens [n*S, n*S + S] of its stream (one more than S: inputs and their
successors). While the batch size ramps up, a global batch is taken in several smaller steps, a power of two of them,
so that the data lie the same with a ramp and without. Nothing of this depends on how many processes train.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from smelt.recipe.base import Config
from smelt.recipe.mixture import PACKING, Order, Packing
from smelt.recipe.training.optimizer import OptimizerConfig

Schedule = Literal["warmup", "constant", "cosine", "linear", "wsd", "1-sqrt"]


@dataclass(frozen=True)
class Stretch:
    """Global batches in a row that are taken in equally many steps each.

    Attributes:
        batches: how many of them.
        steps_per_batch: steps that each is taken in; 1 but for a ramp.
    """

    batches: int
    steps_per_batch: int


class Phase(Config):
    """One stretch of training."""

    name: str = Field(default="main", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """The phase's name, in metrics and in the report."""
    tokens: int = Field(default=1_048_576, gt=0)
    """Tokens to train on; rounded down to whole global batches."""
    until: int | None = Field(default=None, gt=0)
    """Tokens after which the phase is left, in the middle of its schedule: what branches off there is the next phase.
    By default it goes to its end."""
    set_aside: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Numbers of blocks of the phase, from 0, that are not trained on."""
    sequence_length: int = Field(default=256, ge=8)
    """Tokens in a sample."""
    global_batch_size: int = Field(default=16, ge=1)
    """Sequences in a step, over all processes."""
    first_batch_size: int | None = Field(default=None, ge=1)
    """Sequences in the first steps, a power of two below global_batch_size; doubles until that is reached."""
    ramp_tokens: int = Field(default=0, ge=0)
    """Tokens over which the batch grows, as many at each size. Small batches early save tokens (GPT-3, Llama 3)."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Peak learning rate of the phase."""
    min_learning_rate: float = Field(default=0.0, ge=0)
    """Learning rate at the phase's end, for the schedules that fall."""
    schedule: Schedule = "cosine"
    """Shape between warm-up and end. ``warmup``: the whole phase rises to learning_rate. ``wsd``: constant, then
    1-sqrt over decay_tokens (Hägele et al. 2024)."""
    warmup_tokens: int = Field(default=0, ge=0)
    """Tokens over which the rate rises, linearly, from the previous phase's last one (0 at the start)."""
    decay_tokens: int | None = Field(default=None, gt=0)
    """Length of ``wsd``'s decay; by default a tenth of the phase."""
    rope_base: float | None = Field(default=None, gt=1)
    """RoPE base of the phase; by default that of the phase before (of the first: the model's), raised NTK-aware where
    sequences are longer than all before."""
    weights: dict[str, float] | None = None
    """Mixture of this phase, instead of the recipe's."""
    order: Order = Order()
    """Order of the documents of each group, as a word (`shuffle`) or with its column (`{by: difficulty, column:
    score_loss}`)."""
    packing: Packing = PACKING
    """How documents are laid into sequences. `concatenate`: end to end, and cut wherever a sequence ends. `best_fit`:
    whole, each into the fullest sequence that has room for it, the longest first (Ding et al. 2024); one that is longer
    than a sequence is cut at paragraph ends where there are any. What a sequence has left is padding, which counts
    among the phase's tokens and has no loss. Only in the order `shuffle`."""
    optimizer: OptimizerConfig | None = None
    """Optimizer settings of this phase, instead of ``training.optimizer``; AdamW's moments go on."""

    @model_validator(mode="after")
    def _sound(self) -> "Phase":
        if self.num_batches == 0:
            raise ValueError(
                f"phase {self.name}: {self.tokens} tokens are less than one step of {self.tokens_per_batch} "
                "(sequence_length x global_batch_size; raise tokens or lower the batch)"
            )
        if self.until is not None and not self.ramp_tokens <= self.until <= self.tokens:
            raise ValueError(
                f"phase {self.name}: until {self.until} is not between its ramp's end and its {self.tokens} tokens "
                "(leave it out to train to the end)"
            )
        if self.packing == "best_fit" and self.order.by != "shuffle":
            raise ValueError(
                f"phase {self.name}: best_fit lays documents where there is room, not in an order by {self.order.by} "
                "(leave out order, or packing)"
            )
        if self.min_learning_rate > self.learning_rate:
            raise ValueError(
                f"phase {self.name}: min_learning_rate {self.min_learning_rate} is above learning_rate "
                f"{self.learning_rate} (lower it)"
            )
        if self.min_learning_rate and self.schedule in ("warmup", "constant"):
            raise ValueError(
                f"phase {self.name}: schedule {self.schedule} never falls to min_learning_rate (leave it out)"
            )
        if self.decay_tokens and self.schedule != "wsd":
            raise ValueError(
                f"phase {self.name}: schedule {self.schedule} has no decay_tokens (leave it out, or take wsd)"
            )
        if self.warmup_tokens + self.num_decay_tokens > self.num_scheduled_tokens:
            raise ValueError(
                f"phase {self.name}: a warm-up of {self.warmup_tokens} tokens and a decay of {self.num_decay_tokens} "
                f"exceed the {self.num_scheduled_tokens} that it trains on in whole steps (shorten them)"
            )
        if self.schedule == "warmup" and self.warmup_tokens:
            raise ValueError(f"phase {self.name}: schedule warmup rises over the whole phase (leave out warmup_tokens)")
        if (self.first_batch_size is None) != (self.ramp_tokens == 0):
            raise ValueError(f"phase {self.name}: first_batch_size and ramp_tokens go together (give both or none)")
        growth = self.global_batch_size / (self.first_batch_size or self.global_batch_size)
        if growth < 1 or not math.log2(growth).is_integer() or self.first_batch_size == self.global_batch_size:
            raise ValueError(
                f"phase {self.name}: first_batch_size {self.first_batch_size} does not reach global_batch_size "
                f"{self.global_batch_size} by doubling (take a half, a quarter, an eighth of it)"
            )
        if self.ramp_tokens > self.tokens:
            raise ValueError(f"phase {self.name}: ramp_tokens exceed its {self.tokens} tokens (shorten them)")
        if self.ramp_tokens < (least := int(math.log2(growth)) * self.tokens_per_batch):
            raise ValueError(
                f"phase {self.name}: ramp_tokens {self.ramp_tokens} hold no step at some of its batch sizes (give at "
                f"least {least}, a global batch for each doubling)"
            )
        return self

    @property
    def tokens_per_batch(self) -> int:
        """Tokens in a global batch, which is a step but while the batch ramps up."""
        return self.sequence_length * self.global_batch_size

    @property
    def num_batches(self) -> int:
        """Whole global batches that are trained on."""
        return (self.until or self.tokens) // self.tokens_per_batch

    @property
    def num_steps(self) -> int:
        """Steps in the phase."""
        return self.steps_before(self.num_batches)

    @property
    def num_trained_tokens(self) -> int:
        """Tokens the phase really trains on: whole global batches."""
        return self.num_batches * self.tokens_per_batch

    @property
    def num_scheduled_tokens(self) -> int:
        """Tokens of the whole schedule, in whole global batches; it may be left before (``until``)."""
        return self.tokens // self.tokens_per_batch * self.tokens_per_batch

    @property
    def num_decay_tokens(self) -> int:
        """Length of ``wsd``'s decay; 0 for other schedules."""
        if self.schedule != "wsd":
            return 0
        return self.decay_tokens or max(self.tokens_per_batch, self.num_scheduled_tokens // 10)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The ramp's sizes in order, and the full size behind them."""
        if self.first_batch_size is None:
            return (Stretch(self.num_batches, 1),)
        doublings = int(math.log2(self.global_batch_size // self.first_batch_size))
        borders = [self.ramp_tokens * n // (doublings * self.tokens_per_batch) for n in range(doublings + 1)]
        growing = [Stretch(borders[n + 1] - borders[n], 2 ** (doublings - n)) for n in range(doublings)]
        return (*growing, Stretch(self.num_batches - borders[-1], 1))

    def steps_before(self, batch: int) -> int:
        """Steps that the phase's first ``batch`` global batches are taken in."""
        steps = 0
        for stretch in self.stretches:
            taken = min(batch, stretch.batches)
            steps, batch = steps + taken * stretch.steps_per_batch, batch - taken
        return steps

    def sequences_before(self, step: int) -> int:
        """Sequences that the phase's first ``step`` steps hold."""
        sequences = 0
        for stretch in self.stretches:
            taken = min(step, stretch.batches * stretch.steps_per_batch)
            sequences += taken * self.global_batch_size // stretch.steps_per_batch
            step -= taken
        return sequences

    def batch_size(self, step: int) -> int:
        """Sequences in the phase's step ``step`` (from 0)."""
        return self.sequences_before(step + 1) - self.sequences_before(step)


def ntk_base(base: float, ratio: float, head_size: int) -> float:
    """RoPE base under which ``ratio`` times longer sequences keep the slowest frequency's range.

    NTK-aware scaling (bloc97 2023; Peng et al. 2023, appendix A.2): base * ratio^(d / (d - 2)).
    """
    return base * ratio ** (head_size / (head_size - 2))


def rope_base(phases: Sequence[Phase], index: int, *, base: float, head_size: int, known_length: int = 0) -> float:
    """RoPE base of phase ``index``: the last that a phase was given (else the model's ``base``), NTK-scaled by how much
    longer than all before the sequences have become since. Without a base of its own no phase lowers it.

    Args:
        known_length: tokens of context that the weights know before the first phase, by a scaled RoPE.
    """
    given = max((n for n in range(index + 1) if phases[n].rope_base is not None), default=0)
    known, longest = (max(phase.sequence_length for phase in phases[: last + 1]) for last in (given, index))
    own, known = phases[given].rope_base or base, max(known, known_length)
    return ntk_base(own, longest / known, head_size) if longest > known else own


def learning_rate(phases: Sequence[Phase], index: int, step: int) -> float:
    """Learning rate of step ``step`` (from 0) of phase ``index``: a pure function of the recipe.

    A step takes the rate at its end, so that the first step of a warm-up is above 0 and the last step of a
    decay is at ``min_learning_rate``.
    """
    phase = phases[index]
    tokens = phase.sequences_before(step + 1) * phase.sequence_length
    end = phase.num_scheduled_tokens
    rise = end if phase.schedule == "warmup" else phase.warmup_tokens
    if tokens <= rise:
        start = learning_rate(phases, index - 1, phases[index - 1].num_steps - 1) if index else 0.0
        return start + (phase.learning_rate - start) * tokens / rise
    start_of_decay = phase.warmup_tokens
    if phase.schedule == "wsd":
        start_of_decay = end - phase.num_decay_tokens
    position = max(0.0, (tokens - start_of_decay) / max(1, end - start_of_decay))
    height = phase.learning_rate - phase.min_learning_rate
    match phase.schedule:
        case "constant" | "warmup":
            return phase.learning_rate
        case "linear":
            return phase.min_learning_rate + height * (1 - position)
        case "cosine":
            return phase.min_learning_rate + height * 0.5 * (1 + math.cos(math.pi * position))
        case "wsd" | "1-sqrt":
            return phase.min_learning_rate + height * (1 - math.sqrt(position))
