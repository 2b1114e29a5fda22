"""Garbage collection in a real lake: what is kept, what goes, and that an interrupted one harms nothing."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import StageError
from smelt.lake import Artifact, Lake
from smelt.lake.shared import SHARED, SharedPart
from smelt.maintenance import garbage, uploads
from smelt.maintenance.garbage import Policy, collect, find_garbage
from smelt.maintenance.pins import pin, unpin
from smelt.maintenance.uploads import stale_uploads
from smelt.maintenance.verify import verify
from smelt.run import Run, create_run, ended_key, published_key, take_over
from tests.chain import RECIPE
from tests.terminal import terminal

LATER = datetime.now(UTC) + timedelta(days=30)
POLICY = Policy(keep_runs=1)


@pytest.fixture
def ingested(lake, tmp_path, monkeypatch):
    """Starts a run by id and overrides, and makes its artifacts through ``ingest``; the settings name this lake."""
    monkeypatch.setattr(Lake, "__init__", _at(lake))
    created: list[str] = []
    (tmp_path / "a.txt").write_text("A text of more than a few words, which is read and kept as it is.\n" * 5)

    def start(run_id: str, name: str = "small", **overrides) -> Run:
        recipe = tmp_path / f"{name}.yaml"
        recipe.write_text(RECIPE.format(name=name, folder=tmp_path))
        run = create_run(recipe, overrides, run_id, lake.settings)
        idle = run.planned("classifiers").artifact  # goes as any other does; here it would stand in every answer
        lake.delete([item.key for item in lake.objects(idle.root)])
        created.append(datetime(2026, 1, 1 + len(created), tzinfo=UTC).isoformat())  # runs of one second have no order
        lake.put_json(f"runs/{run_id}/run.json", {**run.model_dump(mode="json"), "created": created[-1]})
        for planned in run.plan.stages[:2]:
            make_artifact(planned, make_context(run.recipe, planned, lake), serially)
        lake.put_json(ended_key(run_id), {"state": "success"})
        return run

    return start


def _at(lake):
    """The constructor of a lake that lies where this test's does, whatever the settings say."""
    plain = Lake.__init__
    return lambda self, settings, *, url=None, **more: plain(self, settings, url=url or lake.url, **more)


def names(found):
    """Of artifacts and listings; the parts that go with their last artifact have a test of their own."""
    return [item.name for item in found if not item.name.startswith(SHARED)]


def root(run: Run, stage: str = "ingest") -> str:
    return run.planned(stage).artifact.root


def test_what_only_an_older_run_used_goes_and_what_runs_share_stays(ingested, lake):
    old = ingested("one")
    new = ingested("two", **{"sources.0.lang": "zh"})
    assert old.planned("fetch").fingerprint == new.planned("fetch").fingerprint
    for name, user in (("a", old), ("b", new)):
        lake.put(f"judgement/{name}/used/{user.planned('evaluate').fingerprint}", b"")
    found = find_garbage(lake, POLICY, now=LATER)
    assert names(found) == [root(old), "judgement/a/"], "a judgement stays with the evaluations that use it"
    lake.put(f"judgement/a/used/{new.planned('evaluate').fingerprint}", b"")
    assert names(collect(lake, found, POLICY, now=LATER)) == [root(old)], "one has come to use it meanwhile"
    assert lake.objects(root(old)) == [] and lake.objects(root(new))
    assert find_garbage(lake, POLICY, now=LATER) == []


def shared(found):
    return [item.name for item in found if item.name.startswith(SHARED)]


def test_a_shared_part_goes_with_the_last_artifact_that_refers_to_it(ingested, lake):
    old = ingested("one")
    new = ingested("two", **{"ingest.shard_bytes": 1000})  # the same documents, of which an artifact is made anew
    assert root(old) != root(new)
    found = find_garbage(lake, POLICY, now=LATER)
    assert names(found) == [root(old)] and shared(found) == []
    assert list(collect(lake, found, POLICY, now=LATER)) == found
    assert verify(lake, new.planned("ingest").artifact.manifest(lake)).damages == ()
    ingested("three", **{"sources.0.lang": "zh"})
    found = find_garbage(lake, POLICY, now=LATER)
    assert names(found) == [root(new)] and len(shared(found)) == 1
    assert list(collect(lake, found, POLICY, now=LATER)) == found
    assert lake.objects(shared(found)[0]) == [] and find_garbage(lake, POLICY, now=LATER) == []


