"""By which levels each document is compared, and what the rounds of dedup need to know of one another."""

import json

import numpy as np
import polars as pl
import pyarrow as pa

from smelt.recipe.dedup import NEAR_RUNGS, DedupConfig, Levels
from smelt.rules import group_numbers
from smelt.stage import Context
from tasks.dedup.records import BAND

RUNGS = ".json"
"""What the round ``rung`` writes: the rung of each pool, by its number."""


def part_names(context: Context) -> list[str]:
    """Names of the parts, in order."""
    return [record.name for record in context.inputs["clean"].parts]


def proposing(config: DedupConfig) -> tuple[Levels, ...]:
    """The levels by which pairs are proposed and verified: of what has a target those of the strictest rung."""
    return config.levels_at(dict.fromkeys(config.targets, NEAR_RUNGS[-1]))


def deciding(context: Context) -> tuple[Levels, ...]:
    """The levels that decide: of what has a target those of the rung that was found."""
    config: DedupConfig = context.config
    if not config.targets:
        return config.levels
    found = json.loads(context.get("rung", "all", RUNGS))
    return config.levels_at({int(pool): rung for pool, rung in found.items()})


def groups(table: pa.Table, config: DedupConfig) -> np.ndarray:
    """The number of each document's levels, int64; needs ``lang``, ``domain`` and ``source`` where there are groups."""
    if not config.groups:
        return np.zeros(len(table), np.int64)
    frame = pl.from_arrow(table.select(["lang", "domain", "source"]))
    assert isinstance(frame, pl.DataFrame)
    return group_numbers(frame, config.groups).fill_null(-1).to_numpy().astype(np.int64) + 1


def holds(pairs: np.ndarray, levels: tuple[Levels, ...]) -> np.ndarray:
    """Which verified pairs (PAIR) are duplicates by some levels (bool, N)."""
    thresholds = np.array([level.threshold for level in levels], np.float32)
    return (pairs["level"] != BAND) | (pairs["similarity"] >= thresholds[pairs["group"]])
