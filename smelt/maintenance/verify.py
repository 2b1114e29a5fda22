"""Verification: whether an artifact still is what was made.

Every object of every part, of all rounds, is read once, as a stream, and its SHA-256 held to the one that its
worker took before the bytes left the machine. And what is said of them is held to itself: the manifest to its seal,
to the fingerprint that its config and inputs give, to the records of its parts and the sums over them; each record to
the digest over its objects. So what is found is anything that went wrong since: on the way, in the store, or by
somebody's hand. (Who rewrites everything alike, from the objects to the seal, has made another artifact.)
"""

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from smelt.identity import digest, fingerprint
from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.lake.artifact import MANIFEST, RECORD, files_digest, merge_stats

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
    written = _written(lake, artifact)
    records = [*(record for record in written if not _committed(manifest, record)), *manifest.parts]
    damages = [f"{lake.path(artifact.root + MANIFEST)}: {what}" for what in _of_manifest(manifest, written)]
    for record in records:
        if record.digest_of == "files" and record.digest != files_digest(record.files):
            key = artifact.key(record.round, record.name, RECORD)
            damages.append(f"{lake.path(key)}: its digest is not that of its files")
    files = [(artifact.key_of(record, suffix), file) for record in records for suffix, file in record.files.items()]
    with ThreadPoolExecutor(STREAMS) as threads:
        found = list(threads.map(lambda pair: held.checked(lake, *pair), files))
    damages += [f"{lake.path(key)}: {what}" for (key, _), what in zip(files, found, strict=True) if what]
    return Verified(artifact, len(files), sum(file.bytes for _, file in files), tuple(damages))


def _written(lake: Lake, artifact: Artifact) -> list[PartRecord]:
    """The records of all rounds, as they lie there."""
    rounds = lake.folders(artifact.root)
    return [record for name in rounds for record in artifact.records(lake, name).values()]


def _committed(manifest: Manifest, record: PartRecord) -> bool:
    """Whether the manifest has a part of that place."""
    return any((part.round, part.name) == (record.round, record.name) for part in manifest.parts)


def _of_manifest(manifest: Manifest, written: list[PartRecord]) -> list[str]:
    """What the manifest says that isn't so."""
    wrong = []
    if manifest.seal != manifest.sealed().seal:
        wrong.append("was edited: its seal is not that of its content" if manifest.seal else "has no seal")
    named = fingerprint(stage=manifest.stage, version=manifest.version, config=manifest.config, inputs=manifest.inputs)
    if named != manifest.fingerprint:
        wrong.append(f"its version, config and inputs are those of {named}")
    if digest([[part.name, part.digest] for part in manifest.parts]) != manifest.digest:
        wrong.append("its digest is not that of its parts")
    by_place = {(record.round, record.name): record for record in written}
    for part in manifest.parts:
        if (record := by_place.get((part.round, part.name))) is None:
            wrong.append(f"part {part.name} has no record")
        elif record != part:
            wrong.append(f"what it says of part {part.name} is not what its record says")
    earlier = [record for record in written if not _committed(manifest, record)]
    sums = [merge_stats([one.stats for one in records]) for records in (manifest.parts, [*earlier, *manifest.parts])]
    if not any(_alike(manifest.stats, total) for total in sums):  # the rounds beside a training's are no part of it
        wrong.append("its statistics are not the sum of its records'")
    return wrong


def _alike(one: Any, other: Any) -> bool:
    """Whether two sums are the same, but for the order in which fractions were added."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)
