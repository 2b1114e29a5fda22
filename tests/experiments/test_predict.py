"""A prediction is written before the run is judged, once, and its report shows both."""

import json

import pytest

from evaluation.report import stage as report
from smelt.errors import StageError
from smelt.experiments import predictions, store
from smelt.experiments.outcome import ALL, outcome
from smelt.experiments.predict import predict
from smelt.lake import Artifact
from smelt.phases import with_phases
from smelt.recipe import load_recipe
from tests.chain import plan_of
from tests.evaluation.artifacts import whole_run
from tests.experiments.test_outcome import TRUTH, _points, plan

__all__ = ["plan"]
RECIPE = """
name: small
sources:
  - {{name: notes, kind: files, paths: ["{folder}/*.txt"], lang: en}}
model: {{num_layers: 2, hidden_size: 128, num_heads: 2, num_query_groups: 1}}
tokenizer: {{train: {{vocab_size: 1024}}}}
mixture: {{weights: {{en: 1}}}}
phases:
  - {{name: main, tokens: 2_000_000, sequence_length: 64, global_batch_size: 8}}
"""


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "note.txt").write_text("Some words of a note.\n" * 30)
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE.format(folder=tmp_path))
    return load_recipe(file)


@pytest.fixture(scope="module")
def points(plan):
    return _points(plan)


def test_it_is_what_the_law_says_and_counts_repeats(plan, points, recipe, lake):
    found = outcome(points, {}, resamples=20)
    experiment = store.write(lake, plan, found, "")
    made = predict(recipe, plan_of(recipe, lake), experiment, found, lake)
    assert made["worth"] == pytest.approx(1.97e6, rel=0.02)  # of a million tokens that there are, read twice
    expected = made["loss"][ALL]
    assert expected["expected"] == pytest.approx(TRUTH.loss(made["parameters"], made["worth"]), rel=0.02)
    assert expected["low"] < expected["expected"] < expected["high"]
    assert 0.25 < made["scores"]["quiz:completion"]["expected"] < 1
    assert any("tokens are" in note for note in made["notes"])
    assert any("artifacts are gone" in note for note in made["notes"])


def test_an_experiment_without_a_law_predicts_nothing(plan, points, recipe, lake):
    found = outcome(points[:3], {}, resamples=2)
    experiment = store.write(lake, plan, found, "")
    with pytest.raises(StageError, match=r"experiment x: .*it takes 5"):
        predict(recipe, plan_of(recipe, lake), experiment, found, lake)


def test_the_first_prediction_counts_and_none_is_made_of_what_is_known(recipe, lake):
    planned = plan_of(recipe, lake)
    said = {"experiment": "experiment/abc", "name": "x", "loss": {}, "scores": {}, "notes": []}
    first = predictions.write(lake, planned, said)
    assert predictions.write(lake, planned, {**said, "name": "y"}) == first
    made, _ = whole_run(lake)
    judged = planned.model_copy(
        update={
            "stages": tuple(
                item.model_copy(update={"fingerprint": made["evaluate"].fingerprint})
                if item.stage == "evaluate"
                else item
                for item in planned.stages
            )
        }
    )
    with pytest.raises(StageError, match="evaluated already"):
        predictions.write(lake, judged, said)


def test_the_report_shows_prediction_beside_outcome(lake):
    made, config = whole_run(lake)
    inputs = {manifest.stage: manifest for manifest in made.values()}
    evaluate = made["evaluate"]
    page = report.render(report.gather(lake, with_phases(lake, inputs), config, {}))
    assert "Predicted, and what came of it" not in page
    last = report.gather(lake, with_phases(lake, inputs), config, {})["evaluations"][-1]
    measured = last["heldout"]["bits_per_byte"]
    said = {
        "experiment": "experiment/abc",
        "name": "small-<models>",
        "loss": {
            ALL: {"expected": measured / 1.01, "low": 0.9 * measured, "high": 1.1 * measured},
            "zh/nowhere": {"expected": 1.0, "low": 1.0, "high": 1.0},
        },
        "scores": {},
        "notes": ["tokens are 3.0 times those of the largest cell"],
    }
    content = json.dumps(said).encode()
    artifact = Artifact(predictions.KIND, evaluate.fingerprint)
    record = artifact.write_part(lake, "parts", predictions.KIND, files={predictions.FILE: content}, rows=1, stats={})
    artifact.commit(
        lake,
        evaluate.model_copy(
            update={"stage": predictions.KIND, "parts": (record,), "inputs": {}, "config": {}, "digest": record.digest}
        ),
    )
    page = report.render(report.gather(lake, with_phases(lake, inputs), config, {}))
    assert "Predicted, and what came of it" in page
    assert "+1.00 %" in page and "small-&lt;models&gt;" in page
    assert "Tokens are 3.0 times" in page and "zh/nowhere" not in page
