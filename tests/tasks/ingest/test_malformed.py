"""Whatever is wrong with a file, it gives documents or refusals with a reason, and its neighbours come through."""

import random
from pathlib import Path

import pytest

from smelt.recipe.ingest import IngestConfig
from smelt.recipe.sources import FilesSource
from tasks.ingest import read
from tasks.ingest.document import Document, Refusal
from tasks.ingest.stage import STAGE
from tests.tasks.ingest.malformed import OPTIONS, damaged, growing, hostile, members, neighbours, sound, survives
from tests.tasks.refinery import columns, listed, run

HOSTILE = hostile()
NOTHING_IN_IT = {name for name in sound() if "warc" in name or "arc" in name or "parquet" in name} | {"a.jsonl"}
"""Kinds of files that may well hold no document: a damaged one can look like one that never had any."""
NO_TEXT = {"two.pdf", "man1/a.1", "mail", "rich"}
"""What is refused though it is sound, or called as it can't be in a folder."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_no_more_than_itself(name: str) -> None:
    assert survives(name, HOSTILE[name])


@pytest.mark.parametrize("name", sound())
def test_a_damaged_file_gives_documents_or_reasons(name: str) -> None:
    files = sound()
    assert all(isinstance(item, Document | Refusal) for item in survives(name, files[name]))
    for seed in range(25):
        found = survives(name, damaged(files[name], random.Random(f"{name}/{seed}"), list(files.values())))
        assert found or name in NOTHING_IN_IT


@pytest.mark.parametrize("name", members())
def test_damage_to_a_record_costs_no_other(name: str) -> None:
    for seed in range(60):
        neighbours(name, members()[name], random.Random(f"{name}/{seed}"))


@pytest.mark.parametrize("name", ["values.parquet", "nulls.parquet", "lines.jsonl.zst", "records.warc.zst"])
def test_few_bytes_that_expand_for_ever_are_one_refusal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "FREE_BYTES", 1 << 19)
    monkeypatch.setattr(read, "MOST_GROWTH", 50)
    content = growing()[name]
    *before, last = survives(name, content)
    assert isinstance(last, Refusal) and last.reason == "expands too far"
    assert sum(len(item.text) for item in before if isinstance(item, Document)) < (1 << 19) + 50 * len(content)


def test_neighbours_come_through_and_nothing_is_lost(lake, tmp_path: Path) -> None:
    files = sound()
    draw = random.Random(7)
    for number, (name, content) in enumerate([*files.items()] * 3):
        (tmp_path / f"{number:03d}-{name.replace('/', '-')}").write_bytes(damaged(content, draw, list(files.values())))
    for name, content in (HOSTILE | files).items():
        (tmp_path / f"x-{name.replace('man1/', '')}").write_bytes(content)
    source = FilesSource(name="all", paths=(f"{tmp_path}/*",))
    config = IngestConfig(sources=(source,), shard_bytes=100_000, **OPTIONS.model_dump(exclude={"shard_bytes"}))
    made = run(STAGE, listed(lake, config))
    rows = columns(lake, made, ["id", "url"])
    assert len({row["id"] for row in rows}) == len(rows) == made.stats["documents"]
    found = {row["url"].partition("#")[0].rsplit("/", 1)[-1] for row in rows}
    assert {f"x-{name}" for name in files if name not in NO_TEXT and "arc" not in name} <= found
    assert sum(made.stats["quarantined"].values()) > 30
    assert made.stats["files"] == len(list(tmp_path.iterdir()))
