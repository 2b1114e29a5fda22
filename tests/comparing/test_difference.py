"""What two runs differ in, from what the lake holds of them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from smelt.comparing.difference import OTHER_TOKENIZERS, difference
from smelt.errors import StageError
from smelt.lake import Lake, Manifest, held
from smelt.recipe import parse_recipe
from smelt.run import Run, run_key
from tests.chain import plan_of
from tests.evaluation.artifacts import commit, whole_run

PHASES = [
    {"name": name, "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8} for name in ("main", "anneal")
]


def written(lake: Lake, folder: Path, run_id: str, made: Mapping[str, Manifest], **changed: Any) -> None:
    """A run whose stages are these artifacts."""
    (folder / "a.txt").write_text("some text\n")
    sources = [{"name": "notes", "kind": "files", "paths": [f"{folder}/*.txt"], "lang": "en"}]
    raw = {"name": run_id, "sources": sources, "model": {"preset": "tiny"}, "phases": PHASES, **changed}
    recipe = parse_recipe(raw, where=run_id)
    plan = plan_of(recipe, lake)
    own = tuple(
        one.model_copy(update={"fingerprint": made[one.stage].fingerprint}) if one.stage in made else one
        for one in plan.stages
    )
    now = datetime.now(UTC).isoformat()
    plan = plan.model_copy(update={"stages": own})
    run = Run(id=run_id, recipe_path=run_id, overrides={}, recipe=recipe, plan=plan, created=now)
    lake.put(run_key(run_id), run.model_dump_json().encode())


def evaluated(lake: Lake, before: Manifest) -> Manifest:
    """The same evaluation, but for the last checkpoint: losses are lower, four items more are right."""
    last = held.read_json(lake, before, before.parts[-1], "/evaluation.json")
    last["heldout"]["loss"] -= 0.5
    score = last["benchmarks"]["questions"]["completion"]
    score["right"], score["accuracy"] = "1" * 20, 1.0
    return commit(
        lake,
        "evaluate",
        {before.parts[-1].name: ({"/evaluation.json": json.dumps(last).encode()}, 1, {})},
        round="checkpoints",
        config=before.config,
    )


def test_recipes_artifacts_and_scores_are_set_side_by_side(lake: Lake, tmp_path: Path) -> None:
    made, _ = whole_run(lake)
    written(lake, tmp_path, "one", made)
    assert difference(lake, "one", "one")["recipe"] == {}
    assert difference(lake, "one", "one")["artifacts"] == {}
    better = {**made, "evaluate": evaluated(lake, made["evaluate"])}
    written(lake, tmp_path, "two", better, select={"groups": [{"presets": ["any"]}]}, seed=7)
    found = difference(lake, "one", "two")
    assert found["recipe"]["seed"] == (1234, 7)
    assert any(path.startswith("select.groups") for path in found["recipe"])
    assert found["artifacts"]["evaluate"] == (made["evaluate"].fingerprint, better["evaluate"].fingerprint)
    assert "select" not in found["artifacts"], "its artifact was given to both"
    one, two = found["heldout"]["all loss"]
    assert two == pytest.approx(one - 0.5)
    assert {"zh bits_per_byte", "zh/books perplexity", "general loss"} <= set(found["heldout"])
    score = found["benchmarks"]["questions completion"]
    assert (score["gained"], score["lost"]) == (0, 0), "all twenty were right"
    assert score["bits"] == {"difference": 0.0, "low": 0.0, "high": 0.0}
    assert found["probes"]["documents: 软件 → 包"] == (0.8, 0.8)
    assert found["refused"] == ""
    assert found["dropped"] == {} == found["mixture"]


def test_perplexity_is_refused_across_tokenizers(lake: Lake, tmp_path: Path) -> None:
    made, _ = whole_run(lake)
    tokenizer = commit(lake, "tokenizer", {"tokenizer": ({"/tokenizer.json": b"{ }"}, 1, {})})
    written(lake, tmp_path, "one", made)
    written(lake, tmp_path, "two", {**made, "tokenizer": tokenizer})
    found = difference(lake, "one", "two")
    assert found["refused"] == OTHER_TOKENIZERS
    assert found["heldout"] and all(name.endswith("bits_per_byte") for name in found["heldout"])
    assert found["training"] == {}


def test_what_is_not_made_yet_is_left_out_and_no_run_is_one_line(lake: Lake, tmp_path: Path) -> None:
    made, _ = whole_run(lake)
    written(lake, tmp_path, "one", made)
    written(lake, tmp_path, "two", {"tokenizer": made["tokenizer"]})
    found = difference(lake, "one", "two")
    assert found["heldout"] == {} and found["benchmarks"] == {} and found["documents"]
    with pytest.raises(StageError, match="no such run"):
        difference(lake, "one", "three")
