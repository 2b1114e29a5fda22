"""Listings of many files: one digest in whatever order they come, in memory that does not follow how many they are."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.made_up import BUCKET, made_up_store
from smelt.identity import digest
from smelt.lake import Artifact, Lake
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.resources import Resources
from smelt.recipe.sources import CrawlSource, FilesSource
from smelt.settings import Settings
from smelt.sources import listed, ordering
from smelt.sources.listed import listing_key
from smelt.sources.listing import list_into
from smelt.stage import Context
from tasks.ingest.shards import files_of, pieces
from tests.sources.listings import files_of as files_of_sources

FEW, MANY = 2_000, 10_000
SOURCE = FilesSource(name="pages", paths=(f"s3://{BUCKET}/2026/",), format="html")


@pytest.fixture
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a few hundred files are held at once."""
    monkeypatch.setattr(ordering, "ROWS_HELD", 400)
    monkeypatch.setattr(ordering, "RUNS_AT_ONCE", 4)
    monkeypatch.setattr(listed, "FILES_OF_A_GROUP", 400)


def peak(work: Callable[[], Any]) -> tuple[Any, int]:
    """What it returns, and the bytes that it has held at once."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_five_times_as_many_files_take_no_more_memory(lake: Lake, tmp_path: Path, small_runs: None) -> None:
    held, file = {}, tmp_path / "listing"
    for many in (FEW, MANY):
        with made_up_store(many) as settings:
            found, held[many] = peak(partial(list_into, file, [SOURCE], settings))
        lake.put(listing_key(found.digest), file)
        files = list(listed.stored(lake, found.digest))
        assert len({file.path for file in files}) == len(files) == found.files == many
        assert files == sorted(files)
    assert held[MANY] < 1.2 * held[FEW]

    config = IngestConfig(sources=(SOURCE,))
    context = Context(lake, config, Resources(), {}, {"listing": found.digest}, Artifact("ingest", "f00d"))
    shards, held_for_shards = peak(partial(pieces, context))
    assert held_for_shards < 60 * MANY, "bytes: a size, a hash, and what is asked of both at once"
    assert [file for shard in shards for file in files_of(context, shard.payload)] == files


def test_the_order_in_which_a_store_lists_changes_nothing(tmp_path: Path, small_runs: None) -> None:
    found = []
    for shuffled in (True, False):
        with made_up_store(FEW, shuffled=shuffled) as settings:
            found.append(list_into(tmp_path / f"{shuffled}", [SOURCE], settings))
    named = [[file.source, file.path, file.bytes, file.version] for file in listed.read(tmp_path / "True")]
    assert found[0].digest == found[1].digest == digest(named)[:20]


def test_a_file_that_two_paths_or_two_days_match_is_listed_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ordering, "ROWS_HELD", 2)
    for name in ("2026-11-02", "2026-11-01 2026-11-02", "2026-11-01"):
        (tmp_path / f"{name}.txt").write_text(name)
    days, paths = ["2026-11-01..2026-11-02"], (f"{tmp_path}/*{{date}}*", f"{tmp_path}/*{{date}}.txt")
    crawl = CrawlSource.model_validate({"name": "c", "paths": paths, "dates": days})
    files, _ = files_of_sources(crawl, settings=Settings(lake="s3://none/here"))
    found = [(file.date, Path(file.path).stem) for file in files]
    assert found == [
        ("2026-11-01", "2026-11-01 2026-11-02"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-02", "2026-11-02"),
    ]
