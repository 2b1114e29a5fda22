"""The commit protocol on a real S3 server."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from smelt.errors import LakeError, LakeOutageError
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats

WAYS = (
    lambda lake: lake.put_new("x", b"1"),
    lambda lake: lake.put("x", b"1"),
    lambda lake: lake.get("x"),
    lambda lake: lake.find_json("x"),
    lambda lake: lake.exists("x"),
    lambda lake: lake.folders("x/"),
    lambda lake: lake.objects("x/"),
    lambda lake: lake.delete(["x"]),
)


def _manifest(artifact: Artifact, parts=(), maker="one") -> Manifest:
    return Manifest(
        stage=artifact.stage,
        version=1,
        fingerprint=artifact.fingerprint,
        config={},
        inputs={},
        parts=tuple(parts),
        stats={},
        digest="d",
        provenance={"maker": maker},
    )


def test_an_artifact_exists_only_with_its_manifest(lake):
    artifact = Artifact("clean", "f00d")
    record = artifact.write_part(lake, "parts", "00000", files={".parquet": b"rows"}, rows=2, stats={"documents": 2})
    assert artifact.manifest(lake) is None
    artifact.commit(lake, _manifest(artifact, [record]))
    manifest = artifact.manifest(lake)
    assert manifest.rows == 2
    assert lake.get(manifest.key("00000", ".parquet")) == b"rows"


def test_of_sixteen_racing_commits_one_counts_for_all(lake):
    artifact = Artifact("clean", "beef")
    with ThreadPoolExecutor(16) as threads:
        seen = list(threads.map(lambda i: artifact.commit(lake, _manifest(artifact, maker=str(i))), range(16)))
    assert len({manifest.provenance["maker"] for manifest in seen}) == 1


def test_a_part_with_equal_content_has_an_equal_digest_wherever_it_lies(lake):
    one = Artifact("clean", "a").write_part(lake, "parts", "0", files={".x": b"same"}, rows=1, stats={})
    other = Artifact("clean", "b").write_part(lake, "parts", "0", files={".x": b"same"}, rows=1, stats={})
    changed = Artifact("clean", "b").write_part(lake, "parts", "1", files={".x": b"else"}, rows=1, stats={})
    assert one.digest == other.digest != changed.digest


def test_listings_are_sorted_and_records_are_found(lake):
    artifact = Artifact("clean", "c0de")
    for name in ("00010", "00002", "a/b", "a-b"):
        artifact.write_part(lake, "parts", name.replace("/", "_"), files={".x": b"1"}, rows=1, stats={})
    keys = [item.key for item in lake.objects(artifact.root)]
    assert keys == sorted(keys)
    assert set(artifact.records(lake, "parts")) == {"00010", "00002", "a_b", "a-b"}


def test_a_file_part_is_streamed_and_described(lake, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(range(256)) * 100_000)
    record = Artifact("x", "y").write_part(lake, "parts", "0", files={".bin": big}, rows=1, stats={})
    assert record.bytes == 25_600_000
    lake.download("x/y/parts/0.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == big.read_bytes()
    assert lake.get_range("x/y/parts/0.bin", 256, 3) == b"\x00\x01\x02"


def test_a_missing_object_is_named_in_one_line(lake):
    with pytest.raises(LakeError, match=r"s3://.*/nothing: no such object"):
        lake.get("nothing")


def test_wrong_credentials_are_told_as_such(lake):
    from dataclasses import replace

    stranger = Lake(replace(lake.settings, secret_key="wrong"), url=lake.url)
    for ask in WAYS:
        with pytest.raises(LakeError, match="check the credentials") as refusal:
            ask(stranger)
        assert not isinstance(refusal.value, LakeOutageError), "asking again does not help"


def test_no_credentials_are_told_as_such(lake, monkeypatch):
    from dataclasses import replace

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    nobody = Lake(replace(lake.settings, access_key=None, secret_key=None), url=lake.url)
    for ask in WAYS:
        with pytest.raises(LakeError, match="no S3 credentials") as refusal:
            ask(nobody)
        assert not isinstance(refusal.value, LakeOutageError)


def test_a_store_that_is_out_of_reach_may_come_back(lake):
    from dataclasses import replace

    elsewhere = Lake(replace(lake.settings, endpoint="http://127.0.0.1:9"), url=lake.url, patience=0.5)
    for ask in (lambda: elsewhere.folders("x/"), lambda: elsewhere.exists("x")):
        with pytest.raises(LakeOutageError, match="is the object store running"):
            ask()
    again = pickle.loads(pickle.dumps(LakeOutageError("gone", where="x")))
    assert isinstance(again, LakeOutageError), "it crosses from a worker of Ray to the driver"


def test_a_lake_travels_to_other_processes(lake):
    lake.put("greeting", "你好".encode())
    again = pickle.loads(pickle.dumps(lake))
    assert again.get("greeting").decode() == "你好"
    assert again == lake and hash(again) == hash(lake), "what a worker has cached is found again"
    assert lake not in (Lake(lake.settings, url=f"{lake.url}/other"), Lake(lake.settings, patience=1))


def test_statistics_add_up():
    parts = [{"documents": 1, "by": {"zh": 1}, "label": "x"}, {"documents": 2, "by": {"zh": 1, "en": 4}, "label": "y"}]
    assert merge_stats(parts) == {"documents": 3, "by": {"zh": 2, "en": 4}, "label": "x"}
