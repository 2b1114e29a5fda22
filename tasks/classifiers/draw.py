"""Documents drawn by source out of a cleaned corpus, the same ones every time."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt.lake import Lake, Manifest
from tasks.documents import batches
from tasks.sampling import draws, parts_that_hold

SPARE = 3
"""Parts are read until they hold this many times the documents that are wanted of each source."""


def documents_of(manifest: Manifest) -> dict[str, int]:
    """Documents by source."""
    return {name: size["documents"] for name, size in manifest.stats.get("by_source", {}).items()}


def drawn(
    lake: Lake,
    manifests: Mapping[str, Manifest],
    wanted: Mapping[str, int],
    columns: Sequence[str],
    *,
    purpose: str,
    max_chars: int | None = None,
) -> pa.Table:
    """The documents of each source whose draws are lowest, in the sources' order and then the draws'.

    Memory holds what is wanted and one row group. What a reference step of ``clean`` dropped takes no part.

    Args:
        manifests: ``clean`` and perhaps ``score``.
        wanted: documents of each source; where there are fewer, all.
        columns: what is wanted of them, ``source`` among it.
        purpose: draws for two purposes are independent.
        max_chars: characters that are kept of a ``text``, so that a shelf of books fits in memory.
    """
    spare = {source: SPARE * count for source, count in wanted.items()}
    asked = list(dict.fromkeys(["id", "source", "drop_reason", *columns]))
    best: dict[str, pa.Table] = {}
    for name in parts_that_hold(manifests["clean"], spare, label="source", unit="documents"):
        for table in batches(lake, manifests, name, asked):
            table = table.filter(pc.is_null(table["drop_reason"]))
            if max_chars is not None:
                place = table.column_names.index("text")
                table = table.set_column(place, "text", pc.utf8_slice_codeunits(table["text"], 0, max_chars))
            table = table.append_column("draw", pa.array(draws(table["id"], purpose), pa.float64()))
            for source, count in wanted.items():
                own = table.filter(pc.equal(table["source"], source))
                pool = pa.concat_tables([best[source], own]) if source in best else own
                best[source] = pool.take(pa.array(np.argsort(pool["draw"].to_numpy(), kind="stable")[:count]))
    return pa.concat_tables(best.values()).select(columns)
