"""Parts that artifacts share: what a part is made of names it, so that no artifact makes what another has made.

A part of a round that says what its parts are made of (``smelt.stage.Round.made_of``) lies beside the artifacts, and
the record that each of them has of it says where::

    <lake>/shared/<kind>/<name>/part.record.json    the part's record, as whoever made it wrote it
    <lake>/shared/<kind>/<name>/<digest><suffix>    its objects, e.g. 3f….parquet
    <lake>/shared/<kind>/<name>/used/<fingerprint>  an artifact that refers to it

Its objects are named by their content, so that two who make a part at once never write over one another, whatever
their machines made of it.

**References come first.** Who wants a part writes its reference, then looks for the record; who collects takes the
record away, then looks for references. So whoever has seen a record is seen by the collection before it touches an
object (``smelt.maintenance.garbage``).
"""

from dataclasses import dataclass
from typing import Any

from smelt.identity import digest
from smelt.lake import held
from smelt.lake.artifact import RECORD, Artifact, PartRecord
from smelt.lake.store import Lake

SHARED = "shared/"
REFERENCES = "used/"
_NAME_LENGTH = 32  # hex digits: 128 bits, for all parts of all artifacts


@dataclass(frozen=True)
class SharedPart:
    """The address of a part that artifacts share.

    Attributes:
        kind: the kind of stage that makes it.
        name: what it is made of, as a digest.
    """

    kind: str
    name: str

    @classmethod
    def made_of(cls, kind: str, value: Any) -> "SharedPart":
        """The part that ``kind`` makes of ``value``: whatever decides its bytes, as ``smelt.identity`` takes it."""
        return cls(kind, digest({"kind": kind, "of": value})[:_NAME_LENGTH])

    @classmethod
    def holding(cls, record: PartRecord) -> "SharedPart":
        """The part that a record says where it lies: ``shared/<kind>/<name>/…``."""
        return cls(*record.at.removeprefix(SHARED).split("/")[:2])

    @property
    def root(self) -> str:
        """Key prefix of everything that belongs to it, ending with a slash."""
        return f"{SHARED}{self.kind}/{self.name}/"

    def refer(self, lake: Lake, artifact: Artifact) -> None:
        """Say that the artifact uses the part, or is about to."""
        lake.put(f"{self.root}{REFERENCES}{artifact.fingerprint}", b"")

    @property
    def record_key(self) -> str:
        """Key of the record that says what it is, there once somebody has made it."""
        return f"{self.root}part{RECORD}"

    def find(self, lake: Lake) -> PartRecord | None:
        """The record of the part where somebody has made it, and its objects still are what they were then."""
        if (found := lake.find_json(self.record_key)) is None:
            return None
        record = PartRecord.parsed(lake, self.record_key, found)
        whole = all(not held.checked(lake, f"{record.at}{suffix}", file) for suffix, file in record.files.items())
        return record if whole else None

    def take_over(self, lake: Lake, artifact: Artifact, round_name: str, shard: str) -> PartRecord | None:
        """Make the part one of the artifact's under the name ``shard``; None where there is none to take over.

        The artifact refers to it from now on, found or not.
        """
        self.refer(lake, artifact)
        if (found := self.find(lake)) is None:
            return None
        record = found.model_copy(update={"name": shard, "round": round_name})
        artifact.write_record(lake, record)
        return record