@pytest.mark.parametrize("when", ["before", "in the middle", "made anew"])
def test_a_shared_part_that_is_wanted_again_is_left(ingested, lake, monkeypatch, when):
    run = ingested("one")
    part = run.planned("ingest").artifact.manifest(lake).parts[0]
    ingested("two", **{"sources.0.lang": "zh"})
    found = find_garbage(lake, POLICY, now=LATER)
    (name,) = shared(found)
    wanted, delete = SharedPart(*name.split("/")[1:3]), Lake.delete

    def comes_then(self, keys):
        delete(self, keys)
        if when == "in the middle" and keys == [f"{name}part.record.json"]:
            wanted.refer(lake, Artifact("ingest", "f00d"))

    monkeypatch.setattr(Lake, "delete", comes_then)
    if when == "before":
        wanted.refer(lake, Artifact("ingest", "f00d"))
    if when == "made anew":
        time.sleep(1.1)  # the store's clock has seconds
        lake.put(f"{part.at}.parquet", lake.get(f"{part.at}.parquet"))
    assert [item.name for item in collect(lake, found, POLICY, now=LATER)] == [root(run)]
    assert lake.exists(f"{part.at}.parquet")


def test_each_recipe_keeps_its_own_newest_runs(ingested, lake):
    ingested("one", "first")
    ingested("two", "second", **{"sources.0.lang": "zh"})
    assert find_garbage(lake, POLICY, now=LATER) == []


def test_each_day_laid_over_a_recipe_keeps_its_own_newest_runs(ingested, lake):
    for day in ("2026-11-01", "2026-11-02"):
        run = ingested(day, **{"sources.0.lang": "en" if day.endswith("1") else "zh"})
        written = lake.get_json(f"runs/{day}/run.json")
        lake.put_json(f"runs/{day}/run.json", {**written, "overrides": {"sources.notes.dates": [day]}})
    assert find_garbage(lake, POLICY, now=LATER) == []
    ingested("again", **{"sources.0.lang": "ja"})
    written = lake.get_json("runs/again/run.json")
    lake.put_json("runs/again/run.json", {**written, "overrides": {"sources.notes.dates": ["2026-11-02"]}})
    assert names(find_garbage(lake, POLICY, now=LATER)) == [root(run)], "the older run of its own day alone"


def test_what_the_asset_corpus_names_stays_until_the_same_is_published_anew(ingested, lake):
    old = ingested("one")
    lake.put_json(published_key("one", "corpus"), {})
    ingested("two", **{"sources.0.lang": "zh"})
    assert find_garbage(lake, POLICY, now=LATER) == []
    lake.put_json(published_key("two", "corpus"), {})
    assert names(find_garbage(lake, POLICY, now=LATER)) == [root(old)]


def test_a_run_that_was_taken_over_takes_no_place(ingested, lake):
    old = ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    take_over(lake, "one", "evaluation")
    lake.put_json(ended_key("evaluation"), {"state": "success"})
    assert names(find_garbage(lake, POLICY, now=LATER)) == [root(old)]


def test_a_pinned_run_keeps_what_it_planned(ingested, lake):
    old = ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    pin(lake, "one")
    assert find_garbage(lake, POLICY, now=LATER) == []
    unpin(lake, "one")
    assert names(find_garbage(lake, POLICY, now=LATER)) == [root(old)]
    with pytest.raises(StageError, match="none: no such run"):
        pin(lake, "none")


def test_pinned_runs_are_seen_from_the_terminal(ingested, lake, monkeypatch):
    ingested("one")
    ingested("two")
    lake.put("runs/stray/progress/clean.json", b"{}")

    told = terminal(lake, monkeypatch)

    def runs() -> list[str]:
        return [line.split("│")[-2].strip() for line in told("artifacts", "--runs").splitlines() if "│" in line]

    told("pin", "one")
    assert runs() == ["pinned", ""]
    told("unpin", "one")
    assert runs() == ["", ""]


