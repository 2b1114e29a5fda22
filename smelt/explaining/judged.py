"""The rules that a document met, each asked on its own: what it found, and whether it fired."""

from typing import Any

import polars as pl
import pyarrow as pa
from pydantic import BaseModel

from smelt import rules
from smelt.lake import Manifest
from smelt.recipe.select import RuleGroup, columns_of


class AskedRule(BaseModel):
    """A rule of the document's group.

    Attributes:
        found: the left side's value where the expression is one comparison, else the value of each of its columns.
        fired: whether it holds, whatever other rules say.
        decided: whether it is the first that does, and so the reason.
    """

    name: str
    expression: str
    found: dict[str, Any]
    fired: bool
    decided: bool


class Judged(BaseModel):
    """The group that judged a document (None where none matches), and its rules."""

    group: int | None
    of: dict[str, list[str]] = {}
    rules: list[AskedRule] = []


def judge(select: Manifest, columns: pa.Table, reason: str | None) -> Judged:
    """The rules that ``select`` applied to the document of that row, as its manifest has them.

    Args:
        columns: the columns of ``clean`` and ``score``, one row.
    """
    groups = [RuleGroup.model_validate({**group, "presets": ()}) for group in select.config["groups"]]
    frame = pl.from_arrow(columns)
    assert isinstance(frame, pl.DataFrame)
    number = rules.group_numbers(frame, groups)[0]
    if number is None:
        return Judged(group=None)
    group = groups[number]
    fired = rules.holds(frame, group).row(0, named=True) if any(group.rules.values()) else {}
    asked = [
        AskedRule(
            name=name,
            expression=expression,
            found=_found(frame, expression),
            fired=fired[name],
            decided=name == reason,
        )
        for name, expression in group.rules.items()
        if expression
    ]
    meant = {name: list(getattr(group, name)) for name in ("lang", "domain", "source") if getattr(group, name)}
    return Judged(group=number, of=meant, rules=asked)


def _found(frame: pl.DataFrame, expression: str) -> dict[str, Any]:
    sides = rules.sides_of(expression)
    if sides is not None:
        return {sides[0]: frame.select(pl.sql_expr(sides[0]).alias("left"))["left"][0]}
    return {column: frame[column][0] for column in sorted(columns_of(expression))}
