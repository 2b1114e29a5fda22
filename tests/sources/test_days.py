"""Recipes that read the days of a corpus: what their runs made is taken as it is, and what is not there is said."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from dags.corpus import DATA
from smelt import takedown
from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import RecipeError
from smelt.experiments.config import Experiment
from smelt.experiments.plan import make_plan
from smelt.explaining.story import tell
from smelt.gates.run import run_gate
from smelt.lake import Lake, Manifest
from smelt.maintenance.garbage import Policy, collect, find_garbage
from smelt.maintenance.verify import verify
from smelt.run import Run, create_run, ended_key, published_key
from tests.chain import RECIPE
from tests.tasks.corpus import weak
from tests.tasks.refinery import columns
from tests.tasks.texts import english
from tests.terminal import terminal
from tests.training.artifacts import byte_tokenizer

FIRST, SECOND, EMPTY = "2026-11-01", "2026-11-02", "2026-11-04"
STAGES = [stage.name for stage in DATA]
SEEDS = {"kind": "grid", "axes": {"seed": [1, 2]}}
LATER = datetime.now(UTC) + timedelta(days=30)
SAME = "<p>A notice that the site shows on each of its days, in the same words, and nobody reads it again.</p>" * 3


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """Texts of three days, of which one holds nothing, and a book that is read again with each."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "book.txt").write_text("A book that lies beside the crawl, and is read on each day again.\n" * 5)
    for day in (FIRST, SECOND):
        (folder / day).mkdir()
        (folder / day / "a.html").write_text(f"<p>What the crawl brought on {day}, in words to keep.</p>" * 5)
        (folder / day / "notice.html").write_text(SAME)
    (folder / EMPTY).mkdir()
    (folder / EMPTY / "a.jsonl").write_text("\n")
    return folder


@pytest.fixture(scope="module")
def refined(s3_settings) -> Lake:
    """A lake for all tests of this module: what one has made of a day, no other makes again."""
    url = f"s3://smelt/{uuid.uuid4().hex[:12]}"
    return Lake(replace(s3_settings, lake=url))


@dataclass(frozen=True)
class Corpus:
    """A recipe of days, of a test's own."""

    lake: Lake
    file: Path
    name: str

    def make(self, day: str, again: str = "", **overrides: Any) -> Run:
        """What a run of the DAG `corpus` does for a day."""
        run = self.begin(day, again, **overrides)
        for name in STAGES:
            made(run, name, self.lake)
        self.publish(run)
        return run

    def begin(self, day: str, again: str = "", **overrides: Any) -> Run:
        least = {f"gates.{stage}.min_documents": 0 for stage in ("ingest", "select")}
        laid = {**least, **overrides, "sources.crawl.dates": [day]}
        return create_run(self.file, laid, f"{self.name}-{day}{again}", self.lake.settings)

    def publish(self, run: Run) -> None:
        self.lake.put_json(published_key(run.id, "corpus"), {})
        self.lake.put_json(ended_key(run.id), {"state": "success"})

    def write(self, **sections: Any) -> None:
        self.file.write_text(yaml.safe_dump(yaml.safe_load(self.file.read_text()) | sections))

    def reader(self, dates: list[str], **sections: Any) -> Path:
        """A recipe that takes these days."""
        raw = yaml.safe_load(self.file.read_text())
        source = {"name": "days", "kind": "corpus", "recipe": str(self.file), "dates": dates}
        own = {"name": f"reads-{self.name}", "sources": [source], "model": raw["model"], "phases": raw["phases"]}
        own["tokenizer"] = {"train": {"vocab_size": 300}}
        file = self.file.with_name("reads.yaml")
        file.write_text(yaml.safe_dump(own | sections))
        return file

    def read(self, dates: list[str], run_id: str = "reads", **sections: Any) -> Run:
        return create_run(self.reader(dates, **sections), {}, f"{self.name}-{run_id}", self.lake.settings)

    def refused(self, dates: list[str], **sections: Any) -> str:
        with pytest.raises(RecipeError) as told:
            self.read(dates, "refused", **sections)
        assert "\n" not in str(told.value)
        return str(told.value)


@pytest.fixture
def corpus(refined, library, tmp_path, request) -> Corpus:
    name = f"days-{uuid.uuid4().hex[:6]}"
    raw = yaml.safe_load(RECIPE.format(name=name, folder=library))
    book = {**raw["sources"][0], "name": "book"}
    crawl = {"name": "crawl", "kind": "crawl", "paths": [f"{library}/{{date}}/*"], "dates": ["2026-01-01"]}
    file = tmp_path / "days.yaml"
    file.write_text(yaml.safe_dump(raw | {"sources": [book, crawl], "select": {"groups": []}}))
    return Corpus(refined, file, name)


