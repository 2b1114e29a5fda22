"""Days that are compared with the days before them: which, what follows when one is made again, and what a recipe that
reads them takes."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from smelt.engine.make import serially
from smelt.errors import RecipeError
from smelt.experiments.config import Experiment
from smelt.experiments.plan import make_plan
from smelt.explaining.duplicates import better_of
from smelt.lake import Lake
from smelt.maintenance.garbage import Policy, find_garbage
from smelt.maintenance.verify import verify
from smelt.plan import BEFORE, days_of
from smelt.recipe import load_recipe
from smelt.run import Run
from tests.chain import RECIPE
from tests.sources.test_days import LATER, SEEDS, STAGES, Corpus, backwards, made, never
from tests.tasks.refinery import columns
from tests.tasks.texts import english
from tests.terminal import terminal

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]
FIRST, SECOND, THIRD = DAYS
AGAINST = {"keep": "first", "verify": "signature", "against": "days"}
COLUMNS = ["id", "keep", "reason", "duplicate_of", "similarity"]


@pytest.fixture(scope="module")
def refined(s3_settings) -> Lake:
    """A lake for all tests of this module: what one has made of a day, no other reads and cleans again."""
    return Lake(replace(s3_settings, lake=f"s3://smelt/{uuid.uuid4().hex[:12]}"))


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    """A book that is read with each of three days of a crawl, which bring it, one another's texts, and new ones."""
    folder = tmp_path_factory.mktemp("crawl")
    (folder / "book.txt").write_text(english(0, 200))
    brought = [[english(1, 200), english(0, 200)], [english(2, 200), f"{english(1, 200)} once more"]]
    brought.append([f"{english(2, 200)} and again", english(3, 200), english(1, 200)])
    for day, texts in zip(DAYS, brought, strict=True):
        (folder / day).mkdir()
        for number, text in enumerate(texts):
            (folder / day / f"{number}.txt").write_text(text)
    return folder


@pytest.fixture
def corpus(refined, library, tmp_path) -> Corpus:
    name = f"earlier-{uuid.uuid4().hex[:6]}"
    raw = yaml.safe_load(RECIPE.format(name=name, folder=library))
    crawl = {"name": "crawl", "kind": "crawl", "paths": [f"{library}/{{date}}/*"], "dates": [FIRST]}
    file = tmp_path / "days.yaml"
    sources = [{**raw["sources"][0], "name": "book"}, crawl]
    file.write_text(yaml.safe_dump(raw | {"sources": sources, "select": {"groups": []}, "dedup": AGAINST}))
    return Corpus(refined, file, name)


def decided(run: Run, lake: Lake, mapper=serially) -> list[dict]:
    """What dedup decides in a run, everything above it gathered."""
    for name in STAGES[: STAGES.index("dedup")]:
        made(run, name, lake, never)
    return columns(lake, made(run, "dedup", lake, mapper), COLUMNS)


def test_days_in_order_are_taken_as_they_are_and_are_what_one_dedup_over_all_would_make(corpus, refined):
    runs = [corpus.make(day) for day in DAYS]
    notes = [[note for note in run.plan.notes if note.startswith("dedup: ")] for run in runs]
    assert notes[0] == ["dedup: there is no earlier day to compare with"]
    assert notes[2] == [f"dedup: compared with 2 earlier days, {FIRST} to {SECOND}"]
    named = [days_of(run.planned("dedup").inputs, BEFORE) for run in runs]
    assert named[2] == {day: run.planned("dedup").fingerprint for day, run in zip(DAYS[:2], runs[:2], strict=True)}
    assert [verify(refined, run.planned("dedup").artifact.manifest(refined)).damages for run in runs] == [()] * 3

    read = corpus.read([f"{FIRST}.."])
    assert [name for name in STAGES if not read.planned(name).days] == []
    taken = decided(read, refined, never)
    own = corpus.read([f"{FIRST}.."], "own", dedup={"keep": "first", "verify": "signature"})
    anew = corpus.read([f"{FIRST}.."], "anew", dedup=AGAINST)
    assert not own.planned("dedup").days and not anew.planned("dedup").days
    assert taken == decided(own, refined) == decided(anew, refined, backwards)
    assert sorted(row["reason"] or "" for row in taken) == ["", "", "", "", "exact", "exact", "minhash", "minhash"]

    later = corpus.read([f"{SECOND}.."], "later")
    assert any(f"{SECOND} was compared with {FIRST}, which is not read" in note for note in later.plan.notes)
    assert not later.planned("dedup").days and later.planned("select").days
    assert days_of(later.planned("dedup").inputs, BEFORE) == {}, "it compares the days that it reads, and no others"


