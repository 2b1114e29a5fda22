"""Verification reads every byte: whatever was changed, cut off or taken away is named."""

import pytest

from smelt.identity import digest
from smelt.lake import Artifact, Manifest
from smelt.maintenance.verify import verify


@pytest.fixture
def artifact(lake):
    """An artifact of two rounds, committed."""
    address = Artifact("dedup", "f00d")
    address.write_part(lake, "signatures", "00000", files={".npy": b"signatures"}, rows=1, stats={})
    parts = [
        address.write_part(lake, "parts", name, files={".parquet": name.encode(), "/x.json": b"{}"}, rows=1, stats={})
        for name in ("00000", "00001")
    ]
    total = digest([[part.name, part.digest] for part in parts])
    return address.commit(
        lake,
        Manifest(
            stage="dedup",
            version=1,
            fingerprint="f00d",
            config={},
            inputs={},
            parts=tuple(parts),
            stats={},
            digest=total,
        ),
    )


def test_an_artifact_as_it_was_made_is_whole(artifact, lake):
    found = verify(lake, artifact)
    assert (found.objects, found.damages) == (5, ())
    assert found.bytes == len("signatures") + 2 * len("00000") + 2 * len("{}")


def test_each_damage_is_named(artifact, lake):
    lake.put(artifact.key("00000", ".parquet"), b"00009")
    lake.put(artifact.key("00001", ".parquet"), b"0000")
    lake.delete([artifact.key("00001", "/x.json")])
    lake.put("dedup/f00d/signatures/00000.npy", b"signaturez")
    lines = [line.removeprefix(lake.path("dedup/f00d/")) for line in verify(lake, artifact).damages]
    assert [line.partition(", not")[0].rsplit(" ", 1)[0] for line in lines] == [
        "signatures/00000.npy: SHA-256 is",
        "parts/00000.parquet: SHA-256 is",
        "parts/00001.parquet: 4",
        "parts/00001/x.json:",
    ]


def test_a_manifest_that_names_other_parts_is_damaged(artifact, lake):
    forged = artifact.model_copy(update={"parts": artifact.parts[:1]})
    assert any("its digest is not that of its parts" in line for line in verify(lake, forged).damages)
