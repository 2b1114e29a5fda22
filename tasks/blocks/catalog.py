"""All training documents at a glance: what each is and where its tokens lie, without a token read."""

import io
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smelt import rules
from smelt.lake import Lake, Manifest, held
from tasks import documents
from tasks.sampling import ids_as_numbers

_OWN = ("id", "lang", "domain", "offset", "tokens", "checksum")
"""Columns that are read of the tokens artifact in any case."""
_BESIDE = ("clean", "score", "dedup")
"""Where other columns are taken from, the later before the earlier."""


@dataclass(frozen=True)
class Catalog:
    """The documents of the training split, in the order of the sources; D documents.

    Attributes:
        ids: uint64, D.
        parts: uint32, D; number of the part that holds the document.
        offsets: int64, D; tokens into the part's ``.bin``.
        tokens: int64, D.
        checksums: uint64, D; of the document's tokens.
        labels: int32, D; number of the document's label.
        names: language and domain of each label.
        members: bool, D, for each group by expression: whether it holds.
        columns: float64, D, for each column of numbers that was asked for; NaN where there is no value.
    """

    ids: np.ndarray
    parts: np.ndarray
    offsets: np.ndarray
    tokens: np.ndarray
    checksums: np.ndarray
    labels: np.ndarray
    names: tuple[tuple[str, str], ...]
    members: dict[str, np.ndarray] = field(default_factory=dict)
    columns: dict[str, np.ndarray] = field(default_factory=dict)


def read(
    lake: Lake,
    inputs: Mapping[str, Manifest],
    groups: Mapping[str, str] | None = None,
    columns: Collection[str] = (),
    *,
    part: int | None = None,
) -> Catalog:
    """Read the catalog of a tokens artifact, or of one of its parts.

    Args:
        inputs: by stage name: ``tokens``, and those whose columns are spoken of.
        groups: expressions over columns, by group.
        columns: columns of numbers.
        part: the part's number; None reads all.

    Raises:
        StageError: when no input has a column, or an expression can't be evaluated.
    """
    tokens, groups = inputs["tokens"], dict(groups or {})
    wanted = rules.columns_spoken_of(groups.values()) | set(columns)

    def fetch(name: str) -> tuple[pa.Table, list[np.ndarray]]:
        content = io.BytesIO(held.read(lake, tokens, name, ".docs.parquet"))
        table = pq.read_table(content, columns=[*_OWN, *(wanted & {"source"})])
        frame = _beside(lake, inputs, name, table, wanted)
        found = [rules.members(frame, expression, where=f"mixture.groups.{n}") for n, expression in groups.items()]
        values = [frame[column].cast(pl.Float64).fill_null(float("nan")) for column in columns]
        return table.select(_OWN), [one.to_numpy() for one in (*found, *values)]

    numbers = np.arange(len(tokens.parts), dtype=np.uint32) if part is None else np.array([part], np.uint32)
    with ThreadPoolExecutor(8) as threads:
        read_in = list(threads.map(fetch, [tokens.parts[number].name for number in numbers]))
    tables = [table for table, _ in read_in]
    arrays = [np.concatenate(one) for one in zip(*(found for _, found in read_in), strict=True)]
    table = pa.concat_tables(tables)
    label = pc.binary_join_element_wise(table["lang"], table["domain"], "/")
    names = sorted(set(pc.unique(label).to_pylist()))
    return Catalog(
        ids=ids_as_numbers(table["id"]),
        parts=np.repeat(numbers, [len(table) for table in tables]),
        offsets=table["offset"].to_numpy(),
        tokens=table["tokens"].to_numpy(),
        checksums=table["checksum"].to_numpy(),
        labels=pc.index_in(label, pa.array(names, pa.string())).to_numpy(),
        names=tuple((name.split("/", 1)[0], name.split("/", 1)[1]) for name in names),
        members=dict(zip(groups, arrays, strict=False)),
        columns=dict(zip(columns, arrays[len(groups) :], strict=True)),
    )


def _beside(
    lake: Lake, inputs: Mapping[str, Manifest], part: str, table: pa.Table, wanted: Collection[str]
) -> pl.DataFrame:
    """The wanted columns of a part's documents, row by row as in ``table``."""
    own = [name for name in wanted if name in table.column_names]
    others = sorted(set(wanted) - set(own))
    frame = pl.DataFrame(pl.from_arrow(table.select([*own])))
    if not others:
        return frame
    beside = {stage: inputs[stage] for stage in _BESIDE if stage in inputs}
    found = documents.read(lake, beside, part, ["id", *others])
    rows = found.take(pc.index_in(table["id"], found["id"].combine_chunks()))
    return frame.with_columns(pl.DataFrame(pl.from_arrow(rows.select(others))).get_columns())
