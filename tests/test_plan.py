"""The plan is known before anything runs, and says why."""

from datetime import UTC, datetime

import pytest

from smelt.errors import RecipeError, StageError
from smelt.gates.approval import Approval, record_approval
from smelt.gates.run import run_gate
from smelt.plan import built_anew, remember
from smelt.recipe import parse_recipe
from smelt.recipe.gates import GatesConfig
from smelt.recipe.graph import stages
from tests.chain import make_through, plan_of

STAGES = stages(1)


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


def test_a_change_of_the_last_phase_leaves_the_phases_before_it(raw, lake):
    more = {"sequence_length": 64, "global_batch_size": 8}
    phases = [*raw["phases"], {"name": "long", "tokens": 50_000, **more}, {"name": "anneal", "tokens": 50_000, **more}]
    remember(before := plan_of(_recipe(raw, phases=phases), lake), lake)

    def changed(**fields):
        after = plan_of(_recipe(raw, phases=[*phases[:2], {**phases[2], **fields}]), lake)
        new = [item for item in after.stages if item.fingerprint != before.planned(item.stage).fingerprint]
        return [item.title for item in new], new[0].reason

    rest = ["export", "evaluate", "report"]
    assert changed(learning_rate=1e-4) == (
        ["train-3 (anneal)", *rest],
        "changed: phases[2].learning_rate 0.001 → 0.0001",
    )
    assert changed(tokens=60_000)[0] == ["blocks-3 (anneal)", "train-3 (anneal)", *rest]
    fewer = plan_of(_recipe(raw, phases=phases[:2]), lake)
    assert [item.stage for item in fewer.stages if "-" in item.stage] == ["blocks-1", "train-1", "blocks-2", "train-2"]
    assert fewer.planned("train") == fewer.planned("train-2")
    assert fewer.planned("train").fingerprint == before.planned("train-2").fingerprint
    assert fewer.planned("export").inputs["train"] == fewer.planned("train-2").fingerprint
    with pytest.raises(StageError, match="no stage 'train-3' in the plan of small"):
        fewer.planned("train-3")


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


def test_a_stage_that_is_forced_gets_a_successor_and_leaves_the_old_artifact(raw, lake):
    recipe = _recipe(raw)
    made = make_through(recipe, lake, "ingest")
    digest = plan_of(recipe, lake).planned("ingest").inputs["listing"]
    forced = built_anew(recipe, ["ingest"], lake, listing_digest=digest)
    assert forced.rebuild == {"ingest": 1}
    before, after = plan_of(recipe, lake), plan_of(forced, lake)
    changed = [item.stage for item in after.stages if item.fingerprint != before.planned(item.stage).fingerprint]
    assert changed == [stage.name for stage in STAGES if stage.name != "fetch"], "and what follows is built on it"
    assert made["ingest"].artifact.manifest(lake) == made["ingest"]
    again = make_through(forced, lake, "ingest")["ingest"]
    assert again.fingerprint != made["ingest"].fingerprint and again.digest == made["ingest"].digest
    assert built_anew(forced, ["ingest"], lake, listing_digest=digest).rebuild == {"ingest": 2}
    assert built_anew(forced, ["clean"], lake, listing_digest=digest) == forced, (
        "clean is not made yet: nothing to force"
    )


def test_what_cannot_be_forced_is_told_in_one_line(raw, lake):
    with pytest.raises(RecipeError, match="force: no stage 'cleen'"):
        built_anew(_recipe(raw), ["cleen"], lake, listing_digest="d")
    with pytest.raises(RecipeError, match=r"force: clean: the stage is pinned \(remove pins.clean\)"):
        built_anew(_recipe(raw, pins={"clean": "ab" * 10}), ["clean"], lake, listing_digest="d")


def test_an_approved_gate_counts_as_passed_under_its_own_tolerances_only(raw, lake):
    strict = _recipe(raw, gates={"ingest": {"min_documents": 5}})
    made = make_through(strict, lake, "ingest")
    result = run_gate(lake, made["ingest"], {"fetch": made["fetch"]}, strict.gates)
    assert plan_of(strict, lake).planned("ingest").reason == "gate failed"

    def decide(decision):
        approval = Approval(
            decision=decision, by="<ada>", when=datetime(2026, 1, 1, tzinfo=UTC), run="r1", expectations=result.failures
        )
        record_approval(lake, result, approval)

    decide("rejected")
    assert not plan_of(strict, lake).planned("ingest").cached
    decide("approved")
    assert plan_of(strict, lake).planned("ingest").cached
    page = lake.get(result.docs).decode()
    assert "Approved by &lt;ada&gt; on 2026-01-01 00:00 UTC, in run r1" in page and "ejected by" not in page
    stricter = _recipe(raw, gates={"ingest": {"min_documents": 6}})
    assert plan_of(stricter, lake).planned("ingest").reason == "gate to do"


def test_a_pinned_stage_is_cached_and_not_settled_while_what_it_comes_from_is_to_do(raw, lake):
    made = make_through(_recipe(raw), lake, "score")
    for manifest in made.values():
        run_gate(lake, manifest, made, GatesConfig())
    assert plan_of(_recipe(raw), lake).settled == list(made)
    plan = plan_of(_recipe(raw, rebuild={"clean": 1}, pins={"score": made["score"].fingerprint}), lake)
    assert plan.planned("score").cached and "clean" in plan.to_do
    assert plan.settled == ["fetch", "ingest"]