def never(context, index, shards) -> Iterator[Any]:
    raise AssertionError("worked though the days have made it")
    yield


def backwards(context, index, shards):
    """A mapper whose workers end in another order."""
    return iter(list(serially(context, index, shards[::-1])))


def made(run: Run, name: str, lake: Lake, mapper=serially) -> Manifest:
    planned = run.planned(name)
    return make_artifact(planned, make_context(run.recipe, planned, lake), mapper)


def gated(run: Run, name: str, lake: Lake) -> bool:
    """Whether the gate of what is made passes."""
    planned = run.planned(name)
    context = make_context(run.recipe, planned, lake)
    return run_gate(lake, planned.artifact.manifest(lake), context.inputs, run.recipe.gates).success


def test_days_are_taken_as_they_were_made_and_are_what_one_run_over_all_would_make(corpus, refined):
    days = [corpus.make(day) for day in (FIRST, SECOND, EMPTY)]
    run = corpus.read([f"{FIRST}.."])
    assert f"3 days, {FIRST} to {EMPTY}, as the runs of {corpus.name} have made them" in run.plan.notes[0]
    assert run.plan.notes[1].endswith("no run has made 2026-11-03")
    found = {name: made(run, name, refined, never) for name in STAGES}
    assert [verify(refined, manifest).damages for manifest in found.values()] == [()] * len(STAGES)
    assert all(gated(run, name, refined) for name in STAGES)
    whole = create_run(
        corpus.file, {"sources.crawl.dates": [f"{FIRST}..{EMPTY}"]}, f"{corpus.name}-all", refined.settings
    )
    for name in STAGES[:-2]:  # each day was deduplicated by itself
        direct = made(whole, name, refined)
        assert (direct.digest, direct.stats) == (found[name].digest, found[name].stats), name
    kept = [manifest.stats["documents"] for manifest in (found["select"], found["dedup"])]
    assert kept == [5, 5] and sum(day.planned("dedup").artifact.manifest(refined).rows for day in days) == 7

    own = corpus.read([f"{FIRST}.."], "own", dedup={})
    assert [name for name in STAGES if not own.planned(name).days] == ["dedup", "decontaminate"]
    assert "dedup, decontaminate decide anew, over all days" in own.plan.notes[1]
    digests = {}
    for mapper in (serially, backwards):
        again = (
            own
            if mapper is serially
            else corpus.read([f"{FIRST}.."], "again", dedup={}, rebuild={"dedup": 1, "tokenizer": 1})
        )
        digests[mapper] = [made(again, name, refined, mapper).digest for name in (*STAGES, "tokenizer", "tokens")]
    assert digests[serially] == digests[backwards]
    assert made(own, "decontaminate", refined).stats["documents"] == 4, "the notice once"
    for name in ("dedup", "decontaminate"):
        assert made(whole, name, refined).digest == made(own, name, refined).digest, name


def test_a_day_more_or_made_again_is_said_and_costs_its_own_parts(corpus, refined):
    corpus.make(FIRST)
    before = corpus.read([f"{FIRST}.."], "before")
    for name in STAGES:
        made(before, name, refined, never)
    corpus.make(SECOND)
    after = corpus.read([f"{FIRST}.."], "after")
    assert f"input day {SECOND}" in after.planned("clean").reason
    parts = [made(run, name, refined, never).parts for name in STAGES[:3] for run in (before, after)]
    assert [part.at for part in parts[4]] == [part.at for part in parts[5]][: len(parts[4])]
    kept = corpus.file.with_name("branch.yaml")  # as `smelt branch` writes the recipe of a run
    kept.write_text(yaml.safe_dump({**before.recipe.model_dump(mode="json"), "name": "branch"}))
    branch = create_run(kept, {}, f"{corpus.name}-branch", refined.settings)
    for name in (*STAGES, "tokens"):
        assert branch.planned(name).fingerprint == before.planned(name).fingerprint, "its days are those of its trunk"
    remade = corpus.make(SECOND, "-b", **{"rebuild": {"clean": 1}})
    third = corpus.read([f"{FIRST}.."], "third")
    assert third.planned("ingest").fingerprint == after.planned("ingest").fingerprint
    assert third.planned("clean").reason == f"changed: input day {SECOND}"
    assert third.planned("clean").days[SECOND] == remade.planned("clean").fingerprint
    assert corpus.read([FIRST], "fixed").planned("clean").fingerprint == before.planned("clean").fingerprint


