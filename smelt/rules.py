"""Rules over columns: which rule drops a document, by polars, without looking at any text."""

import re
from collections.abc import Iterable, Sequence
from functools import reduce

import polars as pl

from smelt.errors import StageError
from smelt.recipe.groups import Matching
from smelt.recipe.select import RuleGroup, columns_of, nearest
from smelt.recipe.signals import TEXTS

_COMPARISON = re.compile(r"\s*([^<>=!]+?)\s*(<=|>=|<|>)\s*([^<>=!]+?)\s*")
_CONNECTED = re.compile(r"\b(and|or|not|case|in|between)\b", re.IGNORECASE)


def columns(groups: Sequence[RuleGroup]) -> list[str]:
    """The columns that the rules of these groups and their conditions need, sorted."""
    wanted = {"lang", "domain", "source"}
    for group in groups:
        for expression in group.rules.values():
            wanted |= columns_of(expression or "")
    return sorted(wanted)


def check(groups: Sequence[RuleGroup], available: Sequence[str]) -> None:
    """Refuse rules that can't be evaluated over these columns.

    Raises:
        StageError: naming the rule, and the nearest column where one is missing.
    """
    for number, group in enumerate(groups):
        for name, expression in group.rules.items():
            if expression is None:
                continue
            where = f"select.groups[{number}].rules.{name}"
            for column in sorted(columns_of(expression) - set(available)):
                raise StageError(f"no column {column!r}", where=where, mend=nearest(column, list(available)))
            try:
                pl.sql_expr(expression)
            except pl.exceptions.PolarsError as error:
                raise StageError(f"{expression!r} is no expression: {_first_line(error)}", where=where) from error


def reasons(frame: pl.DataFrame, groups: Sequence[RuleGroup]) -> pl.Series:
    """For each row the name of the first rule of its group that holds; null where none does."""
    return _by_group(frame, groups, [_first_rule(group) for group in groups], pl.String)


def group_numbers(frame: pl.DataFrame, groups: Sequence[Matching]) -> pl.Series:
    """For each row the number of the first group that matches it; null where none does."""
    return _by_group(frame, groups, [pl.lit(number, pl.Int32) for number in range(len(groups))], pl.Int32)


def holds(frame: pl.DataFrame, group: RuleGroup) -> pl.DataFrame:
    """One boolean column a rule of ``group``: whether it holds, whatever other rules say."""
    return frame.select(
        [pl.sql_expr(expression).fill_null(False).alias(name) for name, expression in group.rules.items() if expression]
    )


def columns_spoken_of(expressions: Iterable[str]) -> set[str]:
    """The columns that expressions need."""
    return set().union(*(columns_of(expression) for expression in expressions))


def members(frame: pl.DataFrame, expression: str, *, where: str) -> pl.Series:
    """For each row whether an expression holds; where a column has no value and it takes one, it doesn't.

    Raises:
        StageError: when it can't be evaluated over the frame's columns, or is neither true nor false.
    """
    return _truth(frame, expression, where).fill_null(False)


def can_hold(expression: str, known: pl.DataFrame, *, where: str) -> bool:
    """Whether an expression holds for any of these rows, or could: a column that ``known`` lacks may be anything.

    Raises:
        StageError: as ``members`` does.
    """
    others = columns_of(expression) - set(known.columns)
    frame = known.with_columns(
        pl.lit(None, pl.String if name in TEXTS else pl.Float64).alias(name) for name in sorted(others)
    )
    return bool(_truth(frame, expression, where).fill_null(True).any())


def _truth(frame: pl.DataFrame, expression: str, where: str) -> pl.Series:
    """For each row true, false, or null where a column without a value decides."""
    try:
        truth = frame.select(pl.sql_expr(expression).alias("truth"))["truth"]
    except pl.exceptions.PolarsError as error:
        mend = "texts stand in single quotes" if '"' in expression else "write it as a rule of select"
        raise StageError(f"{expression!r} is no expression: {_first_line(error)}", where=where, mend=mend) from error
    if truth.dtype not in (pl.Boolean, pl.Null):
        raise StageError(f"{expression!r} is neither true nor false", where=where, mend="compare it with something")
    truth = truth.cast(pl.Boolean)
    return truth if len(truth) == len(frame) else truth.new_from_index(0, len(frame))  # a constant is one row


def sides_of(expression: str) -> tuple[str, str] | None:
    """Both sides of an expression that is one comparison; None for any other."""
    matched = _COMPARISON.fullmatch(expression)
    return None if matched is None or _CONNECTED.search(expression) else (matched[1], matched[3])


def _by_group(
    frame: pl.DataFrame, groups: Sequence[Matching], values: Sequence[pl.Expr], kind: type[pl.DataType]
) -> pl.Series:
    """For each row the value of the first group that matches it."""
    chain = pl.lit(None, kind)
    for group, value in reversed(list(zip(groups, values, strict=True))):
        chain = pl.when(_matches(group)).then(value).otherwise(chain)
    return frame.select(pl.repeat(None, pl.len(), dtype=kind).alias("rows"), chain.alias("value"))["value"]


def _matches(group: Matching) -> pl.Expr:
    conditions = [
        pl.col(column).is_in(list(wanted))
        for column, wanted in (("lang", group.lang), ("domain", group.domain), ("source", group.source))
        if wanted
    ]
    return reduce(lambda a, b: a & b, conditions, pl.lit(True))


def _first_rule(group: RuleGroup) -> pl.Expr:
    found = [
        pl.when(pl.sql_expr(expression).fill_null(False)).then(pl.lit(name, pl.String))
        for name, expression in group.rules.items()
        if expression
    ]
    return pl.coalesce(found) if found else pl.lit(None, pl.String)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
