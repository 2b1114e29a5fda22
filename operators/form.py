"""Fields that trigger forms share."""

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param

from smelt.checkout import CHECKOUT

RECIPES = sorted(str(path.relative_to(CHECKOUT)) for path in CHECKOUT.glob("recipes/*.yaml"))


def fields(recipe: str, stages: Sequence[str]) -> dict[str, Param]:
    """Recipe, overrides, and the stages to force and to ask for.

    Args:
        recipe: the one that is taken unless the form says another.
        stages: names to choose from.
    """
    return {
        "recipe": Param(
            recipe, type="string", examples=RECIPES, title="Recipe", description="A file, from the checkout"
        ),
        "overrides": Param(
            {},
            type="object",
            title="Overrides",
            description='Merged into the recipe, such as {"seed": 7} or {"phases.main.tokens": 4000000}',
        ),
        "force": _choice(stages, "Force", "Stages to build anew although cached, and with them what follows"),
        "approve": _choice(stages, "Approve", "Stages whose failed gate asks a person instead of failing"),
    }


def branching() -> dict[str, Param]:
    """The run to branch off from, and where."""
    return {
        "from": Param(
            "",
            type="string",
            title="From",
            description="A run: its recipe is taken, and changed from a checkpoint on, whose steps are not made again",
        ),
        "at": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="At",
            description='Behind the checkpoint of this step; {"branch.learning_rate": 1e-4} among the overrides is of '
            "the phase that begins there",
        ),
        "set_aside": Param(
            "",
            type="string",
            title="Set aside",
            description="A block to leave out, such as 0-00004: back to before it",
        ),
    }


def _choice(names: Sequence[str], title: str, description: str) -> Param:
    items: dict[str, Any] = {"type": "string", "enum": list(names)}
    return Param([], type="array", items=items, examples=list(names), title=title, description=description)
