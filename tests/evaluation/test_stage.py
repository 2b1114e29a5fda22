"""Evaluation of a model that was really trained, on text it was not trained on."""

import json
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np

from evaluation.stage import STAGE, spaced
from smelt.engine.make import work_on
from smelt.lake import Artifact, Lake
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.evaluate import EvaluateConfig, Generation, ProbeSet
from smelt.stage import Context
from tests.training.artifacts import LABELS, VOCAB_SIZE, tokens
from tests.training.export.test_export import MODEL, trained


def _given(lake: Lake, home: Path) -> Context:
    before = trained(lake, home, MODEL)
    probes = home / "probes.jsonl"
    items = [
        {"prompt": "a", "answer": "b", "choices": ["b", "c"]},
        {"prompt": "多", "answer": "少", "choices": ["少", "z"]},
    ]
    probes.write_text("".join(json.dumps(item) + "\n" for item in items))
    config = EvaluateConfig(
        max_checkpoints=2,
        max_tokens_per_label=500,
        probes=(ProbeSet(name="letters", path=str(probes)),),
        benchmarks=(Benchmark(name="free", path=str(probes), forms=("completion", "generate")),),
        generation=Generation(prompts=("a",), max_tokens=4),
    )
    inputs = before.inputs | {"tokens": tokens(before.lake)}
    return replace(before, config=config, inputs=inputs, artifact=Artifact("evaluate", uuid.uuid4().hex[:20]))


def _evaluate(given: Context) -> list[dict]:
    for index, current in enumerate(STAGE.rounds):
        records = [work_on(given, index, shard) for shard in current.shards(given)]
    return [json.loads(given.get("checkpoints", record.name, "/evaluation.json")) for record in records]


def test_a_trained_model_is_better_than_token_frequencies(lake: Lake, tmp_path: Path) -> None:
    given = _given(lake, tmp_path)
    found = _evaluate(given)
    assert [item["step"] for item in found] == sorted({item["step"] for item in found})
    first, last = found[0], found[-1]
    assert last["step"] == 64
    assert last["heldout"]["loss"] < first["heldout"]["loss"]
    assert last["heldout"]["loss"] < 0.8 * last["unigram"]["loss"] < 0.8 * np.log(VOCAB_SIZE)
    assert set(last["heldout"]["by_label"]) == set(LABELS)
    assert sum(one["tokens"] for one in last["heldout"]["by_position"]) == last["heldout"]["tokens"]
    assert last["heldout"]["tokens"] == 1500  # the cap of each of three labels
    parts = last["heldout"]["by_label"].values()
    mean = sum(part["loss"] * part["tokens"] for part in parts) / 1500
    assert abs(last["heldout"]["loss"] - mean) < 1e-3
    loss, size = last["heldout"]["loss"], last["heldout"]["bytes"]
    assert abs(last["heldout"]["bits_per_byte"] - loss / np.log(2) * 1500 / size) < 1e-3
    assert last["probes"]["letters"]["items"] == 2
    assert last["probes"]["letters"]["chance"] == 0.5
    asked = last["benchmarks"]["free"]
    assert set(asked) == {"completion", "generate"}
    assert all(score["items"] == 2 and score["low"] <= score["accuracy"] <= score["high"] for score in asked.values())
    assert asked["completion"]["accuracy"] == last["probes"]["letters"]["accuracy"], "the same code asks both"
    assert last["samples"][0]["prompt"] == "a"

    again = replace(given, artifact=Artifact("evaluate", uuid.uuid4().hex[:20]))
    assert _evaluate(again) == found


def test_the_last_checkpoint_is_always_judged() -> None:
    for count in range(1, 12):
        for wanted in range(1, 12):
            chosen = spaced(tuple(range(count)), wanted)
            assert chosen[-1] == count - 1
            assert len(set(chosen)) == len(chosen) == min(count, wanted)
