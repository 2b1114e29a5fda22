"""What is read is held to its record: swapped, cut or changed objects are one permanent error, never read."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smelt.errors import DamageError, LakeOutageError
from smelt.lake import Lake, Manifest, held
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from tasks import documents
from tasks.blocks import STAGE
from tests.tasks import refinery


def table(first: int) -> pa.Table:
    ids = [f"{number:016x}" for number in range(first, first + 5000)]
    return pa.table({"id": ids, "text": [f"text {number} of many" for number in range(5000)], "number": range(5000)})


@pytest.fixture
def artifact(lake: Lake) -> Manifest:
    return refinery.commit(lake, "clean", [table(0), table(10_000)])


def blocks_of(lake: Lake, tokens: Manifest) -> Manifest:
    config = BlocksConfig(phases=[BlockPhase(name="main", tokens=20_000, sequence_length=16, global_batch_size=4)])
    return refinery.run(STAGE, refinery.context(lake, "blocks", config, {"tokens": tokens}))


def swap(lake: Lake, manifest: Manifest, suffix: str) -> None:
    one, other = (manifest.key(part, suffix) for part in manifest.parts)
    first, second = lake.get(one), lake.get(other)
    lake.put(one, second)
    lake.put(other, first)


def test_parquet_is_read_by_columns(lake: Lake, artifact: Manifest) -> None:
    file = held.open_parquet(lake, artifact, "00001")
    assert file.read(["id"])["id"].to_pylist() == table(10_000)["id"].to_pylist()


def test_swapped_parts_are_never_read(lake: Lake, artifact: Manifest) -> None:
    swap(lake, artifact, ".parquet")
    for read in (held.read, held.open_parquet):
        with pytest.raises(DamageError, match=r"00000\.parquet: .*--force clean"):
            read(lake, artifact, "00000", ".parquet")


def test_a_bit_that_turned_in_a_page_is_found_by_who_reads_that_page_alone(lake: Lake, artifact: Manifest) -> None:
    key = artifact.key("00000", ".parquet")
    content = bytearray(lake.get(key))
    footer = pq.read_metadata(io.BytesIO(content))
    column = footer.row_group(0).column(2)
    content[(column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size // 2] ^= 4
    lake.put(key, bytes(content))
    assert held.open_parquet(lake, artifact, "00000").read(["id"]).num_rows == 5000
    with pytest.raises(DamageError, match=r"00000\.parquet: can't be read as Parquet"):
        held.open_parquet(lake, artifact, "00000").read_row_group(0, ["number"])


@pytest.mark.parametrize("left", [0, 3, 100, -1])
def test_a_file_that_ends_early_is_damage_and_no_outage(lake: Lake, artifact: Manifest, left: int) -> None:
    key = artifact.key("00000", ".parquet")
    lake.put(key, lake.get(key)[:left])
    with pytest.raises(DamageError) as raised:
        held.open_parquet(lake, artifact, "00000")
    assert not isinstance(raised.value, LakeOutageError)


def test_stages_read_through_it(lake: Lake, artifact: Manifest) -> None:
    swap(lake, artifact, ".parquet")
    with pytest.raises(DamageError):
        list(documents.batches(lake, {"clean": artifact}, "00000", ["text"]))


def test_a_fetched_object_appears_right_or_not_at_all(lake: Lake, artifact: Manifest, tmp_path: Path) -> None:
    held.fetch(lake, artifact, "00000", ".parquet", tmp_path / "there")
    assert (tmp_path / "there").read_bytes() == lake.get(artifact.key("00000", ".parquet"))
    swap(lake, artifact, ".parquet")
    with pytest.raises(DamageError):
        held.fetch(lake, artifact, "00000", ".parquet", tmp_path / "other")
    assert [file.name for file in tmp_path.iterdir()] == ["there"]


def test_a_range_beyond_the_end_is_damage(lake: Lake) -> None:
    lake.put("ten", b"0123456789")
    for start, length in ((5, 6), (10, 1), (50, 5)):
        with pytest.raises(DamageError, match="ten: ends"):
            lake.get_range("ten", start, length)
    assert lake.get_range("ten", 5, 5) == b"56789"


def test_tokens_gathered_by_ranges_are_held_to_their_documents(lake: Lake) -> None:
    dtype = np.dtype("<u2")
    parts = [
        [{"id": f"{n:016x}", "lang": "en", "domain": "web", "tokens": 600, "number": n} for n in range(low, low + 40)]
        for low in (0, 40)
    ]
    tokens = refinery.tokenized(lake, parts, dtype)
    assert blocks_of(lake, tokens).rows > 0
    swap(lake, tokens, ".bin")
    with pytest.raises(DamageError, match=r"00000\.bin|00001\.bin"):
        blocks_of(lake, tokens)
