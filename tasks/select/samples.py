"""Documents to show beside the figures of bias: rejects drawn at random, and keeps nearest to a limit.

Each part offers a few: of every rule the documents that it was the reason for and that have the lowest draws, and
the kept documents with the smallest margins. Whoever shows them takes the best of several parts. The *margin* of a
document is how far it is from the nearest limit of its group, as a share: for a rule ``a < b`` it is
|a - b| / max(|a|, |b|), 0 at the limit and 1 where one side is nothing beside the other. Rules that are no single
comparison have no margin.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from smelt.gates.bias.candidates import KEEPS_SHOWN, REJECTS_PER_RULE, SAMPLE_SCHEMA
from smelt.recipe.select import RuleGroup
from smelt.rules import group_numbers, sides_of
from tasks.sampling import draws

_NEAREST = {"rule": pl.String, "margin": pl.Float64, "found": pl.Float64}


def offer(frame: pl.DataFrame, reason: pl.Series, groups: Sequence[RuleGroup], first_row: int) -> pl.DataFrame:
    """A part's candidates among these rows.

    Args:
        frame: columns of the rules, and ``id``.
        reason: why each document is dropped; null where it is kept.
        first_row: number of the first row in the part.

    Returns:
        columns of SAMPLE_SCHEMA.
    """
    ids = frame["id"].to_arrow()
    rows = np.arange(first_row, first_row + len(frame), dtype=np.int64)
    given = pl.DataFrame({"row": rows, "id": frame["id"], "reason": reason, "draw": draws(ids, "bias")})
    nothing = [pl.lit(None, kind).alias(name) for name, kind in _NEAREST.items()]
    candidates = [given.filter(pl.col("reason").is_not_null()).with_columns(nothing)]
    numbers = group_numbers(frame, groups)
    for number, group in enumerate(groups):
        kept = (numbers == number).fill_null(False) & reason.is_null()
        near = pl.concat([given.filter(kept), _nearest(frame.filter(kept), group)], how="horizontal")
        candidates.append(near.filter(pl.col("margin").is_not_null()))
    return trim(pl.concat(candidates))


def trim(candidates: pl.DataFrame) -> pl.DataFrame:
    """The best candidates: so many rejects a rule by draw, so many keeps by margin."""
    rejects = candidates.filter(pl.col("reason").is_not_null()).sort("draw", "id")
    keeps = candidates.filter(pl.col("reason").is_null()).sort("margin", "draw", "id")
    rejects = rejects.group_by("reason", maintain_order=True).head(REJECTS_PER_RULE)
    return pl.concat([found.select(SAMPLE_SCHEMA.names) for found in (rejects, keeps.head(KEEPS_SHOWN))])


def _nearest(frame: pl.DataFrame, group: RuleGroup) -> pl.DataFrame:
    """By row: the group's rule whose limit is nearest, the margin to it, and the value that is near it."""
    compared = {name: sides for name, rule in group.rules.items() if rule is not None and (sides := sides_of(rule))}
    if not compared or frame.is_empty():
        return pl.DataFrame({name: pl.Series([None] * len(frame), dtype=kind) for name, kind in _NEAREST.items()})
    pairs = [[pl.sql_expr(side).cast(pl.Float64) for side in sides] for sides in compared.values()]
    left, right = (
        frame.select(pl.repeat(0, pl.len()).alias("rows"), *(pair[side].alias(str(i)) for i, pair in enumerate(pairs)))
        .drop("rows")
        .to_numpy()
        for side in (0, 1)
    )
    margins = np.abs(left - right) / np.maximum(np.maximum(np.abs(left), np.abs(right)), 1e-12)
    margins = np.nan_to_num(margins, nan=np.inf)  # of a signal that the document lacks
    best = margins.argmin(axis=1)
    rows = np.arange(len(frame))
    names = np.array(list(compared), object)[best]
    return pl.DataFrame({"rule": names.tolist(), "margin": margins[rows, best], "found": left[rows, best]})
