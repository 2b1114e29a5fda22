"""Statistics of document parts: counts that add up over parts, for gates, bias figures and the report."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

UNKNOWN = "unknown"
_LABELS = ("lang", "domain", "source", "length")


def tally(
    *,
    num_bytes: Sequence[int] | pa.Array | pa.ChunkedArray,
    keep: Sequence[bool] | pa.Array | pa.ChunkedArray | None = None,
    reason: Sequence[str | None] | pa.Array | pa.ChunkedArray | None = None,
    lang: Sequence[str | None] | pa.Array | pa.ChunkedArray | None = None,
    domain: Sequence[str | None] | pa.Array | pa.ChunkedArray | None = None,
    source: Sequence[str | None] | pa.Array | pa.ChunkedArray | None = None,
    length: Sequence[str | None] | pa.Array | pa.ChunkedArray | None = None,
    before: Sequence[bool] | pa.Array | pa.ChunkedArray | None = None,
) -> dict[str, Any]:
    """The statistics that docs/architecture.md promises for a part of documents.

    Args:
        num_bytes: UTF-8 bytes of each document's text.
        keep: whether this stage keeps the document; None keeps all.
        reason: why not, where ``keep`` is false.
        lang, domain, source, length: labels; a null one is counted as ``unknown``, an absent one not at all.
            The domain is counted as ``lang/domain`` where there is a language.
        before: whether the document was still there before this stage; the others are not counted.

    Returns:
        ``documents``, ``bytes``, ``by_<label>`` of what is kept; ``dropped`` and ``dropped_by_<label>`` of what
        this stage drops.
    """
    given = {"lang": lang, "domain": domain, "source": source, "length": length}
    frame = pl.DataFrame({"bytes": _series(num_bytes, pl.Int64)})
    for name, values in given.items():
        if values is not None:
            frame = frame.with_columns(_series(values, pl.String).fill_null(UNKNOWN).alias(name))
    if lang is not None and domain is not None:
        frame = frame.with_columns(pl.format("{}/{}", "lang", "domain").alias("domain"))
    frame = frame.with_columns(
        (_series(keep, pl.Boolean) if keep is not None else pl.lit(True)).alias("keep"),
        (_series(reason, pl.String).fill_null(UNKNOWN) if reason is not None else pl.lit(UNKNOWN)).alias("reason"),
    )
    if before is not None:
        frame = frame.filter(_series(before, pl.Boolean))
    labels = [name for name in _LABELS if given[name] is not None]
    left, dropped = frame.filter("keep"), frame.filter(~pl.col("keep"))
    stats: dict[str, Any] = {"documents": left.height, "bytes": int(left["bytes"].sum())}
    for label in labels:
        stats[f"by_{label}"] = _sizes(left, label)
    if keep is not None:
        stats["dropped"] = _sizes(dropped, "reason")
        for label in labels:
            nested: dict[str, dict[str, int]] = {}
            for name, why, count in dropped.group_by(label, "reason").len().sort(label, "reason").iter_rows():
                nested.setdefault(name, {})[why] = count
            stats[f"dropped_by_{label}"] = nested
    return stats


def _sizes(frame: pl.DataFrame, label: str) -> dict[str, dict[str, int]]:
    sums = frame.group_by(label).agg(pl.len().alias("documents"), pl.col("bytes").sum()).sort(label)
    return {name: {"documents": documents, "bytes": size} for name, documents, size in sums.iter_rows()}


def _series(values: Any, dtype: Any) -> pl.Series:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        series = pl.from_arrow(values)
        assert isinstance(series, pl.Series)
        return series.cast(dtype)
    return pl.Series(values, dtype=dtype)
