"""Which document of several is the better one, as a number that documents of all parts can be compared by."""

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from smelt.recipe.dedup import DedupConfig

_VALUE = np.uint64(48)
_LARGEST = (np.uint64(1) << _VALUE) - np.uint64(1)
_ROWS = np.uint64(26)


def columns(config: DedupConfig) -> list[str]:
    """The columns that ``rank`` needs."""
    by_kind = {"longest": ["text"], "best": [config.best_by], "latest": ["date"], "first": []}
    return [*by_kind[config.keep], *(["source"] if config.sources else [])]


def rank(table: pa.Table, config: DedupConfig, part: int, rows: np.ndarray) -> np.ndarray:
    """How good each document is (uint64, higher is better): the source's place above 48 bits of the recipe's rule.

    Args:
        table: the columns that the rule needs.
        part: the part's number.
        rows: the documents' rows in it.
    """
    values = _values(table, config, part, rows)
    if not config.sources:
        return values
    places = pc.index_in(table["source"], value_set=pa.array(config.sources, pa.string()))
    places = pc.fill_null(places, len(config.sources)).to_numpy().astype(np.uint64)
    return (np.uint64(len(config.sources)) - places) << _VALUE | values


def before(days: int, numbers: np.ndarray) -> np.ndarray:
    """As ``rank`` where the first document stays, of documents of earlier days: better than any of the day's own.

    Args:
        days: how many days before.
        numbers: the documents' numbers in their day.
    """
    return np.uint64(days) << _VALUE | _LARGEST - numbers.astype(np.uint64)


def _values(table: pa.Table, config: DedupConfig, part: int, rows: np.ndarray) -> np.ndarray:
    if config.keep == "longest":
        return np.minimum(pc.binary_length(table["text"]).to_numpy().astype(np.uint64), _LARGEST)
    if config.keep == "first":
        return _LARGEST - (np.uint64(part) << _ROWS | rows.astype(np.uint64))
    if config.keep == "latest":
        dates = pl.Series(table["date"].to_pylist(), dtype=pl.String).str.slice(0, 10)
        days = dates.str.to_date("%Y-%m-%d", strict=False).to_physical().cast(pl.Int64).fill_null(-(1 << 40))
        return (days.to_numpy() + (1 << 40)).astype(np.uint64)
    scores = table[config.best_by].cast(pa.float64()).fill_null(float("-inf")).to_numpy()
    bits = np.ascontiguousarray(np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf) + 0.0).view(np.uint64)
    sign = np.uint64(1) << np.uint64(63)
    ordered = np.where(bits & sign, ~bits, bits | sign)  # floats in order as integers
    return ordered >> (np.uint64(64) - _VALUE)
