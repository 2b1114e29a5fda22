"""Verification reads every byte and believes no name: whatever was changed, cut off, taken away or forged is named."""

from collections.abc import Callable

import pytest

from smelt.errors import DamageError
from smelt.identity import digest, fingerprint
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import MANIFEST, RECORD, files_digest
from smelt.maintenance.verify import verify

CONFIG = {"threshold": 0.8}
NAME = fingerprint(stage="dedup", version=1, config=CONFIG, inputs={})


def made(lake: Lake, config: dict[str, float]) -> Manifest:
    """An artifact of two rounds, committed."""
    address = Artifact("dedup", fingerprint(stage="dedup", version=1, config=config, inputs={}))
    stats = {"documents": 1}
    address.write_part(lake, "signatures", "00000", files={".npy": b"signatures"}, rows=1, stats={})
    parts = [
        address.write_part(
            lake, "parts", name, files={".parquet": name.encode(), "/x.json": b"{}"}, rows=1, stats=stats
        )
        for name in ("00000", "00001")
    ]
    return address.commit(
        lake,
        Manifest(
            stage="dedup",
            version=1,
            fingerprint=address.fingerprint,
            config=config,
            inputs={},
            parts=tuple(parts),
            stats={"documents": 2},
            digest=digest([[part.name, part.digest] for part in parts]),
        ),
    )


@pytest.fixture
def artifact(lake: Lake) -> Manifest:
    return made(lake, CONFIG)


def lines(lake: Lake, artifact: Manifest) -> list[str]:
    return [line.removeprefix(lake.path(artifact.artifact.root)) for line in verify(lake, artifact).damages]


def test_an_artifact_as_it_was_made_is_whole(artifact, lake):
    found = verify(lake, artifact)
    assert (found.objects, found.damages) == (5, ())
    assert found.bytes == len("signatures") + 2 * len("00000") + 2 * len("{}")


def test_each_damage_is_named(artifact, lake):
    lake.put(artifact.key("00000", ".parquet"), b"00009")
    lake.put(artifact.key("00001", ".parquet"), b"0000")
    lake.delete([artifact.key("00001", "/x.json")])
    lake.put(f"{artifact.artifact.root}signatures/00000.npy", b"signaturez")
    assert [line.partition(", not")[0].partition(": its")[0] for line in lines(lake, artifact)] == [
        "signatures/00000.npy: is not what was written",
        "parts/00000.parquet: is not what was written",
        "parts/00001.parquet: holds 4 bytes",
        "parts/00001/x.json: is missing",
    ]


def described(manifest: Manifest, lake: Lake) -> Manifest:
    """Another object in the place of one, and a record and manifest that describe it."""
    first = manifest.parts[0]
    lake.put(manifest.key(first, ".parquet"), b"wrong")
    place = manifest.artifact.key("parts", "00000", "")
    files = first.files | manifest.artifact.write_files(lake, place, {".parquet": b"wrong"})
    forged = first.model_copy(update={"files": files})
    manifest.artifact.write_record(lake, forged)
    return manifest.model_copy(update={"parts": (forged, *manifest.parts[1:])}).sealed()


def described_to_the_end(manifest: Manifest, lake: Lake) -> Manifest:
    """The same with a digest that fits the files; the manifest's own stays."""
    forged = described(manifest, lake)
    first = forged.parts[0].model_copy(update={"digest": files_digest(forged.parts[0].files)})
    manifest.artifact.write_record(lake, first)
    return forged.model_copy(update={"parts": (first, *forged.parts[1:])}).sealed()


def rows_of_a_part(manifest: Manifest, lake: Lake) -> Manifest:
    forged = manifest.parts[0].model_copy(update={"rows": 99})
    return manifest.model_copy(update={"parts": (forged, *manifest.parts[1:])}).sealed()


FORGERIES: list[tuple[Callable[[Manifest, Lake], Manifest], str]] = [
    (lambda manifest, lake: manifest.model_copy(update={"parts": manifest.parts[:1]}), "its digest is not that of its"),
    (lambda manifest, lake: manifest.model_copy(update={"config": {"threshold": 0.7}}).sealed(), "are those of"),
    (lambda manifest, lake: manifest.model_copy(update={"inputs": {"clean": "f00d"}}).sealed(), "are those of"),
    (lambda manifest, lake: manifest.model_copy(update={"stats": {"documents": 3}}).sealed(), "not the sum of its"),
    (lambda manifest, lake: manifest.model_copy(update={"provenance": {"code": "x"}}), "its seal is not that"),
    (lambda manifest, lake: manifest.model_copy(update={"seal": ""}), "has no seal"),
    (rows_of_a_part, "what it says of part 00000 is not what its record says"),
    (described, "parts/00000.record.json: its digest is not that of its files"),
    (described_to_the_end, "its digest is not that of its parts"),
]


@pytest.mark.parametrize(("forge", "named"), FORGERIES, ids=[named for _, named in FORGERIES])
def test_a_forgery_is_named(forge, named, artifact, lake):
    assert any(named in line for line in lines(lake, forge(artifact, lake)))


def test_the_manifest_of_another_artifact_is_refused_by_whoever_reads_it(artifact, lake):
    other = made(lake, {"threshold": 0.5})
    lake.put(artifact.artifact.root + MANIFEST, lake.get(other.artifact.root + MANIFEST))
    with pytest.raises(DamageError, match=f"is the manifest of dedup/{other.fingerprint}"):
        artifact.artifact.manifest(lake)


@pytest.mark.parametrize("content", [b'{"stage": "ded', b"[]", b'{"stage": 1}', b""])
def test_a_manifest_that_is_none_is_one_line(artifact, lake, content):
    lake.put(artifact.artifact.root + MANIFEST, content)
    with pytest.raises(DamageError) as raised:
        artifact.artifact.manifest(lake)
    assert "manifest.json" in str(raised.value) and "\n" not in str(raised.value) and raised.value.mend


def test_a_record_that_is_none_is_one_line(artifact, lake):
    lake.put(artifact.artifact.key("parts", "00000", RECORD), b"{")
    with pytest.raises(DamageError, match="no JSON"):
        artifact.artifact.records(lake, "parts")
