"""What is wrong with a recipe, each thing in a few words: where, what, and what would be right.

What the file alone would not get wrong is an override's fault, and is said by the path that the user wrote.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from smelt.errors import RecipeError
from smelt.recipe.reading.overrides import Laid
from smelt.recipe.reading.shape import Place, types_at
from smelt.recipe.reading.wrong import WrongError

_STEP = re.compile(r"[^.\[\]]+|\[\d+\]")


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong."""

    place: Place
    what: str
    mend: str = ""


def complaints(root: type[BaseModel], error: ValidationError, raw: Mapping[str, Any]) -> list[Complaint]:
    """Everything that is wrong, without what only follows from it.

    Args:
        root: the type of the whole.
        raw: what was validated.
    """
    everything = error.errors()
    outer = {item["loc"][:depth] for item in everything for depth in range(len(item["loc"]))}
    found: dict[tuple[Place, str], Complaint] = {}
    for item in everything:
        if item["loc"] in outer:
            continue
        of_one_value = item["type"] not in ("value_error", "extra_forbidden")  # a union's members all say something
        for complaint in _told(root, item, raw):
            key = (complaint.place, "" if of_one_value and complaint.place else complaint.what)
            before = found.setdefault(key, complaint)
            if complaint.what not in before.what:
                found[key] = Complaint(before.place, f"{before.what}; or {complaint.what}", before.mend)
    return list(found.values())


def as_error(
    found: Sequence[Complaint], where: str, laid: Sequence[Laid] = (), of_file: Collection[Complaint] = ()
) -> RecipeError:
    """All complaints in one line.

    Args:
        where: the recipe's name.
        laid: what was laid over it.
        of_file: what is wrong with the file alone.
    """
    told = [
        RecipeError(one.what, where=_where(one.place, where), mend=one.mend)
        if one in of_file or not laid
        else _of_override(one, laid)
        for one in found
    ]
    return told[0] if len(told) == 1 else RecipeError("; ".join(map(str, told)))


def _told(root: type[BaseModel], item: Any, raw: Mapping[str, Any]) -> Iterator[Complaint]:
    place = _place(item["loc"], raw, missing=item["type"] == "missing")
    if isinstance(item.get("ctx", {}).get("error"), ValidationError):  # of what is made of the recipe's parts
        yield from (Complaint(place, one["msg"].removeprefix("Value error, ")) for one in item["ctx"]["error"].errors())
        return
    cause = item.get("ctx", {}).get("error")
    message, given = item["msg"].removeprefix("Value error, "), item.get("input")
    if isinstance(cause, WrongError):
        for line in cause.lines:
            path, _, what = line.partition(": ")
            yield Complaint((*place, *_parsed(path)), what)
    elif item["type"] == "extra_forbidden":
        known = sorted({name for kind in types_at(root, raw, place[:-1]) for name in getattr(kind, "model_fields", ())})
        near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
        yield Complaint(
            place, "unknown key", f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
        )
    elif item["type"] == "union_tag_invalid":
        kinds = re.findall(r"'([^']*)'", item["ctx"]["expected_tags"])
        near = difflib.get_close_matches(item["ctx"]["tag"], kinds, n=1, cutoff=0.5)
        mend = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(kinds)}"
        yield Complaint((*place, item["ctx"]["discriminator"].strip("'")), f"no kind {item['ctx']['tag']!r}", mend)
    elif item["type"] == "missing":
        yield Complaint(place, "missing", "add it")
    else:
        shown = item["type"] != "value_error" and isinstance(given, str | int | float | None)
        yield Complaint(place, message, f"got {given!r}" if shown else "")


def _place(loc: Place, raw: Any, *, missing: bool) -> Place:
    """Where an error is, without pydantic's names for the members of unions."""
    place: list[str | int] = []
    for number, step in enumerate(loc):
        if isinstance(raw, Mapping) and (step in raw or (missing and number == len(loc) - 1)):
            raw = raw.get(step)
        elif isinstance(raw, list | tuple) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
        else:
            continue
        place.append(step)
    return tuple(place)


def _of_override(one: Complaint, laid: Sequence[Laid]) -> RecipeError:
    above = [item for item in laid if one.place[: len(item.place)] == item.place]
    if above:
        nearest = max(above, key=lambda item: len(item.place))
        rest = _location(one.place[len(nearest.place) :])
        path = nearest.path + (f".{rest}" if rest and not rest.startswith("[") else rest)
        return RecipeError(one.what, where=f"override {path}", mend=one.mend)
    shared = [_shared(item.place, one.place) for item in laid]
    nearest_ones = [item for item, depth in zip(laid, shared, strict=True) if depth == max(shared)]
    paths = ", ".join(dict.fromkeys(item.path for item in nearest_ones))
    what = one.what if max(shared) == len(one.place) else f"{_location(one.place)}: {one.what}"
    return RecipeError(what, where=f"override{'s' if len(nearest_ones) > 1 else ''} {paths}", mend=one.mend)


def _shared(one: Place, other: Place) -> int:
    """How many steps two places have in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _where(place: Place, where: str) -> str:
    return f"{where}: {_location(place)}" if place else where


def _location(place: Place) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _parsed(path: str) -> Place:
    return tuple(int(step[1:-1]) if step.startswith("[") else step for step in _STEP.findall(path))
