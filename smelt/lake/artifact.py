"""Artifacts: what a stage made, and how it comes to exist.

The commit protocol: a worker writes its part's objects, then the part's *record* (rows, bytes,
digest, statistics); when every record is there, the driver writes ``manifest.json`` with a
conditional put, and only then does the artifact exist. Whoever is killed whenever, a rerun finds the
records and does only what is missing. Objects lie at::

    <lake>/<stage>/<fingerprint>/<round>/<shard><suffix>     a part's objects, e.g. parts/00003.parquet
    <lake>/<stage>/<fingerprint>/<round>/<shard>.record.json its record
    <lake>/<stage>/<fingerprint>/manifest.json               the commit

The objects of a part that artifacts share lie elsewhere, and the record says where (``smelt.lake.shared``).
"""

import hashlib
import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from smelt.errors import DamageError
from smelt.identity import digest
from smelt.lake.store import Lake

Parsed = TypeVar("Parsed", bound=BaseModel)
RECORD = ".record.json"
MANIFEST = "manifest.json"


class PartFile(BaseModel):
    """One object of a part.

    Attributes:
        bytes: its size.
        sha256: over all of it.
        footer: SHA-256 of the footer that a Parquet file ends with, from its first byte to the file's last.
    """

    model_config = ConfigDict(frozen=True)
    bytes: int
    sha256: str
    footer: str | None = None


class PartRecord(BaseModel):
    """What is known of a part once it is written.

    Attributes:
        name: the shard's name.
        round: the round that made it.
        rows: number of rows (documents, sequences, ...) in the part.
        files: the part's objects by suffix (``.parquet``, ``.bin``, ``/common.pt``).
        digest: SHA-256 over the part's content; independent of time, machine and worker.
        digest_of: what it is over: the SHA-256 of the ``files``, or ``content`` where their bytes carry clocks.
        stats: figures of the part that add up over parts (nested mappings of numbers); labels allowed.
        at: what the keys of its objects begin with where that is not the part's own place in the artifact.
    """

    model_config = ConfigDict(frozen=True)
    name: str
    round: str
    rows: int
    files: dict[str, PartFile]
    digest: str
    digest_of: Literal["files", "content"] = "files"
    stats: dict[str, Any] = {}
    at: str = ""

    @model_serializer(mode="wrap")
    def _without_place(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An object in its part's place needs no other: such records, and seals over them, are as they were before."""
        said = plain(self)
        return said if self.at else {name: value for name, value in said.items() if name != "at"}

    @classmethod
    def parsed(cls, lake: Lake, key: str, value: Any) -> "PartRecord":
        """The record that was read from ``key``.

        Raises:
            DamageError: when it is none.
        """
        return _parsed(lake, key, cls, value)

    @property
    def bytes(self) -> int:
        """Bytes of all objects of the part."""
        return sum(file.bytes for file in self.files.values())


class Manifest(BaseModel):
    """The commit of an artifact.

    Attributes:
        config: the stage's config as it entered the fingerprint.
        inputs: input name to fingerprint.
        parts: records of the last round, in shard order.
        stats: the sum of all parts' statistics, over all rounds.
        digest: SHA-256 over the parts' digests: equal for two artifacts with equal content.
        provenance: who made it, when and from which code; never part of identity.
        seal: SHA-256 over all of the above, so that an edit of any of it shows.
    """

    model_config = ConfigDict(frozen=True)
    stage: str
    version: int
    fingerprint: str
    config: Any
    inputs: dict[str, str]
    parts: tuple[PartRecord, ...]
    stats: dict[str, Any]
    digest: str
    provenance: dict[str, Any] = {}
    seal: str = ""

    def sealed(self) -> "Manifest":
        """The same with its seal."""
        return self.model_copy(update={"seal": digest(self.model_dump(mode="json", exclude={"seal"}))})

    @property
    def rows(self) -> int:
        """Rows in all parts."""
        return sum(part.rows for part in self.parts)

    @property
    def bytes(self) -> int:
        """Bytes in all parts."""
        return sum(part.bytes for part in self.parts)

    @property
    def artifact(self) -> "Artifact":
        """The address of this artifact."""
        return Artifact(self.stage, self.fingerprint)

    def key(self, part: PartRecord | str, suffix: str) -> str:
        """Key of a part's object; ``part`` is a record or the name of one."""
        return self.artifact.key_of(part if isinstance(part, PartRecord) else self.part(part), suffix)

    def part(self, name: str) -> PartRecord:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)


