"""Values laid over a recipe: by path, or as objects, which are merged into what is there; lists take its place.

Where a path leads into a list or mapping that the recipe has by default (``select.groups.1.rules.short``), the default
is written out first, so that the rest of it stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_origin

from pydantic import BaseModel

from smelt.errors import RecipeError
from smelt.recipe.reading.shape import Place, default_at, types_at, value_at


@dataclass(frozen=True)
class Laid:
    """One value that was laid over a recipe.

    Attributes:
        path: where, in the words of whoever gave it.
        place: where that is.
    """

    path: str
    place: Place


def lay_over(root: type[BaseModel], raw: dict[str, Any], overrides: Mapping[str, Any]) -> list[Laid]:
    """Change a raw recipe; what was laid where, in order.

    Raises:
        RecipeError: for every path that leads nowhere, in one line.
    """
    laid: list[Laid] = []
    wrong: list[RecipeError] = []
    for dotted, value in overrides.items():
        *parents, last = str(dotted).split(".")
        place: Place = ()
        try:
            for key in parents:
                place = _open(root, raw, place, key, dotted)
            laid += _lay(root, raw, place, last, value, dotted)
        except RecipeError as error:
            wrong.append(error)
    if wrong:
        raise RecipeError("; ".join(map(str, wrong)))
    return laid


def _lay(root: type[BaseModel], raw: dict[str, Any], place: Place, key: str, value: Any, path: str) -> list[Laid]:
    node = value_at(raw, place)
    at = (*place, _key(node, key, path))
    if isinstance(value, Mapping) and not _plain(value_at(raw, at)):
        _open(root, raw, place, key, path)
        inner = [one for name, item in value.items() for one in _lay(root, raw, at, name, item, f"{path}.{name}")]
        return inner or [Laid(path, at)]
    if value is None and _only_a_name(root, raw, place):
        node.pop(key, None)
    else:
        node[at[-1]] = value
    return [Laid(path, at)]


def _open(root: type[BaseModel], raw: dict[str, Any], place: Place, key: str, path: str) -> Place:
    """The place of a key whose value is stepped into: written out where the recipe has it by default."""
    node = value_at(raw, place)
    at = (*place, _key(node, key, path))
    if value_at(raw, at) is None:
        default = default_at(root, raw, at)
        node[at[-1]] = {} if default is None else default
    if _plain(value_at(raw, at)):
        raise RecipeError("leads into a plain value", where=f"override {path}", mend="shorten the path")
    return at


def _key(node: Any, key: str, path: str) -> str | int:
    """The key, or of a list the index of the item of that number or name."""
    if not isinstance(node, list):
        return key
    if key.isdecimal() and int(key) < len(node):
        return int(key)
    names = [item.get("name") if isinstance(item, dict) else None for item in node]
    if key in names:
        return names.index(key)
    known = ", ".join(str(name) for name in names if name) or (f"0 to {len(node) - 1}" if node else "none")
    raise RecipeError(f"no item {key!r}", where=f"override {path}", mend=f"there are {known}")


def _plain(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _only_a_name(root: type[BaseModel], raw: dict[str, Any], place: Place) -> bool:
    """Whether a name here stands in a mapping of the user's own, where null can only mean to leave it out."""
    kinds = types_at(root, raw, place)
    return any(get_origin(kind) is dict for kind in kinds) and NoneType not in types_at(root, raw, (*place, ""))
