"""In which proportions the groups of documents are trained on, how often each may be repeated, and in what order."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from smelt.recipe.base import Config
from smelt.recipe.select import insist_on_few_words

SCORE = "score_quality"
"""The column that an order or a curve by quality goes by where none is named."""


class Quality(Config):
    """How much oftener a better document is drawn: a curve over the quantiles of a column."""

    column: str = SCORE
    """Column of numbers: a score, a signal, a keyword list, or what deduplication has counted."""
    curve: tuple[tuple[float, float], ...] = Field(min_length=2)
    """Points `[quantile, rate]`, joined by lines: `[[0, 0], [0.3, 0], [0.3, 1], [1, 7]]` never draws the lowest 30 %
    and draws the best 7 times as often as those that just pass. A quantile is a document's place among the tokens of
    its own language and domain; a document without a value stands in their middle."""

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.curve[0][0] != 0 or self.curve[-1][0] != 1:
            raise ValueError("the curve must go from quantile 0 to quantile 1 (add the point that is missing)")
        if any(one[0] > other[0] or one[1] > other[1] for one, other in pairwise(self.curve)):
            raise ValueError("quantiles and rates must not fall from point to point (sort them)")
        if self.curve[0][1] < 0 or self.curve[-1][1] <= 0:
            raise ValueError("a rate is 0 or more, and the last above 0 (raise them)")
        return self


class Reuse(Config):
    """How a document's chance of being drawn again falls with each use, and rises with its quality.

    A document of rate q that was drawn u times is drawn next within 1 / (q * decay^u) of a pass over its group, at a
    place of that stretch which the seed decides.
    """

    decay: float = Field(default=1.0, gt=0, le=1)
    """What a document's rate is multiplied by with each use. 0.94 is exp(-1/15.39), how fast repeated text loses its
    worth (Muennighoff et al. 2023); 1 reads whole passes."""
    max: int | None = Field(default=None, ge=1, le=100)
    """How often one document may be drawn in all phases together; by default `mixture.max_epochs`."""
    quality: Quality | None = None
    """What makes a document's rate; by default it is 1."""


class Order(Config):
    """The order of the documents of each group in a phase; which documents they are is the same in any order."""

    by: Literal["shuffle", "source", "quality", "difficulty", "in_context"] = "shuffle"
    """`shuffle`: by the recipe's seed. Its first blocks don't depend on how many tokens the phase has, as long as no
    group runs short, so that a phase can be made longer; in other orders they do. `source`: as the sources have them.
    `quality` and `difficulty`: by a column of numbers. `in_context`: beside documents that are alike, in contexts of a
    sequence's length, which are shuffled (Shi et al. 2023); a longer phase keeps all but the contexts of its last
    262,144 documents of each group."""
    column: str = ""
    """The column; by default `score_quality` for `quality`."""
    first: Literal["low", "high"] = "low"
    """Which end of the column comes first: by default the best text comes last, and the hardest too."""

    @model_validator(mode="before")
    @classmethod
    def _a_word_is_enough(cls, data: Any) -> Any:
        data = {"by": data} if isinstance(data, str) else data
        if isinstance(data, dict) and data.get("by") == "quality":
            return {"column": SCORE, **data}
        return data

    @model_validator(mode="after")
    def _column_where_one_is_read(self) -> Self:
        if self.by == "difficulty" and not self.column:
            raise ValueError("order by difficulty needs a column (name one: {by: difficulty, column: score_loss})")
        if self.by in ("shuffle", "source", "in_context") and (self.column or self.first != "low"):
            raise ValueError(f"order by {self.by} reads no column (leave out column and first)")
        return self


Packing = Literal["concatenate", "best_fit"]
"""How a phase's documents are laid into sequences."""


def _as_before(packing: Packing) -> bool:
    """Phases that lay documents end to end keep the fingerprints that they had before there was another way."""
    return packing == "concatenate"


PACKING: Any = Field(default="concatenate", exclude_if=_as_before)
"""The field of a phase that says so."""


class Groups(Config):
    """Groups of documents by an expression, and what is done where a group has too little."""

    groups: dict[str, str] = Field(default_factory=dict)
    """Groups that weights may name beside languages and domains, each an SQL expression over columns as in
    `select.groups[].rules`: `{zh-good: "lang = 'zh' and score_quality > 0.8"}`. A document belongs to the first of
    them that holds for it and that the phase weighs."""
    max_epochs: float = Field(default=4.0, gt=0, le=100)
    """How often a group's tokens may be used in all phases together. Up to 4 is as good as new text
    (Muennighoff et al. 2023, *Scaling Data-Constrained Language Models*)."""
    reuse: Reuse = Reuse()
    """How often and when a document is drawn again."""
    when_short: Literal["reweight", "repeat", "stop"] = "reweight"
    """What is done where a group can't give its share of a phase: the others fill up by their weights, its documents
    are repeated more often than they may be, or the phase is not made."""

    @model_validator(mode="before")
    @classmethod
    def _as_it_was_written_out(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("groups"), list):
            return {**values, "groups": dict(values["groups"])}
        return values

    @field_validator("groups")
    @classmethod
    def _can_be_evaluated(cls, groups: dict[str, str]) -> dict[str, str]:
        for name, expression in groups.items():
            insist_on_few_words(name, expression)
        return groups

    @field_serializer("groups")
    def _in_order(self, groups: dict[str, str]) -> list[list[str]]:
        """As pairs: a document belongs to the first that holds, so their order is part of the identity."""
        return [[name, expression] for name, expression in groups.items()]

    def columns(self, orders: Iterable[Order]) -> set[str]:
        """The columns of numbers that curve and orders go by."""
        quality = {self.reuse.quality.column} if self.reuse.quality else set()
        return quality | {order.column for order in orders if order.column}


class Mixture(Groups):
    """Weights by group, and how often a group's documents may come again."""

    weights: dict[str, float] = Field(default_factory=dict)
    """Share of each group in the tokens of a phase (`{zh: 4, en: 4, code: 2}`; any scale). A group is one of `groups`,
    a language and a domain (`zh/encyclopedia`), or a language (`zh`); a document belongs to the first of these, in
    this order, that is named, and to none when none is. Without any name: each language by its own tokens."""

    @field_validator("weights")
    @classmethod
    def _weights_are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        if any(weight <= 0 for weight in weights.values()):
            raise ValueError("weights must be above 0 (leave a group out instead)")
        return weights


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
    order: Order = Order()
    """Order of documents within a group."""
    packing: Packing = PACKING
    """See ``Phase.packing``."""

    @property
    def batch_tokens(self) -> int:
        """Tokens of an optimizer step."""
        return self.sequence_length * self.global_batch_size


class BlocksConfig(Groups):
    """Which blocks are made, in which order."""

    phases: tuple[BlockPhase, ...]
    """The phases, in the order they are trained."""
    first_phase: int = Field(default=0, ge=0)
    """Index of the first phase whose blocks are made; those before it only use documents up."""
    block_tokens: int = Field(default=1_000_000_000, gt=0)
    """Tokens of a block; rounded down to whole global batches of its phase, but never below one. Checkpoints fall
    on block ends."""
    seed: int = 1234
    """The recipe's seed, which shuffles the documents."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [phase.name for phase in self.phases]
        if len(set(names)) < len(names) or not names:
            raise ValueError("phases need names, each its own (rename one)")
        return self
