"""What the training text held of the benchmarks: how many documents, which items most, and how that reads."""

from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq

from smelt.lake import Lake, Manifest, held
from smelt.recipe.decontaminate import HITS

SHOWN = 3
"""Items of a benchmark that are shown, those that most documents hold."""
SEARCHED_PARTS = 8
"""Parts in which passages are looked for."""


@dataclass(frozen=True)
class Met:
    """An item that was met, in how many documents, and a passage of one; "" where none was looked at."""

    item: int
    documents: int
    passage: str = ""


@dataclass(frozen=True)
class Hits:
    """A benchmark of which items were met: documents that hold any, and how many items were met."""

    benchmark: str
    documents: int
    items_met: int
    most: list[Met]


def hits(lake: Lake, decontaminate: Manifest) -> list[Hits]:
    """The benchmarks that were met, the one in most documents first."""
    found = []
    for benchmark, counted in decontaminate.stats.get("hits", {}).items():
        items = sorted(counted["items"].items(), key=lambda pair: (-pair[1], int(pair[0])))
        most = [Met(int(item), documents) for item, documents in items[:SHOWN]]
        found.append(Hits(benchmark, counted["documents"], len(items), most))
    passages = _passages(lake, decontaminate, {(one.benchmark, met.item) for one in found for met in one.most})
    found = [
        replace(one, most=[replace(met, passage=passages.get((one.benchmark, met.item), "")) for met in one.most])
        for one in found
    ]
    return sorted(found, key=lambda one: (-one.documents, one.benchmark))


def _passages(lake: Lake, decontaminate: Manifest, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The first passage of each item, of the first parts."""
    found: dict[tuple[str, int], str] = {}
    for part in decontaminate.parts[:SEARCHED_PARTS]:
        if HITS in part.files and len(found) < len(wanted):
            content = pa.BufferReader(held.read(lake, decontaminate, part, HITS))
            for row in pq.read_table(content).to_pylist():
                if (key := (row["benchmark"], row["item"])) in wanted:
                    found.setdefault(key, row["passage"])
    return found
