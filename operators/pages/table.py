"""Rows of aligned parts, a row group at a time: the reading half of how ``docs/architecture.md`` has parts aligned.

Part ``00003`` of each document stage holds the same rows in the same row groups. A page opens the footers of the
stages that it shows, and fetches the columns that it shows of the one row group that it shows.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import pyarrow as pa
import pyarrow.parquet as pq

from operators.pages.found import find_manifest, manifest_of
from operators.pages.summary import DOCUMENT_STAGES
from smelt.errors import StageError
from smelt.lake import Lake, Manifest, PartRecord, held

DECISIONS = ("select", "dedup", "decontaminate")


@dataclass(frozen=True)
class Aligned:
    """A document stage's artifact with those that it was made from.

    Attributes:
        manifests: by stage, in the pipeline's order, the one that is looked at last.
    """

    lake: Lake
    manifests: dict[str, Manifest]

    @property
    def last(self) -> Manifest:
        """The artifact that is looked at."""
        return list(self.manifests.values())[-1]

    def part(self, name: str) -> "AlignedPart":
        """The part of that name; the first one for no name.

        Raises:
            StageError: when there is no such part.
        """
        return AlignedPart(self, record_of(self.last, name))


@dataclass(frozen=True)
class AlignedPart:
    """One part of aligned artifacts."""

    of: Aligned
    record: PartRecord

    @cached_property
    def files(self) -> dict[str, pq.ParquetFile]:
        """The part's file in each stage; opening one reads its footer."""
        found = {}
        for stage, manifest in self.of.manifests.items():
            found[stage] = open_parquet(self.of.lake, manifest, record_of(manifest, self.record.name))
            if _shape(found[stage]) != _shape(next(iter(found.values()))):
                raise StageError(
                    f"part {self.record.name} has other row groups than {next(iter(found))}",
                    where=stage,
                    mend="it was made by an older Smelt: run the recipe again",
                )
        return found

    @property
    def sizes(self) -> list[int]:
        """Rows of each row group."""
        return _shape(next(iter(self.files.values())))

    def place(self, row: int) -> tuple[int, int]:
        """The row group that holds a row of the part, and the row in it.

        Raises:
            StageError: when the part has no such row.
        """
        ends = list(accumulate(self.sizes))
        if not ends or not 0 <= row < ends[-1]:
            raise StageError(f"no row {row}", where=f"part {self.record.name}", mend=f"it has {self.record.rows} rows")
        group = bisect_right(ends, row)
        return group, row - (ends[group - 1] if group else 0)

    def column(self, group: int, name: str, stages: Sequence[str] = DOCUMENT_STAGES) -> pa.ChunkedArray | None:
        """A column of a row group, from the latest of ``stages`` that has it; None where none has."""
        for stage in reversed(stages):
            if stage in self.files and name in self.files[stage].schema_arrow.names:
                return self.files[stage].read_row_group(group, [name])[name]
        return None


def aligned(lake: Lake, stage: str, fingerprint: str) -> Aligned:
    """A document stage's artifact, and its inputs as far as they are still in the lake.

    Raises:
        StageError: when there is no such artifact, or it holds no documents.
    """
    if stage not in DOCUMENT_STAGES:
        raise StageError("holds no documents", where=stage, mend=f"look at one of {', '.join(DOCUMENT_STAGES)}")
    found = {stage: manifest_of(lake, stage, fingerprint)}
    for name in reversed(DOCUMENT_STAGES):
        used = next((item.inputs[name] for item in found.values() if name in item.inputs), None)
        if used is not None and (manifest := find_manifest(lake, name, used)) is not None:
            found[name] = manifest
    return Aligned(lake, {name: found[name] for name in DOCUMENT_STAGES if name in found})


def record_of(manifest: Manifest, name: str) -> PartRecord:
    """The part of that name; the first one for no name.

    Raises:
        StageError: when there is no such part.
    """
    found = next((part for part in manifest.parts if name in ("", part.name)), None)
    if found is None:
        raise StageError(f"no part {name!r}", where=f"{manifest.stage}/{manifest.fingerprint}")
    return found


def open_parquet(lake: Lake, manifest: Manifest, part: PartRecord, suffix: str = ".parquet") -> pq.ParquetFile:
    """A part's Parquet object, to read columns and row groups of.

    Raises:
        StageError: when the part has no such object.
    """
    if suffix not in part.files:
        raise StageError(f"part {part.name} has no {suffix}", where=f"{manifest.stage}/{manifest.fingerprint}")
    return held.open_parquet(lake, manifest, part, suffix)


def _shape(file: pq.ParquetFile) -> list[int]:
    return [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
