"""What a run takes from its recipe's file as it is now, when a stage of it is tried again.

A run keeps the recipe that it was planned with, and what its artifacts are called follows from that. What enters no
name may follow the file: a stage that was killed for its memory, or a gate whose tolerance was too narrow, would
otherwise end the same way however often it is cleared.
"""

from typing import Any

from smelt.errors import RecipeError
from smelt.lake import Lake
from smelt.plan import differences, with_changed
from smelt.recipe import load_recipe
from smelt.recipe.recipe import Recipe
from smelt.recipe.training.config import LAYOUT, POLICIES, TrainingConfig
from smelt.run import Run, find_run, run_key

RENEWED = ("resources", "gates", "approve")
"""Sections of a recipe that change no artifact, taken whole; of ``training`` its layout and its policies."""


def renew(lake: Lake, run: Run) -> tuple[Run, list[str]]:
    """The run with what may follow its recipe's file, written down where it is other than before.

    Returns:
        The run, and a line for each value that has changed; none, and the run as it was, where the file is gone or is
        no valid recipe by now.
    """
    try:
        present = load_recipe(run.recipe_path, _overrides(lake, run))
        recipe = Recipe.model_validate({**dict(run.recipe), **_taken(run.recipe, present)})
    except (RecipeError, ValueError) as error:
        return run, [
            f"the recipe is taken as it was planned, since the file can't be used: {' '.join(str(error).split())}"
        ]
    changed = differences(_plain(run.recipe), _plain(recipe))
    if not changed:
        return run, []
    run = run.model_copy(update={"recipe": recipe, "plan": with_changed(run.plan, recipe)})
    lake.put(run_key(run.id), run.model_dump_json().encode())
    return run, [f"the recipe as it is now: {path} {was} → {now}" for path, was, now in changed]


def _overrides(lake: Lake, run: Run) -> dict[str, Any]:
    """What is laid over the file: of a branch that of its trunk, and its own in the sections that are taken."""
    if run.origin is None:
        return run.overrides
    trunk = find_run(lake, run.origin.run)
    own = {path: value for path, value in run.overrides.items() if path.partition(".")[0] in (*RENEWED, "training")}
    return {**(_overrides(lake, trunk) if trunk is not None else {}), **own}


def _taken(old: Recipe, present: Recipe) -> dict[str, Any]:
    follows = present.training.model_dump(include={**dict.fromkeys(LAYOUT, True), **POLICIES})
    guard = {**old.training.guard.model_dump(), **follows.pop("guard", {})}
    training = TrainingConfig.model_validate({**dict(old.training), **follows, "guard": guard})
    return {**{name: getattr(present, name) for name in RENEWED}, "training": training}


def _plain(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(mode="json", include={*RENEWED, "training"})
