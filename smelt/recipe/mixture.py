"""In which proportions the groups of documents are trained on, and how often each may be repeated."""

from typing import Literal, Self

from pydantic import Field, model_validator

from smelt.recipe.base import Config


class Mixture(Config):
    """Weights by group, and how often a group's documents may come again."""

    weights: dict[str, float] = Field(default_factory=dict)
    """Share of each group in the tokens of a phase (`{zh: 4, en: 4, code: 2}`; any scale). A group is a language
    (`zh`) or a language and a domain (`zh/encyclopedia`); a document belongs to the narrowest group that is named,
    and to none when neither its domain nor its language is. Without any name: each language by its own tokens."""
    max_epochs: float = Field(default=4.0, gt=0, le=100)
    """How often a group's tokens may be used in all phases together. Up to 4 is as good as new text
    (Muennighoff et al. 2023, *Scaling Data-Constrained Language Models*)."""

    @model_validator(mode="after")
    def _weights_are_shares(self) -> Self:
        if any(weight <= 0 for weight in self.weights.values()):
            raise ValueError("weights must be above 0 (leave a group out instead)")
        return self


class BlockPhase(Config):
    """What a training phase asks of its data."""

    name: str
    """The phase's name."""
    tokens: int = Field(gt=0)
    """Tokens to train on; rounded down to whole global batches, but never below one."""
    sequence_length: int = Field(gt=0)
    """Tokens of a sequence."""
    global_batch_size: int = Field(gt=0)
    """Sequences of an optimizer step."""
    weights: dict[str, float] = Field(default_factory=dict)
    """See `Mixture.weights`."""
    order: Literal["shuffle", "source"] = "shuffle"
    """Order of documents within a group: shuffled by the recipe's seed, or as the sources have them."""

    @property
    def batch_tokens(self) -> int:
        """Tokens of an optimizer step."""
        return self.sequence_length * self.global_batch_size


class BlocksConfig(Config):
    """Which blocks are made, in which order."""

    phases: tuple[BlockPhase, ...]
    """The phases, in the order they are trained."""
    first_phase: int = Field(default=0, ge=0)
    """Index of the first phase whose blocks are made; those before it only use documents up."""
    block_tokens: int = Field(default=1_000_000_000, gt=0)
    """Tokens of a block; rounded down to whole global batches of its phase, but never below one. Checkpoints fall
    on block ends."""
    max_epochs: float = Field(default=4.0, gt=0, le=100)
    """See `Mixture.max_epochs`."""
    seed: int = 1234
    """The recipe's seed, which shuffles the documents."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names) or not names:
            raise ValueError("phases need names, each its own (rename one)")
        return self