def test_a_collection_reads_a_run_once_however_much_it_deletes(ingested, lake, monkeypatch):
    for number, lang in enumerate(("en", "zh", "ja", "ko")):
        ingested(f"run-{number}", **{"sources.0.lang": lang})
    found, read = find_garbage(lake, POLICY, now=LATER), []
    find_json = Lake.find_json
    monkeypatch.setattr(Lake, "find_json", lambda self, key: read.append(key) or find_json(self, key))
    assert len(names(collect(lake, found, POLICY, now=LATER))) == 3
    assert sorted(read) == [f"runs/run-{number}/run.json" for number in range(4)]


def test_nothing_goes_within_the_grace_time(ingested, lake):
    ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    assert find_garbage(lake, POLICY) == []


def test_a_run_that_still_writes_progress_keeps_what_it_uses(ingested, lake):
    old = ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    short = Policy(keep_runs=1, grace=timedelta(0))
    assert names(find_garbage(lake, short)) == [root(old)]
    time.sleep(1.1)  # the store's clock has seconds
    lake.put("runs/one/progress/train.json", b"{}")
    (progress,) = lake.objects("runs/one/progress/")
    grace = Policy(keep_runs=1, grace=timedelta(days=1))
    assert find_garbage(lake, grace, now=progress.modified + timedelta(days=1, seconds=-0.5)) == []
    assert names(find_garbage(lake, grace, now=progress.modified + timedelta(days=1))) == [root(old)]


def test_a_run_that_has_not_ended_keeps_what_it_uses_whatever_the_policy_says(ingested, lake):
    live = ingested("one")
    lake.delete([ended_key("one")])
    for number, lang in enumerate(("zh", "ja")):
        ingested(f"newer-{number}", **{"sources.0.lang": lang})
    nothing_stays = Policy(keep_runs=1, grace=timedelta(0))
    found = find_garbage(lake, nothing_stays, now=LATER)
    assert len(names(found)) == 1 and root(live) not in names(found)
    assert names(collect(lake, found, nothing_stays, now=LATER)) == names(found)
    manifest = make_artifact(
        live.planned("clean"), make_context(live.recipe, live.planned("clean"), lake), serially
    )  # it goes on
    assert manifest.rows == 1
    lake.put_json(ended_key("one"), {"state": "failed"})
    assert names(find_garbage(lake, nothing_stays, now=LATER)) == [root(live), root(live, "clean")]


def test_two_collections_at_a_time_do_no_more_than_one(ingested, lake):
    old = [ingested(f"old-{lang}", **{"sources.0.lang": lang}) for lang in ("zh", "ja", "ko")]
    live = ingested("live", **{"sources.0.lang": "de"})
    lake.delete([ended_key("live")])
    new = ingested("new")
    found = find_garbage(lake, POLICY, now=LATER)
    assert names(found) == sorted(root(run) for run in old)
    with ThreadPoolExecutor(2) as threads:
        both = threads.map(lambda _: names(collect(lake, found, POLICY, now=LATER)), range(2))
    assert set().union(*both) == {root(run) for run in old}
    assert not any(lake.objects(root(run)) for run in old)
    for run in (live, new):
        manifest = run.planned("ingest").artifact.manifest(lake)
        assert verify(lake, manifest).damages == ()
    assert find_garbage(lake, POLICY, now=LATER) == []


def test_a_collection_that_found_what_a_run_makes_anew_meanwhile_leaves_it(ingested, lake):
    old = ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    late = find_garbage(lake, POLICY, now=LATER)
    assert names(collect(lake, late, POLICY, now=LATER)) == [root(old)]
    again = ingested("three")
    ingested("four", **{"sources.0.lang": "ja"})
    lake.delete([ended_key("three")])
    assert root(again) == root(old) and list(collect(lake, late, POLICY, now=LATER)) == []
    assert again.planned("ingest").artifact.manifest(lake)


