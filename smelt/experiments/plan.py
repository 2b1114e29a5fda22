"""The plan of an experiment: every cell as a recipe with its overrides, checked and costed before anything starts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.experiments.config import MIXTURE, NATURAL, PARAMETERS, STRATIFIED, TOKENS, Experiment, Mixtures
from smelt.experiments.draws import Values, values
from smelt.experiments.ladder import shape
from smelt.identity import digest
from smelt.recipe import Recipe, load_recipe
from smelt.recipe.corpus import OPEN
from smelt.recipe.training.figures import figures

MAX_CELLS = 1000
NAME_LENGTH = 10
_OF_SIZE = ("model", "phases", "seed")
_IN_PROPORTION = ("tokens", "warmup_tokens", "ramp_tokens", "decay_tokens")


@dataclass(frozen=True)
class Cell:
    """One run of an experiment.

    Attributes:
        name: hash of its overrides, so that it is the same cell in a changed experiment.
        values: what is varied, as the experiment names it.
        overrides: what that lays over the recipe, by path.
        setting: hash of its overrides but sizes, tokens, schedule and seed: what a law of sizes is a law of.
        held_out: whether fits leave it out.
        parameters, tokens, flops: of its training; parameters with the embedding, tokens in whole steps.
    """

    name: str
    values: Values
    overrides: dict[str, Any]
    setting: str
    held_out: bool
    parameters: int
    tokens: int
    flops: float

    @property
    def described(self) -> dict[str, Any]:
        """What a point of it has in common with it."""
        same = ("title", "values", "setting", "held_out", "parameters", "tokens", "flops")
        return {"cell": self.name, **{name: getattr(self, name) for name in same}}

    @property
    def title(self) -> str:
        """Its values in a few words."""
        return ", ".join(f"{name.rpartition('.')[2]} {_said(value)}" for name, value in self.values.items())


@dataclass(frozen=True)
class ExperimentPlan:
    """The cells in order, and what they cost.

    Attributes:
        hours: of training, on the workers that the recipe has for it.
    """

    experiment: Experiment
    cells: tuple[Cell, ...]
    hours: float

    @property
    def flops(self) -> float:
        """Of all cells."""
        return sum(cell.flops for cell in self.cells)


def make_plan(experiment: Experiment, where: str) -> ExperimentPlan:
    """Every cell, held to the recipe's rules, and all of them to the budget.

    Args:
        where: the experiment's file, for errors.

    Raises:
        RecipeError: one line: which cell's recipe is wrong and why, or by how much the budget is exceeded.
    """
    path = CHECKOUT / experiment.recipe
    base = load_recipe(path, experiment.set)
    if base.corpus is not None and base.corpus.first_open is not None:
        line = f"{base.corpus.first_open}{OPEN} is open at the end, and runs must read the same days to compare"
        raise RecipeError(line, where=f"sources.{base.corpus.source}.dates", mend="name the last day, too")
    if base.corpus is None and base.dedup.against:
        line = "runs must be compared with the same days, and each would be with those that are made when it is planned"
        raise RecipeError(line, where="dedup.against", mend="set it to null")
    found: dict[str, Cell] = {}
    for number, plot in enumerate(experiment.cells):
        for own in values(plot):
            held_out = getattr(plot, "held_out", False)
            groups = plot.groups if isinstance(plot, Mixtures) else tuple(base.mixture.weights)
            try:
                cell = _cell(experiment, base, own, held_out, groups)
            except RecipeError as error:
                said = ", ".join(f"{name}: {value}" for name, value in own.items())
                raise RecipeError(f"{{{said}}}: {error}", where=f"{where}: cells[{number}]") from None
            if (before := found.get(cell.name)) is not None and before.held_out != cell.held_out:
                raise RecipeError(
                    f"the cell {cell.title} is held out and not", where=f"{where}: cells[{number}]", mend="name it once"
                )
            # the same run under two descriptions is one cell that has both
            found[cell.name] = cell if before is None else replace(before, values={**before.values, **cell.values})
            if len(found) > MAX_CELLS:
                raise RecipeError(f"more than {MAX_CELLS} cells", where=where, mend="leave values out")
    cells = tuple(found.values())
    workers = base.resources_of("train").workers or 1
    plan = ExperimentPlan(
        experiment, cells, sum(cell.flops for cell in cells) / experiment.worker_flops / workers / 3600
    )
    if plan.flops > experiment.budget_flops:
        raise RecipeError(
            f"{len(cells)} runs cost {plan.flops:.3g} FLOPs, the budget is {experiment.budget_flops:.3g}",
            where=f"{where}: budget_flops",
            mend="fewer, smaller or shorter runs, or a larger budget",
        )
    return plan


def _cell(experiment: Experiment, base: Recipe, own: Values, held_out: bool, groups: Sequence[str]) -> Cell:
    overrides = {**experiment.set, **_laid(base, own, groups)}
    recipe = load_recipe(CHECKOUT / experiment.recipe, overrides)
    workers = recipe.resources_of("train").workers or 1
    costs = figures(recipe.train_config(), vocab_size=recipe.embedding_rows, workers=workers)
    return Cell(
        name=digest(overrides)[:NAME_LENGTH],
        values=own,
        overrides=overrides,
        setting=digest({path: value for path, value in overrides.items() if path.partition(".")[0] not in _OF_SIZE})[
            :NAME_LENGTH
        ],
        held_out=held_out,
        parameters=costs.parameters,
        tokens=costs.tokens,
        flops=costs.training_flops,
    )


def _laid(base: Recipe, own: Values, groups: Sequence[str]) -> dict[str, Any]:
    """A cell's values as overrides; what is named by a recipe path wins over what a short name says."""
    laid: dict[str, Any] = {}
    for name, value in own.items():
        if name == PARAMETERS:
            laid |= {
                f"model.{key}": size for key, size in shape(_number(name, value), base.model, base.vocab_size).items()
            }
            # learning rates and initial weights go on from the base recipe's width, as in muP
            laid["model.tuned_hidden_size"] = base.model.tuned_hidden_size or base.model.hidden_size
        elif name == TOKENS:
            laid |= _tokens(base, _number(name, value))
        elif name == MIXTURE:
            laid |= _mixture(base, value, groups)
    return laid | {name: value for name, value in own.items() if name not in (PARAMETERS, TOKENS, MIXTURE)}


def _tokens(base: Recipe, tokens: float) -> dict[str, Any]:
    ratio = tokens / sum(phase.tokens for phase in base.phases)
    return {
        f"phases.{number}.{key}": max(1, round(ratio * value))
        for number, phase in enumerate(base.phases)
        for key in _IN_PROPORTION
        if (value := getattr(phase, key))
    }


def _mixture(base: Recipe, value: Any, groups: Sequence[str]) -> dict[str, Any]:
    if value == NATURAL:
        wanted: dict[str, float] = {}
    elif value == STRATIFIED:
        wanted = {group: round(1 / len(groups), 4) for group in groups}
    elif isinstance(value, dict):
        wanted = value
    else:
        raise RecipeError(f"{value!r} is no mixture", where=MIXTURE, mend="weights by group, `natural` or `stratified`")
    # null takes a group of the recipe's away
    return {f"mixture.weights.{group}": None for group in base.mixture.weights if group not in wanted} | {
        f"mixture.weights.{group}": weight for group, weight in wanted.items()
    }


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise RecipeError(f"{value!r} is no number above 0", where=name, mend="write 1_000_000")
    return float(value)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(f"{key} {_said(item)}" for key, item in value.items())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)
