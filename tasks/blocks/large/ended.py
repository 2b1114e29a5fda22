"""The phases' ends as the round ``ends`` writes them, and the slices of a block as ``order`` writes them by range."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from smelt.lake import Artifact, Lake, held
from tasks.blocks.large.ends import End, range_type
from tasks.blocks.large.uses import KEY
from tasks.blocks.phases import SLICE
from tasks.dedup import exchange

ALL = "all"
"""The shard of rounds that have but one."""


@dataclass(frozen=True)
class Ended:
    """The ends of all phases, and language and domain of all labels in the order of their numbers."""

    ends: list[End]
    labels: list[tuple[str, str]]

    def files(self, first_phase: int) -> dict[str, Any]:
        """As the round writes them; of phases before the first that is made no ranges are kept."""
        phases = [
            {
                "asked": end.asked,
                "drawn": end.drawn,
                "got": end.got,
                "keys": {name: key.tolist() for name, key in end.keys.items()},
            }
            for end in self.ends
        ]
        known = json.dumps({"phases": phases, "labels": self.labels}, ensure_ascii=False).encode()
        made = list(enumerate(self.ends))[first_phase:]
        return {".ends.json": known, **{f".{number}.ranges": end.ranges.tobytes() for number, end in made}}


@lru_cache(maxsize=1)  # a worker reads many parts or ranges
def read(lake: Lake, artifact: Artifact) -> Ended:
    """What the round has written."""
    record = artifact.record(lake, "ends", ALL)
    known = held.read_json(lake, artifact, record, ".ends.json")
    found = []
    for number, one in enumerate(known["phases"]):
        ranges = np.zeros(0, range_type(len(one["asked"])))
        if (suffix := f".{number}.ranges") in record.files:
            ranges = np.frombuffer(held.read(lake, artifact, record, suffix), ranges.dtype)
        keys = {name: np.array(tuple(key), KEY) for name, key in one["keys"].items()}
        found.append(End(one["asked"], one["drawn"], one["got"], keys, ranges))
    return Ended(found, [(lang, domain) for lang, domain in known["labels"]])


def range_name(phase: str, number: int) -> str:
    """The shard of a range."""
    return f"{phase}-{number:06d}"


def blocks(end: End, total: int, block: int) -> np.ndarray:
    """The first and the last block that each range may have slices of (int64, R x 2).

    Args:
        total: tokens of the phase.
        block: tokens of a full block.
    """
    first = np.maximum(end.ranges["start"] - 1, 0) // block  # a block ends with the next one's first token
    last = np.maximum(np.minimum(end.ranges["end"], total) - 1, 0) // block
    return np.column_stack((first, np.maximum(first, last)))


def slices(lake: Lake, artifact: Artifact, phase: str, place: int, total: int, block: int) -> np.ndarray:
    """The slices of a block (SLICE), from all ranges that reach into it.

    Args:
        phase: its shard.
        place: the block's number.
    """
    spans = blocks(read(lake, artifact).ends[int(phase)], total, block)
    found = [np.zeros(0, SLICE)]
    for number in np.flatnonzero((spans[:, 0] <= place) & (place <= spans[:, 1])).tolist():
        first, last = spans[number].tolist()
        key = artifact.key("order", range_name(phase, number), ".slices")
        found += exchange.unpack(lake, artifact, [key], place - first, last - first + 1, SLICE)
    return np.concatenate(found)
