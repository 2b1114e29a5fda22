"""From YAML to a checked recipe, with errors that name the path and the nearest right word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.corpus import expanded
from smelt.recipe.evaluate import EvaluateConfig
from smelt.recipe.reading.complaints import Complaint, as_error, complaints
from smelt.recipe.reading.overrides import lay_over
from smelt.recipe.reading.plain import plain
from smelt.recipe.reading.shape import written
from smelt.recipe.recipe import Recipe

_BEGINS = "`name:` and `sources:`"


def read_mapping(path: str | Path, kind: str, *, begins: str) -> dict[str, Any]:
    """The mapping that a YAML file is.

    Args:
        kind: what the file is, in one word; those that ship lie in the folder of its plural.
        begins: the keys that such a file begins with.

    Raises:
        RecipeError: one line for what can't be read or is no mapping.
    """
    path, a = Path(path), "an" if kind[0] in "aeiou" else "a"
    try:
        raw = plain(path.read_text(encoding="utf-8"), where=str(path))
    except FileNotFoundError:
        raise RecipeError(f"no such {kind}", where=str(path), mend=f"see {kind}s/ for those that ship") from None
    except (OSError, UnicodeDecodeError) as error:
        line = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise RecipeError(str(line), where=str(path), mend="give a YAML file") from None
    if not isinstance(raw, dict):
        raise RecipeError("not a mapping", where=str(path), mend=f"{a} {kind} starts with {begins}")
    return raw


def load_recipe(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read, override and check a recipe.

    Args:
        path: the YAML file.
        overrides: values by dotted path (``phases.main.tokens``; list items by index or by their ``name``), laid over
            the file before it is checked. An object is merged into what is there, a list takes its place.

    Raises:
        RecipeError: one line that says all that is wrong, where, and what would be right.
    """
    raw = read_mapping(path, "recipe", begins=_BEGINS)
    changed = written(raw)  # a copy: what a YAML anchor shares is laid over in one place alone
    laid = lay_over(Recipe, changed, overrides or {})
    changed = expanded(changed, _of_corpus, str(path))
    try:
        return Recipe.model_validate(changed)
    except ValidationError as error:
        of_file = _wrong_with(expanded(written(raw), _of_corpus, str(path))) if laid else []
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


def _of_corpus(path: str) -> dict[str, Any]:
    return written(read_mapping(CHECKOUT / path, "recipe", begins=_BEGINS))


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
