"""What is read is held to its record: an object counts for its bytes, never for its name.

A part's record says of each object how long it is and what its SHA-256 is. Whole objects are held to that where they
are read. Of Parquet a reader wants some columns of some row groups, so the record has a SHA-256 of the footer too: it
names every column chunk, and each of their pages carries a checksum of its own (CRC-32), which is looked at as it is
read. What is exchanged by ranges carries checksums of its own (``tasks.dedup.exchange``).
"""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from smelt.errors import DamageError, MissingError
from smelt.lake.artifact import Artifact, Manifest, PartFile, PartRecord, footer_length
from smelt.lake.store import Lake

_MADE_BY = {"judgement": "evaluate"}
"""The stage that makes what is no stage's own artifact."""
_TAIL = 64 << 10
"""Bytes at a Parquet file's end that are asked for first; most footers lie in them."""


def damaged(lake: Lake, artifact: Artifact, key: str, what: str) -> DamageError:
    """The error that names an object which is not what was written, and what to do about it."""
    address, stage = f"{artifact.stage}/{artifact.fingerprint}", _MADE_BY.get(artifact.stage, artifact.stage)
    mend = f"`smelt verify {address}` names all damage; then `--force {stage}`"
    return DamageError(what, where=lake.path(key), mend=mend)


def difference(expected: PartFile, size: int, sha256: str) -> str | None:
    """What of an object is not as its record says; None where all is."""
    if size != expected.bytes:
        return f"holds {size:,} bytes, not the {expected.bytes:,} that were written"
    if sha256 != expected.sha256:
        return f"is not what was written: its SHA-256 is {sha256[:12]}, not {expected.sha256[:12]}"
    return None


def read(lake: Lake, of: Manifest | Artifact, part: PartRecord | str, suffix: str) -> bytes:
    """An object of a part, whole.

    Args:
        of: the manifest, or for a part of an earlier round its artifact.
        part: a record, or with a manifest the name of one.

    Raises:
        DamageError: when it is not what the record says.
        LakeError: as ``Lake.get`` does.
    """
    artifact, record = _artifact(of), _record(of, part)
    key = artifact.key_of(record, suffix)
    content = lake.get(key)
    wrong = difference(record.files[suffix], len(content), hashlib.sha256(content).hexdigest())
    if wrong:
        raise damaged(lake, artifact, key, wrong)
    return content


def read_json(lake: Lake, of: Manifest | Artifact, part: PartRecord | str, suffix: str) -> Any:
    """``read``, parsed as JSON."""
    return json.loads(read(lake, of, part, suffix))


def fetch(lake: Lake, of: Manifest | Artifact, part: PartRecord | str, suffix: str, target: Path) -> None:
    """Bring an object of a part to local disk; it appears whole and right, or not at all.

    Raises:
        DamageError, LakeError: as ``read`` does.
    """
    artifact, record = _artifact(of), _record(of, part)
    key = artifact.key_of(record, suffix)
    arriving = target.with_name(target.name + ".arriving")
    lake.download(key, arriving)
    with arriving.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if wrong := difference(record.files[suffix], arriving.stat().st_size, sha256):
        arriving.unlink()
        raise damaged(lake, artifact, key, wrong)
    arriving.rename(target)


def checked(lake: Lake, key: str, expected: PartFile) -> str | None:
    """``difference`` of an object that is read once from end to end, some 8 MiB at a time, or that it is missing."""
    hashed, size = hashlib.sha256(), 0
    try:
        for chunk in lake.chunks(key):
            hashed.update(chunk)
            size += len(chunk)
    except MissingError:
        return "is missing"
    return difference(expected, size, hashed.hexdigest())


class HeldParquet(pq.ParquetFile):
    """A Parquet object whose footer is its record's, and whose pages are checked as they are read."""

    def __init__(self, source: Any, wrong: Callable[[str], DamageError], **options: Any) -> None:
        self._wrong = wrong
        try:
            super().__init__(source, page_checksum_verification=True, **options)
        except (pa.ArrowException, OSError) as error:
            raise self._damage(error) from error

    def read_row_group(self, *arguments: Any, **options: Any) -> pa.Table:
        try:
            return super().read_row_group(*arguments, **options)
        except (pa.ArrowException, OSError) as error:
            raise self._damage(error) from error

    def read(self, *arguments: Any, **options: Any) -> pa.Table:
        try:
            return super().read(*arguments, **options)
        except (pa.ArrowException, OSError) as error:
            raise self._damage(error) from error

    def _damage(self, error: Exception) -> DamageError:
        return self._wrong(f"can't be read as Parquet: {(str(error).splitlines() or [''])[0][:200]}")


def open_parquet(lake: Lake, of: Manifest | Artifact, part: PartRecord | str, suffix: str = ".parquet") -> HeldParquet:
    """A part's Parquet object, to read columns and row groups of by ranged requests; arguments as those of ``read``.

    Raises:
        DamageError: when its footer is not the one that was written, and later when a page isn't.
        LakeError: as ``Lake.get`` does.
    """
    artifact, record = _artifact(of), _record(of, part)
    key, expected = artifact.key_of(record, suffix), record.files[suffix]

    def wrong(what: str) -> DamageError:
        return damaged(lake, artifact, key, what)

    tail = lake.get_range(key, max(0, expected.bytes - _TAIL), min(_TAIL, expected.bytes))
    length = footer_length(tail)
    if length is None or length > expected.bytes:
        raise wrong("does not end as a Parquet file does")
    if length > len(tail):
        tail = lake.get_range(key, expected.bytes - length, length)
    if hashlib.sha256(tail[-length:]).hexdigest() != expected.footer:
        raise wrong("is not what was written: its Parquet footer is another")
    metadata = pq.read_metadata(io.BytesIO(tail[-length:]))
    return HeldParquet(lake.open(key, expected.bytes), wrong, metadata=metadata, pre_buffer=True)


def _artifact(of: Manifest | Artifact) -> Artifact:
    return of.artifact if isinstance(of, Manifest) else of


def _record(of: Manifest | Artifact, part: PartRecord | str) -> PartRecord:
    if isinstance(part, PartRecord):
        return part
    assert isinstance(of, Manifest), "a part's name says something of a manifest alone"
    return of.part(part)
