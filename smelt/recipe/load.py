"""From YAML to a checked recipe, with errors that name the path and the nearest right word."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from smelt.errors import RecipeError
from smelt.recipe.recipe import Recipe


def load_recipe(path: str | Path, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """Read, override and check a recipe.

    Args:
        path: the YAML file.
        overrides: values by dotted path (``phases.main.tokens``; list items by index or by their
            ``name``), laid over the file before it is checked.

    Raises:
        RecipeError: one line that says what is wrong, where, and what would be right.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("no such recipe", where=str(path), mend="see recipes/ for those that ship") from None
    except yaml.YAMLError as error:
        raise RecipeError(" ".join(str(error).split()), where=str(path), mend="mend the YAML") from None
    if not isinstance(raw, dict):
        raise RecipeError("not a mapping", where=str(path), mend="a recipe starts with `name:` and `sources:`")
    for dotted, value in (overrides or {}).items():
        _override(raw, dotted, value)
    return parse_recipe(raw, where=str(path))


def parse_recipe(raw: Mapping[str, Any], *, where: str) -> Recipe:
    """Check a recipe that is already a mapping; ``where`` names it in errors."""
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise _one_line(error, where) from None


def _override(raw: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    node: Any = raw
    for key in parents:
        node = _step(node, key, dotted)
    if isinstance(node, list):
        node[_index(node, last, dotted)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise RecipeError("leads into a plain value", where=f"override {dotted}", mend="shorten the path")


def _step(node: Any, key: str, dotted: str) -> Any:
    if isinstance(node, dict):
        return node.setdefault(key, {})
    if isinstance(node, list):
        return node[_index(node, key, dotted)]
    raise RecipeError("leads into a plain value", where=f"override {dotted}", mend="shorten the path")


def _index(items: list[Any], key: str, dotted: str) -> int:
    if key.isdigit() and int(key) < len(items):
        return int(key)
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    known = ", ".join(str(name) for name in names if name) or f"0 to {len(items) - 1}"
    raise RecipeError(f"no item {key!r}", where=f"override {dotted}", mend=f"there are {known}")


def _one_line(error: ValidationError, where: str) -> RecipeError:
    everything = error.errors()
    inner = {item["loc"][:depth] for item in everything for depth in range(len(item["loc"]))}
    problems = [item for item in everything if item["loc"] not in inner] or everything  # the causes, not what follows
    first = problems[0]
    location = _location(first["loc"])
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(Recipe, first["loc"][:-1])
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1, cutoff=0.5)
        mend = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(sorted(known))}"
        return RecipeError(f"unknown key{more}", where=f"{where}: {location}", mend=mend)
    if first["type"] == "missing":
        return RecipeError(f"missing{more}", where=f"{where}: {location}", mend="add it")
    message = first["msg"].removeprefix("Value error, ")
    given = first.get("input")
    mend = f"got {given!r}" if first["type"] != "value_error" and isinstance(given, str | int | float | None) else ""
    return RecipeError(message + more, where=f"{where}: {location}" if location else where, mend=mend)


def _location(loc: tuple[int | str, ...]) -> str:
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _fields_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> set[str]:
    """Names of the fields that may stand at ``loc``; union members and containers are looked through."""
    models: set[type[BaseModel]] = {model}
    for step in loc:
        found: set[type[BaseModel]] = set()
        for candidate in models:
            if isinstance(step, str) and step in candidate.model_fields:
                found |= _models_in(candidate.model_fields[step].annotation)
        if found:
            models = found
    return {name for candidate in models for name in candidate.model_fields}


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in _models_in(argument)}
