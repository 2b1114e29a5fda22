"""Where a document's tokens lie, and how often each phase of training reads it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np
import pyarrow.compute as pc
from pydantic import BaseModel

from smelt.errors import StageError
from smelt.lake import Lake, Manifest, PartRecord, held

MAX_BLOCKS = 200
"""Blocks that are searched at most."""
_SPLITS = {"training": ".docs.parquet", "held out": ".valid.docs.parquet"}
_THREADS = 8


class Encoded(BaseModel):
    """A document's tokens: the split, how many with the end-of-document token, and their place in the part's file."""

    split: str
    tokens: int
    offset: int
    part: str


class Phase(BaseModel):
    """How often a phase reads the document, and in which blocks."""

    name: str
    uses: int
    blocks: list[str]


class Reading(BaseModel):
    """What training reads of a document; of ``blocks`` blocks only ``searched`` were looked into."""

    phases: list[Phase]
    searched: int
    blocks: int


def encoded(lake: Lake, tokens: Manifest, part: str, document: str) -> Encoded | None:
    """The document's tokens, or None where it has none."""
    for split, suffix in _SPLITS.items():
        table = held.open_parquet(lake, tokens, part, suffix).read(["id", "offset", "tokens"])
        for row in np.flatnonzero(table["id"].to_numpy() == document):
            return Encoded(
                split=split, tokens=table["tokens"][row].as_py(), offset=table["offset"][row].as_py(), part=part
            )
    return None


def reading(lake: Lake, blocks: Sequence[Manifest], document: str) -> Reading:
    """The phases that read the document, from the segments of at most MAX_BLOCKS blocks.

    Args:
        blocks: those of each phase, in the order of the phases.
    """
    everything = [(manifest, part) for manifest in blocks for part in manifest.parts]
    searched = everything[:MAX_BLOCKS]

    def segments(block: tuple[Manifest, PartRecord]) -> set[int]:
        manifest, part = block
        file = held.open_parquet(lake, manifest, part, ".segments.parquet")
        if "use" not in file.schema_arrow.names:
            raise StageError("blocks of an earlier version", where=manifest.artifact.root, mend="run the recipe again")
        table = file.read(["id", "use"])
        return set(table.filter(pc.equal(table["id"], document))["use"].to_pylist())

    with ThreadPoolExecutor(_THREADS) as threads:
        names = [part.name for _, part in searched]
        found = list(zip(names, threads.map(segments, searched), strict=True))
    planned = blocks[-1].config["phases"]
    phases = []
    for number, group in groupby(found, lambda item: item[0].partition("-")[0]):
        read_in = list(group)
        if uses := set().union(*(used for _, used in read_in)):
            read = [name for name, used in read_in if used]
            phases.append(Phase(name=planned[int(number)]["name"], uses=len(uses), blocks=read))
    return Reading(phases=phases, searched=len(searched), blocks=len(everything))
