"""A branch: the recipe of a run, changed from a checkpoint on.

What lies before the checkpoint stays as it is, so the branch's training takes it over from the run's (see
``training/checkpoints/trunk.py``); all of the recipe behind it may be changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smelt.errors import RecipeError
from smelt.lake import Lake
from smelt.phases import has_weights, step_of
from smelt.recipe.reading.load import parse_recipe
from smelt.recipe.reading.overrides import lay_over
from smelt.recipe.recipe import Recipe
from smelt.recipe.training.phases import Phase
from smelt.run import Origin, Run, load_run

BRANCH = "branch"
"""How overrides call the phase that a branch begins with."""
BEGUN = ("until", "set_aside", "first_batch_size", "ramp_tokens", "warmup_tokens")
"""Settings of a phase that its rest doesn't have."""
SHAPE = ("schedule", "warmup_tokens", "decay_tokens", "min_learning_rate")
"""What a schedule consists of beside its height: another one brings its own."""


@dataclass(frozen=True)
class Place:
    """Where a branch leaves its trunk.

    Attributes:
        phase: index of the phase in which it lies.
        step: steps before it, over all phases.
        tokens: tokens of that phase before it.
    """

    phase: int
    step: int
    tokens: int


def branched(lake: Lake, origin: Origin, overrides: Mapping[str, Any]) -> tuple[str, Recipe]:
    """The file of the run that a branch leaves, and the branch's recipe, named by where it does.

    Raises:
        StageError: when there is no such run.
        RecipeError: as ``branch`` does, and when the origin names no place.
    """
    if origin.step is None and not origin.set_aside:
        raise RecipeError("no place to branch off", where=origin.run, mend="name a step, a block to set aside or both")
    trunk = load_run(lake, origin.run)
    name = branch_name(trunk, origin)
    raw = branch(trunk, lake, name=name, step=origin.step, overrides=overrides, set_aside=origin.set_aside)
    return trunk.recipe_path, parse_recipe(raw, where=f"the branch of {trunk.id}")


def branch_name(trunk: Run, origin: Origin) -> str:
    """What a branch's recipe is called unless told: as its trunk's, and where it leaves it."""
    return f"{trunk.recipe.name[:30]}-{origin.set_aside or origin.step}"


def branch(
    run: Run, lake: Lake, *, name: str, step: int | None = None, overrides: Mapping[str, Any], set_aside: str = ""
) -> dict[str, Any]:
    """The recipe of a branch of a run, as plain values.

    Args:
        name: of the new recipe.
        step: of one of the run's checkpoints, which the branch begins behind; None for a branch that leaves a block out
            and is the same otherwise.
        overrides: as a recipe's; ``branch.learning_rate`` is one of the phase that the branch begins with.
        set_aside: name of a block that is not to be trained on, such as ``0-00004``.

    Raises:
        RecipeError: when there is no such checkpoint or its weights are gone, when the rest of a phase needs a schedule
            of its own, or when what comes out is no recipe.
    """
    raw = {**_plain(run.recipe), "name": name}
    if set_aside:
        _leave_out(run, raw, set_aside)
    if step is not None:
        place = find_place(run, lake, step)
        first = _part(run, raw, place, {key.removeprefix(f"{BRANCH}.") for key in overrides if key.startswith(BRANCH)})
        overrides = {_named(key, first): value for key, value in overrides.items()}
    lay_over(Recipe, raw, overrides)
    parse_recipe(raw, where=f"the branch of {run.id}")
    return raw


def find_place(run: Run, lake: Lake, step: int) -> Place:
    """Where the run's checkpoint behind ``step`` lies.

    Raises:
        RecipeError: when it has none there, or one without weights; names those that it has.
    """
    there: dict[int, bool] = {}
    begins = 0
    for number, phase in enumerate(run.recipe.phases):
        records = run.planned(f"train-{number + 1}").artifact.records(lake, "checkpoints").values()
        own = {step_of(record): has_weights(record) for record in records}
        if own.get(step):
            return Place(number, step, phase.sequences_before(step - begins) * phase.sequence_length)
        there |= own
        begins += phase.num_steps
    kept = ", ".join(str(one) for one, whole in sorted(there.items()) if whole) or "none yet"
    what = "tidied away the weights" if step in there else "no checkpoint"
    raise RecipeError(f"{what} of step {step}", where=run.id, mend=f"branch off behind one of these: {kept}")


def _plain(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain values: each section without its defaults, where that says the same."""
    whole, short = recipe.model_dump(mode="json"), recipe.model_dump(mode="json", exclude_defaults=True)

    def says_the_same(section: str) -> bool:
        try:
            return Recipe.model_validate({**whole, section: short[section]}).model_dump(mode="json") == whole
        except ValueError:
            return False

    return {name: short[name] if says_the_same(name) else whole[name] for name in short}


def _leave_out(run: Run, raw: dict[str, Any], block: str) -> None:
    """Set a block aside in the recipe."""
    number, _, of_phase = block.partition("-")
    if not (number.isdecimal() and of_phase.isdecimal() and int(number) < len(raw["phases"])):
        raise RecipeError(
            f"no block {block!r}", where=run.id, mend="name it as the events do, such as 0-00004: phase, then block"
        )
    phase = raw["phases"][int(number)]
    phase["set_aside"] = sorted({*phase.get("set_aside", ()), int(of_phase)})


def _part(run: Run, raw: dict[str, Any], place: Place, given: set[str]) -> str:
    """Part the recipe's phases at a place; the name of the phase that is the branch's first.

    Args:
        given: what the caller says of that phase himself.
    """
    phases, at, trunk = raw["phases"], place.phase, run.recipe.phases[place.phase]
    whole = place.tokens == trunk.num_trained_tokens
    if whole and at + 1 < len(phases):
        return str(phases[at + 1]["name"])
    where = f"{run.id} at step {place.step}"
    left = trunk.num_scheduled_tokens - place.tokens
    if left == 0 and "tokens" not in given:
        raise RecipeError("the run ends there", where=where, mend=f"say how far: --set {BRANCH}.tokens=…")
    rest = {key: value for key, value in phases[at].items() if key not in BEGUN}
    rest |= {"name": f"{BRANCH}-{place.step}", "tokens": left or trunk.tokens_per_batch}
    if "schedule" in given:
        rest = {key: value for key, value in rest.items() if key not in SHAPE}
    else:
        rest |= _going_on(trunk, place, left, where)
    if not whole:
        phases[at] = {**phases[at], "until": place.tokens}
    phases.insert(at + 1, rest)
    return str(rest["name"])


def _going_on(trunk: Phase, place: Place, left: int, where: str) -> dict[str, Any]:
    """What makes the schedule of a phase's rest go on as the phase's own does.

    Raises:
        RecipeError: where no schedule does.
    """
    if trunk.schedule == "warmup" and left:
        return {}  # it rises from the rate before it
    rise = {"warmup_tokens": trunk.warmup_tokens - place.tokens} if trunk.warmup_tokens > place.tokens else {}
    if trunk.schedule == "constant":
        return rise
    if trunk.schedule == "wsd" and left >= trunk.num_decay_tokens:
        return {**rise, "decay_tokens": trunk.num_decay_tokens}
    raise RecipeError(
        f"no schedule goes on as the rest of {trunk.schedule} does",
        where=where,
        mend=f"say how the branch goes on: --set {BRANCH}.schedule=constant, say",
    )


def _named(key: str, first: str) -> str:
    """A path of an override, with the branch's phase by its name."""
    head, dot, rest = key.partition(".")
    return f"phases.{first}.{rest}" if head == BRANCH and dot else key
