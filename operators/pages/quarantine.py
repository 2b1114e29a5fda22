"""What ``ingest`` could not read: a page of one part's quarantine."""

from typing import Any

from operators.pages.table import open_parquet, record_of
from smelt.lake import Lake, Manifest

ROWS_SHOWN = 50
SUFFIX = ".quarantine.parquet"
OF_PAGES = ("html without text",)
"""Reasons of refusing a web page whose blocks can be looked at."""
_COLUMNS = ["id", "source", "url", "reason", "detail", "raw_bytes"]


def list_refused(
    lake: Lake, manifest: Manifest, part: str, start: int
) -> tuple[list[str], str, list[dict[str, Any]], int]:
    """Names of the parts that refused something, the one shown, its rows from ``start`` on, and how many it has."""
    names = [record.name for record in manifest.parts if SUFFIX in record.files]
    if not names and not part:
        return [], "", [], 0
    record = record_of(manifest, part or names[0])
    table = open_parquet(lake, manifest, record, SUFFIX).read(_COLUMNS)
    return names, record.name, table.slice(start, ROWS_SHOWN).to_pylist(), len(table)
