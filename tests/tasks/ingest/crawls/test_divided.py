"""However a file is divided, the ranges together give what the whole gives: every record once, under the same id."""

import gzip
import io
import json
import random
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smelt.lake import Lake
from smelt.recipe.ingest import IngestConfig, IngestOptions
from smelt.recipe.sources import FilesSource
from tasks.ingest.document import Document, RawFile, Refusal
from tasks.ingest.read import read
from tasks.ingest.shards import files_of
from tasks.ingest.stage import STAGE
from tasks.ingest.stored import Stored
from tests.tasks.ingest.crawls.making import gzipped, pages, zstandarded
from tests.tasks.refinery import columns, listed, run

OPTIONS = IngestOptions(max_line_bytes=2000)
ROWS = [json.dumps({"text": f"row {number} " + "字" * (number % 50)}, ensure_ascii=False) for number in range(300)]
LONG = json.dumps({"text": "x" * 5000})


def lines() -> bytes:
    return "\n".join([*ROWS[:100], "", LONG, "{broken", *ROWS[100:]]).encode()


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": [json.loads(row)["text"] for row in ROWS]}), sink, row_group_size=17)
    return sink.getvalue()


FILES = {
    "a.jsonl": lines(),
    "a.parquet": parquet(),
    "a.warc.gz": gzipped(pages(40)),
    "b.warc.gz": gzip.compress(b"".join(pages(40))),
    "a.warc.zst": zstandarded(pages(40)),
    "b.warc.zst": zstandarded(pages(40), with_dictionary=True),
    "misnamed.jsonl": gzip.compress(lines()),
    "misnamed.warc.gz": b"".join(pages(40)),
}


def items(name: str, start: int = 0, end: int | None = None) -> list[Document | Refusal]:
    return list(read(RawFile("s", name, FILES[name], start=start, end=end), OPTIONS))


@pytest.mark.parametrize("name", FILES)
def test_ranges_together_are_the_whole(name: str) -> None:
    whole = items(name)
    assert sum(isinstance(item, Document) for item in whole) == (40 if "warc" in name else 300)
    assert len({item.place for item in whole}) == len(whole)
    size = len(FILES[name])
    draw = random.Random(name)
    for count in (1, 2, 7, 40):
        borders = [0, *sorted(draw.sample(range(1, size), count)), size]
        divided = [item for start, end in pairwise(borders) for item in items(name, start, end)]
        assert divided == whole


@pytest.mark.parametrize("name", ["a.jsonl", "a.warc.gz", "b.warc.zst"])
def test_a_border_at_every_byte_of_a_stretch_changes_nothing(name: str) -> None:
    whole = items(name)
    for border in range(1000, 1150):
        assert items(name, 0, border) + items(name, border, len(FILES[name])) == whole


def test_objects_are_read_by_ranges_of_the_listed_version(lake: Lake) -> None:
    for name, content in FILES.items():
        lake.put(name, content)
    for found in lake.objects(""):
        stored = Stored(lake, found.key, found.bytes, found.etag)
        assert list(read(RawFile("s", found.key, stored), OPTIONS)) == items(found.key)
    changed = Stored(lake, "a.jsonl", len(FILES["a.jsonl"]), "0" * 32)
    with pytest.raises(Exception, match="was written again"):
        list(read(RawFile("s", "a.jsonl", changed), OPTIONS))


def test_shards_are_bounded_and_neither_their_size_nor_order_changes_a_document(lake: Lake, tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    source = FilesSource(name="local", paths=(f"{tmp_path}/*",))
    config = IngestConfig(sources=(source,), max_line_bytes=2000)
    seen = []
    for shard_bytes in (1 << 20, 3000):
        given = listed(lake, replace_size(config, shard_bytes))
        made = run(STAGE, given, backwards=shard_bytes == 3000)
        seen.append({row["id"]: row for row in columns(lake, made, ["id", "text", "url", "raw_bytes", "date"])})
        assert made.rows == len(seen[-1]) == 1100
        assert made.stats["documents"] == 1100 and made.stats["files"] == len(FILES)
        assert made.stats["quarantined"] == {"broken json": 2, "line over limit": 2}
    assert seen[0] == seen[1]
    cut = [shard.payload for shard in STAGE.rounds[1].shards(given) if "end" in shard.payload]
    assert len(cut) > 5 and all(payload["end"] - payload["start"] <= 3000 for payload in cut)
    divided = {file.path.rsplit("/")[-1] for payload in cut for file in files_of(given, payload)}
    assert divided >= {"a.jsonl", "a.parquet", "a.warc.gz"}


def replace_size(config: IngestConfig, shard_bytes: int) -> IngestConfig:
    return config.model_copy(update={"shard_bytes": shard_bytes})


def test_rows_come_in_groups_that_bound_what_a_later_stage_holds(lake: Lake, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.jsonl.gz", "wt", compresslevel=1) as file:
        for number in range(40):
            file.write(json.dumps({"text": f"{number} " + "word " * 200_000}) + "\n")  # 40 MB of text
    made = run(STAGE, listed(lake, IngestConfig(sources=(FilesSource(name="big", paths=(f"{tmp_path}/*",)),))))
    [part] = made.parts
    file = pq.ParquetFile(lake.open(made.key(part, ".parquet")))
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [17, 17, 6]


def test_a_local_file_that_changed_since_it_was_listed_stops_the_stage(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("before")
    given = listed(lake, IngestConfig(sources=(FilesSource(name="local", paths=(f"{tmp_path}/*",)),)))
    (tmp_path / "a.txt").write_text("after it")
    with pytest.raises(Exception, match="not what it was when it was listed"):
        run(STAGE, given)
