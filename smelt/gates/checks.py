"""Expectations with the words that people read beside them.

A check is a Great Expectations expectation on one of two tables: ``figures`` (one row, a column for each
figure of the artifact) or ``rows`` (a sample of the artifact). Its sentence says what is asked, and how
a number is shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.expectations.expectation import Expectation

from smelt.invariants import INVARIANTS

Show = Callable[[float], str]


def number(value: float) -> str:
    """A figure: thousands grouped, four significant digits below that."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def percent(value: float) -> str:
    """A share, in percent."""
    return f"{100 * value:.4g} %"


@dataclass(frozen=True)
class Check:
    """One expectation: its sentence, the table it is about, what is expected, and how numbers are shown."""

    sentence: str
    table: Literal["figures", "rows"]
    expectation: Expectation
    expected: str
    show: Show = number


@dataclass(frozen=True)
class Gate:
    """All that is asked of an artifact, the tables it is asked of, and pages of its own beside Data Docs, by name."""

    figures: dict[str, float]
    checks: list[Check]
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    pages: dict[str, str] = field(default_factory=dict)


def at_least(figure: str, limit: float, sentence: str, show: Show = number) -> Check:
    """The figure is ``limit`` or more; a figure that is missing or no number fails."""
    return _between(figure, sentence, show, low=limit)


def at_most(figure: str, limit: float, sentence: str, show: Show = number) -> Check:
    """The figure is ``limit`` or less; a figure that is missing or no number fails."""
    return _between(figure, sentence, show, high=limit)


def equal(figure: str, value: float, sentence: str, show: Show = number) -> Check:
    """The figure is ``value``."""
    return _between(figure, sentence, show, low=value, high=value)


def none_breaks(stage: str) -> list[Check]:
    """No row of the artifact breaks an invariant of its stage; the figures are ``figures.violations``."""
    return [equal(name, 0, sentence, _rows) for name, sentence in INVARIANTS[stage].items()]


def _rows(count: float) -> str:
    return f"{number(count)} not so" if count else "all of them"


def _between(figure: str, sentence: str, show: Show, low: float | None = None, high: float | None = None) -> Check:
    if low == high:
        expected = show(low or 0)
    else:
        expected = f"≥ {show(low)}" if high is None and low is not None else f"≤ {show(high or 0)}"
    # the maximum of a one-row column: unlike ColumnValuesToBeBetween it fails on a null
    expectation = gxe.ExpectColumnMaxToBeBetween(column=figure, min_value=low, max_value=high, notes=sentence)
    return Check(sentence, "figures", expectation, expected, show)


def has_columns(columns: Sequence[str]) -> Check:
    """The rows have these columns, and perhaps others."""
    sentence = f"Rows have the columns {', '.join(columns)}"
    expectation = gxe.ExpectTableColumnsToMatchSet(column_set=list(columns), exact_match=False, notes=sentence)
    return Check(sentence, "rows", expectation, "all of them")


def never_null(column: str) -> Check:
    """No sampled row lacks a value."""
    sentence = f"Every row has a value in {column}"
    return Check(sentence, "rows", gxe.ExpectColumnValuesToNotBeNull(column=column, notes=sentence), "100 % of rows")


def unique(column: str) -> Check:
    """No value comes twice in the sample."""
    sentence = f"No {column} comes twice"
    return Check(sentence, "rows", gxe.ExpectColumnValuesToBeUnique(column=column, notes=sentence), "100 % of rows")


def values_between(column: str, low: float | None, high: float | None, sentence: str) -> Check:
    """Every sampled value lies between the limits, both included."""
    expectation = gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high, notes=sentence)
    return Check(sentence, "rows", expectation, "100 % of rows")


def mostly(column: str, value: Any, sentence: str, *, min_share: float = 1.0) -> Check:
    """At least ``min_share`` of the sampled rows have this value."""
    expectation = gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[value], mostly=min_share, notes=sentence)
    return Check(sentence, "rows", expectation, f"≥ {percent(min_share)} of rows" if min_share < 1 else "100 % of rows")
