"""What the proof of bias needs of a part: of each rule on its own, whom it was asked of and of whom it holds.

Counted by language, domain, source and length. The labels of each are few (fastText's languages, the recipe's
sources and domains, eight bands), and only what occurs is written, so that the counts of a part stay a few kB
whatever the corpus.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from smelt.gates.bias.bands import BANDS, DIMENSIONS, EDGES
from smelt.recipe.select import RuleGroup
from smelt.rules import group_numbers, holds
from tasks.tally import UNKNOWN


def length_bands(num_chars: pl.Series) -> pl.Series:
    """The band of each document."""
    return num_chars.cut([float(edge) for edge in EDGES], labels=list(BANDS), left_closed=True).cast(pl.String)


def count_rules(frame: pl.DataFrame, groups: Sequence[RuleGroup]) -> dict[str, Any]:
    """By number of the group: documents ``asked``, and of each rule those of which it ``fired``.

    Args:
        frame: columns of the rules, ``lang``, ``domain``, ``source`` and ``length``.
    """
    labels = frame.select(
        pl.col("lang").fill_null(UNKNOWN),
        pl.format("{}/{}", pl.col("lang").fill_null(UNKNOWN), pl.col("domain").fill_null(UNKNOWN)).alias("domain"),
        pl.col("source").fill_null(UNKNOWN),
        pl.col("length"),
    )
    numbers = group_numbers(frame, groups)
    found: dict[str, Any] = {}
    for number, group in enumerate(groups):
        mine = (numbers == number).fill_null(False)
        if not mine.any():
            continue
        own = labels.filter(mine)
        held = holds(frame.filter(mine), group)
        fired = {name: _by_label(own.filter(held[name])) for name in held.columns if held[name].any()}
        found[str(number)] = {"asked": _by_label(own), "fired": fired}
    return found


def _by_label(labels: pl.DataFrame) -> dict[str, dict[str, int]]:
    return {name: dict(labels.group_by(name).len().sort(name).iter_rows()) for name in DIMENSIONS}