def test_tokens_that_were_made_of_a_day_are_those_of_a_recipe_that_reads_it(corpus, refined, tmp_path):
    (tmp_path / "tokenizer.json").write_text(byte_tokenizer().to_str())
    one = {"path": f"{tmp_path}/tokenizer.json"}
    corpus.write(tokenizer=one)
    of_days = []
    for day in (corpus.make(FIRST), corpus.make(SECOND)):
        made(day, "tokenizer", refined)
        of_days += made(day, "tokens", refined).parts
    run = corpus.read([f"{FIRST}.."], tokenizer=one)
    for name in (*STAGES, "tokenizer"):
        made(run, name, refined)
    there = {part.at for part in of_days}
    assert [part.at in there for part in made(run, "tokens", refined).parts] == [True] * 3
    assert len(there) == 3, "the book's tokens are those of each day"


def test_what_the_days_have_not_decided_is_decided_anew(corpus, refined):
    corpus.make(FIRST)
    takedown.block(refined, ["https://example.org/"], "asked for")
    try:
        blocked = corpus.read([FIRST], "blocked")
    finally:
        takedown.unblock(refined, ["https://example.org/"])
    assert [name for name in STAGES if not blocked.planned(name).days] == ["select", "dedup", "decontaminate"]
    assert "select, dedup, decontaminate decide anew, over all days" in blocked.plan.notes[1]


def test_what_is_no_crawls_comes_once_though_it_has_changed(corpus, refined, library):
    corpus.make(FIRST)
    book = library / "book.txt"
    text = book.read_text()
    try:
        book.write_text(f"{text}A second edition, which came after the first day.\n")
        corpus.make(SECOND)
    finally:
        book.write_text(text)
    clean = [made(corpus.read([f"{FIRST}.."]), name, refined, never) for name in STAGES[:3]][-1]
    found = [row for row in columns(refined, clean, ["text", "source"]) if row["source"] == "book"]
    assert [row["text"].rstrip() for row in found] == [text.rstrip()]


def test_what_is_not_there_is_one_line(corpus, refined):
    corpus.make(FIRST)
    where = "sources.days.dates"
    assert f"{where}: 2026-11-03: no run of {corpus.name} has made the day (back-fill" in corpus.refused(["2026-11-03"])
    assert f"{where}: no run of {corpus.name} has made any of these" in corpus.refused(["2027-01-01.."])
    run = corpus.begin(SECOND, **{"gates.ingest.min_documents": 9})
    for name in STAGES[:2]:
        made(run, name, refined)
        gated(run, name, refined)
    assert f"{SECOND}: its run {run.id} stands at ingest (gate failed)" in corpus.refused([FIRST, SECOND])
    notes = corpus.read([f"{FIRST}.."], "open").plan.notes
    assert any(f"left out, being unfinished: {SECOND} (its run {run.id} stands at ingest" in note for note in notes)
    assert "both open at the end" in corpus.refused([f"{FIRST}..", "2026-11-05.."])
    assert "is no day" in corpus.refused(["monday.."])
    assert "reads.yaml: clean: is the corpus's" in corpus.refused([FIRST], clean={})
    for override, told in (
        ({"sources.days.dates": ["2026-11-03"]}, f"{where}: 2026-11-03: no run of"),
        ({"phases.main.tokens": "many"}, "^override phases.main.tokens: "),
    ):
        with pytest.raises(RecipeError, match=told):
            create_run(corpus.reader([FIRST]), override, "laid", refined.settings)
    source = yaml.safe_load(corpus.reader([FIRST]).read_text())["sources"][0]
    assert "stands alone" in corpus.refused([FIRST], sources=[source, {**source, "name": "more"}])
    own = {**source, "recipe": str(corpus.reader([FIRST]))}
    assert "has no source of kind crawl" in corpus.refused([FIRST], sources=[own])
    with pytest.raises(RecipeError, match="force: clean: is taken as the days' runs have made it"):
        create_run(corpus.reader([FIRST]), {}, "forced", refined.settings, force=["clean"])
    experiment = Experiment.model_validate(
        {"name": "e", "recipe": str(corpus.reader([f"{FIRST}.."])), "cells": [SEEDS], "budget_flops": 1e18}
    )
    with pytest.raises(RecipeError, match="open at the end, and runs must read the same days"):
        make_plan(experiment, "e.yaml")
    corpus.write(clean={"edits": {"width": False}})
    assert f"{FIRST}: clean was made under another config or version" in corpus.refused([FIRST])