@pytest.mark.parametrize("when", ["before", "at work"])
def test_an_input_that_was_collected_is_told_as_what_it_is(ingested, lake, when):
    run = ingested("one")
    planned, gone = run.planned("clean"), root(run)
    context = make_context(run.recipe, planned, lake)

    def meanwhile(context, index, shards):
        lake.delete([item.key for folder in (gone, SHARED) for item in lake.objects(folder)])
        yield from serially(context, index, shards)

    with pytest.raises(StageError) as told:
        if when == "before":
            lake.delete([item.key for item in lake.objects(gone)])
            make_context(run.recipe, planned, lake)
        make_artifact(planned, context, meanwhile)
    assert str(told.value) == (
        f"clean needs {gone.rstrip('/')}: an input is missing (start the run again: it makes what it lacks)"
    )


def test_a_pin_keeps_its_artifact_whatever_becomes_of_the_run(ingested, lake):
    old = ingested("one")
    ingested("two", pins={"ingest": old.planned("ingest").fingerprint}, **{"sources.0.lang": "zh"})
    ingested("three", **{"sources.0.lang": "ja"})
    assert find_garbage(lake, POLICY, now=LATER) == []


def test_what_a_new_run_wants_is_left_though_it_was_found(ingested, lake):
    old = ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    found = find_garbage(lake, POLICY, now=LATER)
    again = ingested("three")
    assert root(again) == root(old) and names(found) == [root(old)]
    assert list(collect(lake, found, POLICY, now=LATER)) == []
    assert again.planned("ingest").artifact.manifest(lake)


def test_what_a_run_wants_that_comes_in_the_middle_is_left(ingested, lake):
    old = [ingested("one"), ingested("two", **{"sources.0.lang": "zh"})]
    ingested("three", **{"sources.0.lang": "ja"})
    found = find_garbage(lake, POLICY, now=LATER)
    collection = collect(lake, found, POLICY, now=LATER)
    first = next(collection).name
    left = next(run for run in old if root(run) != first)
    ingested("four", **left.overrides)
    assert names(collection) == []
    assert left.planned("ingest").artifact.manifest(lake)


def test_a_collection_that_is_killed_leaves_no_record_of_a_part_that_is_gone(ingested, lake, monkeypatch):
    old = ingested("one")
    before = old.planned("ingest").artifact.manifest(lake)
    ingested("two", **{"sources.0.lang": "zh"})
    found = find_garbage(lake, POLICY, now=LATER)
    delete, calls = Lake.delete, []

    def killed(self, keys):
        calls.append(keys)
        if len(calls) == 3:
            delete(self, keys[:1])
            raise KeyboardInterrupt
        delete(self, keys)

    monkeypatch.setattr(Lake, "delete", killed)
    with pytest.raises(KeyboardInterrupt):
        list(collect(lake, found, POLICY, now=LATER))
    monkeypatch.setattr(Lake, "delete", delete)
    assert old.planned("ingest").artifact.manifest(lake) is None
    assert ingested("three").planned("ingest").artifact.manifest(lake).digest == before.digest


def test_uploads_that_nobody_finished_are_found_and_aborted(lake):
    lake.put("keep", b"x")
    begun = lake._control.create_multipart_upload(Bucket=lake.bucket, Key=lake._key("train/f/big"))
    assert stale_uploads(lake, timedelta(days=7)) == []
    (stale,) = stale_uploads(lake, timedelta(days=7), now=LATER)
    assert (stale.key, stale.id) == ("train/f/big", begun["UploadId"])
    lake.abort(stale)
    lake.abort(stale)
    assert lake.uploads() == []


def test_how_old_something_is_is_told_by_the_store_s_clock(ingested, lake, monkeypatch):
    ingested("one")
    ingested("two", **{"sources.0.lang": "zh"})
    lake._control.create_multipart_upload(Bucket=lake.bucket, Key=lake._key("train/f/big"))
    for module in (garbage, uploads):
        monkeypatch.setattr(module, "datetime", _Ahead, raising=False)
    assert find_garbage(lake, POLICY) == [] == stale_uploads(lake, timedelta(days=7))


class _Ahead(datetime):
    """The clock of a machine that is a month ahead."""

    @classmethod
    def now(cls, tz=None):
        return LATER
