"""Verification: whether an artifact's objects still are what their records say.

Every object of every part, of all rounds, is read once, as a stream, and its SHA-256 held to the one that its
worker took before the bytes left the machine. So what is found is anything that went wrong since: on the
way, in the store, or by somebody's hand.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from smelt.errors import LakeError
from smelt.identity import digest
from smelt.lake import Artifact, Lake, Manifest, PartRecord
from smelt.lake.artifact import MANIFEST, RECORD, PartFile

STREAMS = 8
"""Objects that are read at the same time; each takes some 8 MiB of memory."""


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes:
        objects, bytes: how much was read.
        damages: a line for each thing that is wrong: key, what and the mend.
    """

    artifact: Artifact
    objects: int
    bytes: int
    damages: tuple[str, ...]


def verify(lake: Lake, manifest: Manifest) -> Verified:
    """Read the artifact whole and compare."""
    artifact = manifest.artifact
    records, damages = _records(lake, manifest)
    files = [
        (artifact.key(record.round, record.name, suffix), file)
        for record in records
        for suffix, file in record.files.items()
    ]
    with ThreadPoolExecutor(STREAMS) as threads:
        found = list(threads.map(lambda pair: _damage(lake, *pair), files))
    damages += [line for line in found if line]
    return Verified(artifact, len(files), sum(file.bytes for _, file in files), tuple(damages))


def _records(lake: Lake, manifest: Manifest) -> tuple[list[PartRecord], list[str]]:
    """Records of all rounds; the manifest's own are the ones that count for the last round."""
    root, damages = manifest.artifact.root, []
    if digest([[part.name, part.digest] for part in manifest.parts]) != manifest.digest:
        damages.append(_line(lake, root + MANIFEST, "its digest is not that of its parts"))
    committed = {manifest.key(part, RECORD): part for part in manifest.parts}
    earlier = []
    for item in lake.objects(root):
        if item.key.endswith(RECORD) and item.key not in committed:
            earlier.append(PartRecord.model_validate(lake.get_json(item.key)))
    return [*earlier, *manifest.parts], damages


def _damage(lake: Lake, key: str, expected: PartFile) -> str | None:
    hashed, size = hashlib.sha256(), 0
    try:
        for chunk in lake.chunks(key):
            hashed.update(chunk)
            size += len(chunk)
    except LakeError as error:
        if error.what != "no such object":
            raise
        return _line(lake, key, "missing")
    if size != expected.bytes:
        return _line(lake, key, f"{size:,} bytes, not {expected.bytes:,}")
    if hashed.hexdigest() != expected.sha256:
        return _line(lake, key, f"SHA-256 is {hashed.hexdigest()[:12]}, not {expected.sha256[:12]}")
    return None


def _line(lake: Lake, key: str, what: str) -> str:
    return f"{lake.path(key)}: {what}"
