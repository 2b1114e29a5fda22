"""A crawl fills up day by day: late days are said and are no error, and no shard mixes days."""

import datetime
from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.gates.documents import ingest as ingest_gate
from smelt.identity import canonical
from smelt.lake import Lake
from smelt.recipe.gates import GatesConfig
from smelt.recipe.ingest import IngestConfig
from smelt.recipe.reading.load import parse_recipe
from smelt.recipe.sources import CrawlSource
from smelt.sources.listing import Search
from tasks.ingest.shards import files_of as files_of_shard
from tasks.ingest.stage import STAGE
from tests.sources.listings import digest_of, files_of
from tests.tasks.ingest.crawls.making import gzipped, pages
from tests.tasks.refinery import columns, listed, run


def source(*dates: object, path: str = "s3://smelt/none/{date}/*.warc.gz") -> CrawlSource:
    return CrawlSource(name="crawl", paths=(path,), dates=dates)


def test_days_are_given_one_by_one_and_by_ranges() -> None:
    days = source(datetime.date(2026, 11, 3), "2026-10-30..2026-11-01", "2026-11-01").dates
    assert days == ("2026-10-30", "2026-10-31", "2026-11-01", "2026-11-03")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dates": ["2026-11-31"]}, "'2026-11-31' is no day"),
        ({"dates": ["2026-11-05..2026-11-01"]}, "ends before it begins"),
        ({"dates": "2026-11-05"}, "write a list of days"),
        ({"paths": ["s3://crawl/*.warc.gz"]}, "does not say where the day stands"),
        ({"marker": "s3://crawl/_SUCCESS"}, "does not say where the day stands"),
    ],
)
def test_what_cannot_be_meant_is_one_line(changes: dict, message: str) -> None:
    crawl = {"name": "c", "kind": "crawl", "paths": ["s3://c/{date}/*"], "dates": ["2026-11-01"], **changes}
    with pytest.raises(RecipeError, match=message) as error:
        parse_recipe({"name": "r", "sources": [crawl]}, where="r.yaml")
    assert "\n" not in str(error.value)


def test_a_late_day_is_said_and_changes_the_digest_once_it_is_there(lake: Lake) -> None:
    crawl = source("2026-11-01..2026-11-03", path=f"{lake.url}/{{date}}/*.warc.gz")
    lake.put("2026-11-01/a.warc.gz", gzipped(pages(3)))
    lake.put("2026-11-03/a.warc.gz", gzipped(pages(2)))
    files, notes = files_of(crawl, settings=lake.settings)
    assert [(file.date, file.uri.rsplit("/", 2)[-2]) for file in files] == [
        ("2026-11-01", "2026-11-01"),
        ("2026-11-03", "2026-11-03"),
    ]
    assert notes == ("sources.crawl: no file yet for 2026-11-02; a run that is planned later looks again",)
    first = digest_of(crawl, settings=lake.settings)
    lake.put("2026-11-02/a.warc.gz", gzipped(pages(4)))
    assert files_of(crawl, settings=lake.settings)[1] == () and digest_of(crawl, settings=lake.settings) != first


@pytest.mark.parametrize("local", [False, True])
def test_a_day_is_held_until_its_marker_is_there_which_is_no_file_of_it(
    lake: Lake, tmp_path: Path, local: bool
) -> None:
    folder = str(tmp_path) if local else lake.url
    lake.put("2026-11-01/a.txt", b"What came first.")
    (tmp_path / "2026-11-01").mkdir()
    (tmp_path / "2026-11-01" / "a.txt").write_text("What came first.")
    days = source("2026-11-01..2026-11-02", path=f"{folder}/{{date}}/*")
    held = days.model_copy(update={"marker": f"{folder}/{{date}}/_SUCCESS"})
    search = Search([held], lake.settings)
    assert list(search.files()) == [] and search.held == {"2026-11-01", "2026-11-02"}
    assert search.notes == [
        f"sources.crawl: {held.marker} is not there yet for 2026-11-01, 2026-11-02; "
        "a run that is planned later looks again",
    ]
    lake.put("2026-11-01/_SUCCESS", b"1 file")
    (tmp_path / "2026-11-01" / "_SUCCESS").write_text("1 file")
    search = Search([held], lake.settings)
    assert [file.uri for file in search.files()] == [f"{folder}/2026-11-01/a.txt"] and search.held == {"2026-11-02"}


def test_a_marker_changes_no_fingerprint() -> None:
    marked = {**source("2026-11-01").model_dump(mode="json"), "marker": "s3://smelt/none/{date}/_SUCCESS"}
    assert "marker" not in source("2026-11-01").model_dump()
    phase = {"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}
    plain = {"name": "r", "model": {"preset": "tiny"}, "phases": [phase]}
    crawls = [marked, source("2026-11-01").model_dump(mode="json")]
    recipes = [parse_recipe({**plain, "sources": [one]}, where="r.yaml") for one in crawls]
    again = parse_recipe({**plain, "sources": recipes[0].model_dump(mode="json")["sources"]}, where="r.yaml")
    assert again.sources[0].marker == recipes[0].sources[0].marker == marked["marker"]
    assert canonical(recipes[0].ingest_config()) == canonical(recipes[1].ingest_config())


def test_shards_keep_days_apart_and_documents_carry_theirs(lake: Lake) -> None:
    for day in ("2026-11-01", "2026-11-02"):
        for name in "ab":
            lake.put(f"{day}/{name}.warc.gz", gzipped(pages(3)))
    config = IngestConfig(sources=(source("2026-11-01..2026-11-04", path=f"{lake.url}/{{date}}/*.warc.gz"),))
    given = listed(lake, config)
    shards = STAGE.rounds[1].shards(given)
    days = [{file.date for file in files_of_shard(given, shard.payload)} for shard in shards]
    assert days == [{"2026-11-01"}, {"2026-11-02"}]
    rows = columns(lake, run(STAGE, given), ["url", "date"])
    assert [row["date"] for row in rows] == ["2026-11-01"] * 6 + ["2026-11-02"] * 6


def test_a_crawl_without_any_file_yet_passes_the_gate(lake: Lake, tmp_path: Path) -> None:
    config = IngestConfig(sources=(source("2026-11-01", path=f"{tmp_path}/{{date}}/*"),))
    made = run(STAGE, listed(lake, config))
    assert made.rows == 0
    stored = made.model_copy(update={"config": config.model_dump(mode="json")})
    gate = ingest_gate(lake, stored, {}, GatesConfig().ingest)
    assert not any("crawl" in str(check) for check in gate.checks)