def test_a_day_made_again_or_out_of_order_is_said_and_decided_anew_until_it_is_in_order(corpus, refined):
    corpus.make(FIRST)
    third = corpus.make(THIRD)
    assert f"dedup: no run has made {SECOND}" in third.plan.notes
    corpus.make(SECOND)
    whole = decided(corpus.read([f"{FIRST}.."], "whole", dedup={"keep": "first", "verify": "signature"}), refined)

    def told(run_id: str, line: str) -> None:
        run = corpus.read([f"{FIRST}.."], run_id)
        assert [name for name in STAGES if not run.planned(name).days] == ["dedup", "decontaminate"]
        assert any(f"{THIRD} {line} (back-fill it" in note for note in run.plan.notes)
        assert decided(run, refined) == whole

    told("unordered", f"was not compared with {SECOND}")
    ordered = corpus.make(THIRD, "-b")
    assert decided(corpus.read([f"{FIRST}.."], "ordered"), refined, never) == whole
    remade = corpus.make(SECOND, "-again", rebuild={"dedup": 1})
    told("remade", f"was compared with {SECOND} as it was before it was made again")
    again = corpus.begin(THIRD, "-c")
    assert days_of(again.planned("dedup").inputs, BEFORE)[SECOND] == remade.planned("dedup").fingerprint
    same = [name for name in STAGES if again.planned(name).fingerprint == ordered.planned(name).fingerprint]
    assert same == STAGES[: STAGES.index("dedup")]


def test_what_can_not_be_compared_with_is_said_and_what_is_is_kept(corpus, refined, monkeypatch):
    own = {**AGAINST, "threshold": 0.77}  # so that no other test's runs keep its artifacts
    corpus.write(dedup=own)
    first = corpus.make(FIRST)
    second = corpus.make(SECOND)
    told = terminal(refined, monkeypatch)
    lines = told("lineage", f"dedup/{second.planned('dedup').fingerprint}")
    assert f"compared with what 1 earlier days have: {FIRST} to {FIRST}" in lines
    assert f"dedup/{first.planned('dedup').fingerprint}  of {FIRST}" in lines
    files = {day: corpus.file.with_name(f"{day}.yaml") for day in (SECOND, THIRD)}
    for day, file in files.items():
        file.write_text(corpus.file.read_text().replace(FIRST, day))
    assert f"dedup: compared with 2 earlier days, {FIRST} to {SECOND}" in told("check", str(files[THIRD]))
    compared = second.planned("dedup").artifact.manifest(refined)
    places = [(part.name, number) for part in compared.parts for number in range(part.rows)]
    decisions = zip(places, columns(refined, compared, COLUMNS), strict=True)
    [(place, gone)] = [(place, row) for place, row in decisions if not row["keep"]]
    assert better_of(refined, compared, *place).fingerprint == first.planned("dedup").fingerprint
    said = told("explain", gone["id"], "--recipe", str(files[SECOND]))
    assert f"like {gone['duplicate_of']} " in said and f" of {FIRST} (kept); similarity" in said

    remade = corpus.make(FIRST, "-b", rebuild={"dedup": 1})
    garbage = {item.name for item in find_garbage(refined, Policy(keep_runs=1), now=LATER)}
    assert first.planned("decontaminate").artifact.root in garbage
    assert first.planned("dedup").artifact.root not in garbage, "the second day was compared with it"
    corpus.write(dedup={**AGAINST, "threshold": 0.8})
    other = corpus.begin(THIRD)
    line = "made by another config or version of dedup"
    assert f"dedup: not compared with {FIRST} ({line}), {SECOND} ({line})" in other.plan.notes
    refined.delete([f"{remade.planned('dedup').artifact.root}manifest.json"])
    corpus.write(dedup=own)
    notes = corpus.begin(THIRD, "-b").plan.notes
    assert f"dedup: not compared with {FIRST} (its artifacts were deleted)" in notes
    assert f"dedup: compared with 1 earlier days, {SECOND} to {SECOND}" in notes


def test_a_recipe_without_days_or_an_experiment_is_refused(corpus, library):
    experiment = Experiment.model_validate(
        {"name": "e", "recipe": str(corpus.file), "cells": [SEEDS], "budget_flops": 1e18}
    )
    with pytest.raises(RecipeError, match="against: runs must be compared with the same days"):
        make_plan(experiment, "e.yaml")
    plain = yaml.safe_load(corpus.file.read_text())
    corpus.write(sources=[plain["sources"][0]])
    with pytest.raises(RecipeError, match="against: no source is of kind crawl, which has days"):
        load_recipe(corpus.file)