def test_days_whose_classifiers_differ_are_not_mixed_until_one_set_is_pinned(corpus, refined, tmp_path):
    def rows(text: str) -> str:
        return "".join(json.dumps({"text": f"{text} {english(row)}"}) + "\n" for row in range(30))

    (tmp_path / "book.jsonl").write_text(rows("A sober line."))
    for day in (FIRST, SECOND):
        (tmp_path / f"{day}.jsonl").write_text(rows(f"SALE of {day}!!! Buy now >>>"))
    book = {"name": "book", "kind": "files", "paths": [f"{tmp_path}/book.jsonl"]}
    crawl = {"name": "crawl", "kind": "crawl", "paths": [f"{tmp_path}/{{date}}.jsonl"], "dates": [FIRST]}
    learnt = weak(weak={"positive": ["book"], "negative": ["crawl"], "per_class": 20})
    scores = {"models": [{"model": "quality", "column": "score_quality"}]}
    corpus.write(sources=[book, crawl], classifiers=[learnt], score=scores)
    runs = [corpus.make(day) for day in (FIRST, SECOND)]
    parts = [made(run, "ingest", refined).parts[0] for run in runs]
    assert parts[0] == parts[1], "what is no crawl's is not read again"
    trained = runs[0].planned("classifiers")
    told = corpus.refused([FIRST, SECOND])
    assert f"{SECOND}: its classifiers are others than those of {FIRST}" in told
    assert f"pins: {{classifiers: {trained.fingerprint}}}" in told
    corpus.write(pins={"classifiers": trained.fingerprint})
    corpus.make(SECOND, "-pinned")
    run = corpus.read([FIRST, SECOND])
    found = {name: made(run, name, refined, never) for name in STAGES[:5]}
    assert found["classifiers"].digest == trained.artifact.manifest(refined).digest
    scored = [row["score_quality"] for row in columns(refined, found["score"], ["score_quality"])]
    assert len(scored) == 90 and None not in scored
    refined.delete([f"{trained.artifact.root}manifest.json"])
    assert f"{FIRST}: the artifacts of its run {runs[0].id} were deleted" in corpus.refused([FIRST, SECOND])


def test_a_collection_keeps_what_such_a_run_has_gathered(corpus, lake):
    own = Corpus(Lake(replace(lake.settings, lake=lake.url)), corpus.file, corpus.name)
    day = own.make(FIRST)
    run = own.read([FIRST])
    for again in ("-b", "-c"):
        own.make(FIRST, again, rebuild={"ingest": len(again) + ord(again[1])})
    run_ids = [day.id, run.id]
    found = find_garbage(lake, Policy(keep_runs=1), now=LATER)
    kept = {run.planned(name).artifact.root for name in STAGES} | {day.planned(name).artifact.root for name in STAGES}
    assert found and not kept & {item.name for item in found}, run_ids
    assert {item.name for item in collect(lake, found, Policy(keep_runs=1), now=LATER)}
    manifests = [made(run, name, own.lake, never) for name in STAGES]
    assert [verify(lake, manifest).damages for manifest in manifests] == [()] * len(STAGES)


def test_commands_tell_of_days_in_a_line(corpus, refined, monkeypatch):
    days = [corpus.make(day) for day in (FIRST, SECOND)]
    run = corpus.read([f"{FIRST}.."])
    ingest = [made(run, name, refined, never) for name in STAGES][1]
    told = terminal(refined, monkeypatch)
    reader = str(corpus.reader([f"{FIRST}.."]))
    said = f"sources.days: 2 days, {FIRST} to {SECOND}, as the runs of {corpus.name} have made them"
    assert said in told("plan", reader) and said in told("check", reader)
    assert f"days: days of {corpus.name} as they were made, {FIRST}.." in told("check", reader)
    lines = told("lineage", f"ingest/{ingest.fingerprint}")
    assert f"gathered from what 2 days have: {FIRST} to {SECOND}" in lines
    assert f"ingest/{days[1].planned('ingest').fingerprint}  of {SECOND}" in lines
    [row] = [row for row in columns(refined, ingest, ["id", "text", "date"]) if f"on {SECOND}" in row["text"]]
    told = told("explain", row["id"], "--recipe", reader, "--blocks")
    assert f"gathered as the run of {SECOND} made it: ingest/{days[1].planned('ingest').fingerprint}" in told
    assert tell(refined, run.plan, row["id"], with_page=True).page.blocks
