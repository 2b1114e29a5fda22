"""A deterministic sample of an artifact's rows, for expectations that no figure can answer.

Parts are taken at even distances, and so are rows inside them; the same artifact gives the same sample
wherever the gate runs. What is read is bounded by ``MAX_PARTS`` parts, whatever the corpus.
"""

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from smelt.gates.even import evenly
from smelt.lake import Lake, Manifest, PartRecord, held

MAX_PARTS = 8
MAX_ROWS = 2000
SEEN = "seen"
"""Attribute of a frame of sampled rows: what share of them it holds, in words."""


def sampled_parts(manifest: Manifest, suffix: str) -> list[PartRecord]:
    """The parts to look at, of those that have a file with this suffix and rows in it."""
    parts = [part for part in manifest.parts if suffix in part.files and part.rows]
    return [parts[i] for i in evenly(len(parts), MAX_PARTS)]


def rows(lake: Lake, manifest: Manifest, *, suffix: str = ".parquet", without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Sampled rows of the artifact's Parquet files; an empty frame when there are none.

    Its attribute ``SEEN`` tells what share of them it holds.

    Args:
        without: columns that are not read.
    """
    parts = sampled_parts(manifest, suffix)
    files = [held.open_parquet(lake, manifest, part, suffix) for part in parts]
    tables = [_rows_of(file, MAX_ROWS // len(parts), without) for file in files]
    if not tables:
        return pd.DataFrame()
    frame = pa.concat_tables(tables, promote_options="permissive").to_pandas()
    there = sum(file.metadata.num_rows for file in files)
    all_parts = sum(suffix in part.files and part.rows > 0 for part in manifest.parts)
    share = len(frame) / there * len(parts) / all_parts
    frame.attrs[SEEN] = (
        f"{len(frame):,} of the {there:,} rows in {len(parts)} of {all_parts} parts, "
        f"{'all there are' if share == 1 else f'about {100 * share:.2g} % of all'}"
    )
    return frame


def json_lines(lake: Lake, manifest: Manifest, suffix: str) -> pd.DataFrame:
    """All rows of the artifact's small JSON Lines files, in order."""
    frames = [
        pd.read_json(io.BytesIO(held.read(lake, manifest, part, suffix)), lines=True)
        for part in manifest.parts
        if suffix in part.files and part.files[suffix].bytes
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _rows_of(file: pq.ParquetFile, wanted: int, without: tuple[str, ...]) -> pa.Table:
    columns = [name for name in file.schema_arrow.names if name not in without]
    table = file.read(columns=columns)
    return table.take(pa.array(evenly(table.num_rows, max(2, wanted)), pa.int64()))
