"""From YAML to a checked recipe, with errors that name the path and the nearest right word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.reading.complaints import Complaint, as_error, complaints
from smelt.recipe.reading.overrides import lay_over
from smelt.recipe.reading.shape import written
from smelt.recipe.recipe import Recipe


def load_recipe(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read, override and check a recipe.

    Args:
        path: the YAML file.
        overrides: values by dotted path (``phases.main.tokens``; list items by index or by their ``name``), laid over
            the file before it is checked. An object is merged into what is there, a list takes its place.

    Raises:
        RecipeError: one line that says all that is wrong, where, and what would be right.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("no such recipe", where=str(path), mend="see recipes/ for those that ship") from None
    except yaml.YAMLError as error:
        raise RecipeError(" ".join(str(error).split()), where=str(path), mend="mend the YAML") from None
    except (OSError, UnicodeDecodeError) as error:
        line = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise RecipeError(str(line), where=str(path), mend="give a YAML file") from None
    if not isinstance(raw, dict):
        raise RecipeError("not a mapping", where=str(path), mend="a recipe starts with `name:` and `sources:`")
    changed = written(raw)  # a copy: what a YAML anchor shares is laid over in one place alone
    laid = lay_over(Recipe, changed, overrides or {})
    try:
        return Recipe.model_validate(changed)
    except ValidationError as error:
        of_file = _wrong_with(raw) if laid else []
        raise as_error(complaints(Recipe, error, changed), str(path), laid, of_file) from None


def evaluation_with(config: EvaluateConfig, overrides: Mapping[str, Any]) -> EvaluateConfig:
    """An evaluation with values laid over it, by paths that begin with ``evaluate.``.

    Raises:
        RecipeError: as ``load_recipe`` does; and for another path, which would make another model.
    """
    if strange := [key for key in overrides if str(key).partition(".")[0] != "evaluate"]:
        raise RecipeError("says nothing of how a model is judged", where=f"--set {strange[0]}", mend="set evaluate.…")
    raw = {"evaluate": written(config.model_dump(mode="json"))}
    laid = lay_over(_Judging, raw, overrides)
    try:
        return _Judging.model_validate(raw).evaluate
    except ValidationError as error:
        raise as_error(complaints(_Judging, error, raw), "evaluate", laid, []) from None


class _Judging(Config):
    evaluate: EvaluateConfig = EvaluateConfig()


def parse_recipe(raw: Mapping[str, Any], *, where: str) -> Recipe:
    """Check a recipe that is already a mapping; ``where`` names it in errors."""
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise as_error(complaints(Recipe, error, raw), where) from None


def _wrong_with(raw: Mapping[str, Any]) -> list[Complaint]:
    try:
        Recipe.model_validate(raw)
    except ValidationError as error:
        return complaints(Recipe, error, raw)
    return []
