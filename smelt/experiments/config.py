"""The experiment's document: a base recipe, what is varied, and what it may cost."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from smelt.recipe.base import Config

PARAMETERS, TOKENS, MIXTURE = "parameters", "tokens", "mixture"
NATURAL, STRATIFIED = "natural", "stratified"
Axes = dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]]


class Grid(Config):
    """Every combination of the axes' values."""

    kind: Literal["grid"]
    axes: Axes = Field(min_length=1)
    """Values by recipe path (`phases.0.learning_rate`, `seed`, `model.preset`, `dedup.minhash`), or by one of three
    short names: `parameters` (the ladder's shape of about so many), `tokens` (of all phases together; each phase, its
    warm-up, ramp and decay keep their proportion), `mixture` (weights by group, `natural`, or `stratified`)."""
    held_out: bool = False
    """Whether these cells stay out of every fit, to hold its prediction against them."""


class Cells(Config):
    """Cells one by one."""

    kind: Literal["list"]
    cells: tuple[Annotated[dict[str, Any], Field(min_length=1)], ...] = Field(min_length=1)
    """Of each cell its values, by the names that a grid's axes have."""
    held_out: bool = False
    """See `grid`."""


class Range(Config):
    """What an axis of a Latin hypercube lies between."""

    low: float
    high: float
    log: bool = False
    """Whether equal ratios are equally likely, rather than equal differences."""
    whole: bool = False
    """Whether values are rounded to whole numbers."""

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise ValueError("low must be below high, and above 0 on a log axis (mend the range)")
        return self


class Latin(Config):
    """A Latin hypercube: each axis is cut into as many strips as there are cells, and each strip is met once."""

    kind: Literal["latin"]
    cells: int = Field(ge=2, le=500)
    axes: dict[str, Range] = Field(min_length=1)
    """Ranges by the names that a grid's axes have."""
    seed: int = 1234
    """Of the draw."""


class Mixtures(Config):
    """Mixtures drawn from a Dirichlet distribution; the natural and the stratified one are always among them."""

    kind: Literal["mixtures"]
    cells: int = Field(ge=1, le=500)
    """Mixtures to draw, besides those two."""
    groups: tuple[str, ...] = Field(min_length=2)
    """Groups that are mixed, as `mixture.weights` names them."""
    concentration: float = Field(default=1.0, gt=0)
    """Of the distribution: 1 makes all mixtures equally likely, more draws them to the middle."""
    least: float = Field(default=0.02, ge=0.001, lt=0.5)
    """Smallest share of a group; draws that have less are moved there."""
    seed: int = 1234
    """Of the draw."""
    values: dict[str, Any] = Field(default_factory=dict)
    """What all of these cells have besides, by the names that a grid's axes have."""

    @model_validator(mode="after")
    def _room(self) -> Self:
        if self.least * len(self.groups) >= 1 or len(set(self.groups)) < len(self.groups):
            raise ValueError("groups must differ, and leave room beside `least` of each (mend one)")
        return self


Plot = Annotated[Grid | Cells | Latin | Mixtures, Field(discriminator="kind")]


class Experiment(Config):
    """Many runs of one recipe, to learn from."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    """Lower-case name; its runs and its page carry it."""
    description: str = ""
    recipe: str
    """The base recipe: a path in the checkout."""
    set: dict[str, Any] = Field(default_factory=dict)
    """Values laid over the recipe in every cell, by path."""
    cells: tuple[Plot, ...] = Field(min_length=1)
    """What is varied: cells that two of them have are run once."""
    budget_flops: float = Field(gt=0)
    """Training FLOPs of all cells together; a plan that exceeds it is refused."""
    worker_flops: float = Field(default=1e10, gt=0)
    """FLOPs a second that one worker trains with, for the hours that the plan says. A core of 2020's trains models of
    a million parameters with about 1e10; a GPU has about 0.4 of its peak."""