@dataclass(frozen=True)
class Artifact:
    """The address of an artifact: stage and fingerprint."""

    stage: str
    fingerprint: str

    @property
    def root(self) -> str:
        """Key prefix of everything that belongs to it, ending with a slash."""
        return f"{self.stage}/{self.fingerprint}/"

    def key(self, round_name: str, shard: str, suffix: str) -> str:
        """Key of an object of a part."""
        return f"{self.root}{round_name}/{shard}{suffix}"

    def key_of(self, record: PartRecord, suffix: str) -> str:
        """Key of an object of a part that is written, wherever it lies."""
        return f"{record.at}{suffix}" if record.at else self.key(record.round, record.name, suffix)

    def manifest(self, lake: Lake) -> Manifest | None:
        """The manifest, or None while the artifact does not exist.

        Raises:
            DamageError: when what lies there is no manifest, or another artifact's.
        """
        found = lake.find_json(self.root + MANIFEST)
        if found is None:
            return None
        manifest = _parsed(lake, self.root + MANIFEST, Manifest, found)
        if manifest.artifact != self:
            raise DamageError(
                f"is the manifest of {manifest.stage}/{manifest.fingerprint}",
                where=lake.path(self.root + MANIFEST),
                mend="delete it and run again: what parts there are are taken over",
            )
        return manifest

    def records(self, lake: Lake, round_name: str) -> dict[str, PartRecord]:
        """Records of the parts of a round that are already written, by shard name."""
        keys = [item.key for item in lake.objects(f"{self.root}{round_name}/") if item.key.endswith(RECORD)]
        with ThreadPoolExecutor(16) as threads:
            records = list(threads.map(lambda key: PartRecord.parsed(lake, key, lake.get_json(key)), keys))
        return {record.name: record for record in records}

    def record(self, lake: Lake, round_name: str, shard: str) -> PartRecord:
        """The record of a part that is written."""
        key = self.key(round_name, shard, RECORD)
        return PartRecord.parsed(lake, key, lake.get_json(key))

    def write_part(
        self,
        lake: Lake,
        round_name: str,
        shard: str,
        *,
        files: Mapping[str, bytes | Path],
        rows: int,
        stats: dict[str, Any],
        content_digest: str | None = None,
        shared: str = "",
    ) -> PartRecord:
        """Write a part's objects, then its record.

        Args:
            files: content by suffix; a path is streamed from disk.
            content_digest: stands for the digest of the bytes where those carry clocks or addresses
                (a training checkpoint), so that equal content has equal digests.
            shared: where other artifacts look for it (``SharedPart.root``): its objects and a record go there first.
        """
        described = _described(files)
        record = PartRecord(
            name=shard,
            round=round_name,
            rows=rows,
            files=described,
            digest=content_digest or files_digest(described),
            digest_of="files" if content_digest is None else "content",
            stats=stats,
            at=f"{shared}{files_digest(described)[:16]}" if shared else "",
        )
        for suffix, content in files.items():
            lake.put(self.key_of(record, suffix), content)
        if shared:
            lake.put(f"{shared}part{RECORD}", record.model_dump_json().encode())
        self.write_record(lake, record)
        return record

    def write_files(self, lake: Lake, at: str, files: Mapping[str, bytes | Path]) -> dict[str, PartFile]:
        """Write objects of a part whose record follows; returns their descriptions for it.

        Args:
            at: what their keys begin with (``PartRecord.at``).
        """
        described = _described(files)
        for suffix, content in files.items():
            lake.put(f"{at}{suffix}", content)
        return described

    def write_first_record(self, lake: Lake, record: PartRecord) -> PartRecord:
        """Write a part's record unless there is one; returns the one that counts."""
        if lake.put_new(self.key(record.round, record.name, RECORD), record.model_dump_json().encode()):
            return record
        return self.record(lake, record.round, record.name)

    def write_record(self, lake: Lake, record: PartRecord) -> None:
        """Write a part's record: from now on the part counts."""
        lake.put(self.key(record.round, record.name, RECORD), record.model_dump_json().encode())

    def commit(self, lake: Lake, manifest: Manifest) -> Manifest:
        """Make the artifact exist; if another driver was first, its manifest is the one that counts."""
        manifest = manifest.sealed()
        if lake.put_new(self.root + MANIFEST, manifest.model_dump_json().encode()):
            return manifest
        committed = self.manifest(lake)
        assert committed is not None, "a conditional put refused though there is no manifest"
        return committed


def merge_stats(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up nested mappings of numbers; where values aren't numbers, the first one stays."""
    total: dict[str, Any] = {}
    for stats in parts:
        _add(total, stats)
    return total


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(key, {}), value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            total[key] = total.get(key, 0) + value
        else:
            total.setdefault(key, value)


def files_digest(files: Mapping[str, PartFile]) -> str:
    """The digest of a part that these objects make up."""
    return digest({suffix: file.sha256 for suffix, file in files.items()})


def footer_length(end: bytes) -> int | None:
    """Bytes of the footer of a Parquet file, its length and the closing mark among them; None where it is none.

    Args:
        end: the file's last bytes, 8 at least.
    """
    return int.from_bytes(end[-8:-4], "little") + 8 if end[-4:] == b"PAR1" and len(end) >= 8 else None


def _described(files: Mapping[str, bytes | Path]) -> dict[str, PartFile]:
    return {suffix: _describe(suffix, content) for suffix, content in sorted(files.items())}


def _describe(suffix: str, content: bytes | Path) -> PartFile:
    with content.open("rb") if isinstance(content, Path) else io.BytesIO(content) as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.seek(0, io.SEEK_END)
        return PartFile(bytes=size, sha256=sha256, footer=_footer(file, size) if suffix.endswith(".parquet") else None)


def _footer(file: BinaryIO, size: int) -> str | None:
    file.seek(max(0, size - 8))
    if (length := footer_length(file.read())) is None:
        return None
    file.seek(size - length)
    return hashlib.sha256(file.read()).hexdigest()


def _parsed(lake: Lake, key: str, kind: type[Parsed], value: Any) -> Parsed:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise DamageError(
            f"is no {kind.__name__}: {error.errors()[0]['msg']}",
            where=lake.path(key),
            mend="delete it and run again: what it stood for is made anew",
        ) from None
