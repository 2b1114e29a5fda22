"""The plan is known before anything runs, and says why."""

import pytest

from smelt.gates.run import run_gate
from smelt.plan import remember
from smelt.recipe import parse_recipe
from smelt.recipe.graph import STAGES
from tests.chain import make_through, plan_of


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "note.txt").write_text("一个普通的文件。\n" * 30, encoding="utf-8")
    return {
        "name": "small",
        "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"], "lang": "zh"}],
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }


def _recipe(raw, **changes):
    return parse_recipe({**raw, **changes}, where="small")


def test_everything_is_to_do_in_an_empty_lake(raw, lake):
    plan = plan_of(_recipe(raw), lake)
    assert plan.to_do == [stage.name for stage in STAGES]
    assert {item.reason for item in plan.stages} == {"first run"}


def test_a_changed_field_is_named_and_only_what_follows_is_to_do_again(raw, lake):
    before = plan_of(_recipe(raw), lake)
    remember(before, lake)
    after = plan_of(_recipe(raw, dedup={"exact": False}), lake)
    changed = [item.stage for item in after.stages if item.fingerprint != before.planned(item.stage).fingerprint]
    assert changed == [
        stage.name
        for stage in STAGES
        if stage.name not in {"fetch", "ingest", "clean", "classifiers", "score", "select"}
    ]
    assert after.planned("dedup").reason == "changed: exact true → false"
    assert after.planned("tokenizer").reason == "changed: input dedup, input decontaminate"


def test_a_changed_file_is_an_input_that_changed(raw, lake, tmp_path):
    remember(plan_of(_recipe(raw), lake), lake)
    (tmp_path / "more.txt").write_text("又一个文件。\n" * 30, encoding="utf-8")
    assert plan_of(_recipe(raw), lake).planned("ingest").reason == "changed: input listing"


def test_cached_means_made_and_passed_by_the_gate_that_is_asked_for(raw, lake):
    recipe = _recipe(raw)
    made = make_through(recipe, lake, "ingest")
    assert plan_of(recipe, lake).planned("ingest").reason == "gate to do"
    assert run_gate(lake, made["ingest"], {"fetch": made["fetch"]}, recipe.gates).success
    assert plan_of(recipe, lake).planned("ingest").cached
    stricter = _recipe(raw, gates={"ingest": {"min_documents": 5}})
    planned = plan_of(stricter, lake).planned("ingest")
    assert (planned.fingerprint, planned.reason) == (made["ingest"].fingerprint, "gate to do")
    assert not run_gate(lake, made["ingest"], {"fetch": made["fetch"]}, stricter.gates).success
    assert plan_of(stricter, lake).planned("ingest").reason == "gate failed"


def test_a_pin_is_kept_and_its_drift_is_shown(raw, lake):
    derived = plan_of(_recipe(raw), lake).planned("ingest").fingerprint
    planned = plan_of(_recipe(raw, pins={"ingest": "ab" * 10}), lake).planned("ingest")
    assert (planned.fingerprint, planned.drift) == ("ab" * 10, derived)
