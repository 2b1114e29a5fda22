"""Evaluation of a model that was really trained, on text it was not trained on."""

import json
import uuid
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from evaluation.early import judge
from evaluation.judgement import EVALUATION, find
from evaluation.stage import STAGE, checkpoint_shards, spaced
from smelt.engine.make import serially, work_on
from smelt.lake import Artifact, Lake
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.maintenance.verify import verify
from smelt.plan import REBUILD, Planned
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.evaluate import EvaluateConfig, Generation
from smelt.recipe.probes import ProbeSet
from smelt.recipe.texts import TextSet
from smelt.stage import Context
from tests.training.artifacts import LABELS, VOCAB_SIZE, tokens
from tests.training.export.test_export import MODEL, trained


def _given(lake: Lake, home: Path) -> Context:
    before = trained(lake, home, MODEL)
    probes = home / "questions.jsonl"
    texts = home / "general.jsonl"
    texts.write_text('{"text": "abcabc"}\n{"text": "多少"}\n')
    own = home / "probes.yaml"
    own.write_text("letters:\n  - prob: {after: a, of: b}\n  - prefer: [ab, ac]\n  - rank: {after: 多, of: 少}\n")
    items = [
        {"prompt": "a", "answer": "b", "choices": ["b", "c"]},
        {"prompt": "多", "answer": "少", "choices": ["少", "z"]},
    ]
    probes.write_text("".join(json.dumps(item) + "\n" for item in items))
    config = EvaluateConfig(
        max_checkpoints=2,
        max_tokens_per_label=500,
        max_probe_fall=1e-9,
        probes=(ProbeSet(name="letters", path=str(own)),),
        benchmarks=(Benchmark(name="free", path=str(probes), forms=("completion", "unseen", "generate")),),
        texts={"general": TextSet(path=str(texts), max_loss=2.0)},
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
    general = last["texts"]["general"]
    assert (general["documents"], general["bytes"], general["tokens"]) == (2, 12, 14), "a token a byte, and two ends"
    assert general["bytes_per_token"] == pytest.approx(12 / 14, abs=1e-4)
    prob, prefer, rank = last["probes"]["letters"]
    assert (prob["words"], prob["group"]) == ("a → b", "letters")
    assert prob["perplexity"] == pytest.approx(1 / prob["prob"], rel=1e-2), "of one token"
    assert (prefer["margin"] > 0) == (prefer["perplexities"][0] < prefer["perplexities"][1])
    assert 1 <= rank["rank"] <= VOCAB_SIZE
    turned = (first["probes"]["letters"][1]["margin"] > 0) > (prefer["margin"] > 0)
    fell = any(
        a["prob"] - b["prob"] > 1e-9
        for a, b in zip(first["probes"]["letters"], (prob, prefer, rank), strict=True)
        if "prob" in a
    )
    events = [json.loads(given.get("events", name, ".json")) for name in given.records("events")]
    assert bool(events) == (turned or fell)
    assert all((event["kind"], event["step"]) == ("probe", 64) for event in events)
    asked = last["benchmarks"]["free"]
    assert set(asked) == {"completion", "unseen", "generate"}
    assert asked["unseen"]["unseen"]["accuracy"] == asked["completion"]["accuracy"]
    assert asked["unseen"]["unseen"]["low"] < asked["unseen"]["unseen"]["high"]
    assert all(score["items"] == 2 and score["low"] <= score["accuracy"] <= score["high"] for score in asked.values())
    assert all(0 <= score["bits_low"] <= score["bits_per_byte"] <= score["bits_high"] for score in asked.values())
    assert last["samples"][0]["prompt"] == "a"

    _another_evaluation_takes_over_what_is_judged(given, found)
    _what_was_killed_is_gone_on_with(given, found)
    _what_was_judged_while_training_went_on_is_gathered(given)


def _another_evaluation_takes_over_what_is_judged(given: Context, found: list[dict]) -> None:
    """Its gates and the number of its checkpoints say nothing of one checkpoint's figures."""
    before = _made(given.lake)
    texts = {name: texts.without_gate() for name, texts in given.config.texts.items()}
    config = given.config.model_copy(update={"max_checkpoints": 1, "max_probe_fall": 0.5, "texts": texts})
    other = _another(given, config)
    assert _evaluate(other) == found[-1:]
    assert _made(given.lake) == before
    users = [item.key.partition("/used/")[2] for item in given.lake.objects("judgement/")]
    assert users.count(other.artifact.fingerprint) == 1


def _what_was_killed_is_gone_on_with(given: Context, found: list[dict]) -> None:
    """Without its end, and with one stretch of items missing, a judgement has that stretch made and its end."""
    lake = given.lake
    judged = json.loads(given.get("judgements", "step-0000064", ".json"))["judgement"]
    artifact = Artifact("judgement", judged)
    assert verify(lake, artifact.manifest(lake)).damages == ()
    gone = [f"{artifact.root}{MANIFEST}", artifact.key("benchmarks", "000001", RECORD)]
    gone.append(artifact.key("checkpoint", "step-0000064", RECORD))
    gone += [artifact.key("benchmarks", "000001", ".json"), artifact.key("checkpoint", "step-0000064", EVALUATION)]
    lake.delete(gone)
    before = _made(lake)
    assert _evaluate(_another(given, given.config)) == found
    again = {key.removeprefix(artifact.root) for key, modified in _made(lake).items() if before.get(key) != modified}
    ends = {f"checkpoint/step-0000064{suffix}" for suffix in (RECORD, "/evaluation.json")}
    assert again == {MANIFEST, "benchmarks/000001.json", f"benchmarks/000001{RECORD}", *ends}
    forced = replace(_another(given, given.config), external={REBUILD: "1"})
    assert find(forced, checkpoint_shards(forced)[-1].payload) is None, "what is built anew is judged anew"


def _what_was_judged_while_training_went_on_is_gathered(given: Context) -> None:
    """The part that names a judgement is what the stage would have made; one without weights is left out, unless it is
    judged."""
    train = given.inputs["train"]
    plan = Planned(
        stage="train-1",
        version=1,
        fingerprint=train.fingerprint,
        inputs={},
        config=train.config,
        suite="",
        cached=False,
        reason="",
    )
    other = _another(given, given.config)
    tokens_alone = {name: other.inputs[name] for name in ("tokens", "tokenizer")}
    during = replace(other, inputs=tokens_alone, run="while")
    judge(during, plan, "step-0000064", serially)
    shard = checkpoint_shards(other)[-1]
    early = other.records("judgements")
    assert early == {shard.name: work_on(other, 3, shard)} == {shard.name: given.records("judgements")[shard.name]}
    (curve,) = [item.key for item in given.lake.objects(f"{train.artifact.root}tensorboard/while/")]
    assert "/judged/events" in curve
    bare = train.parts[0].model_copy(update={"files": {"/model.json": train.parts[0].files["/model.json"]}})
    train.artifact.write_record(given.lake, bare)
    judge(during, plan, bare.name, serially)
    assert bare.name not in other.records("judgements")
    train.artifact.write_record(given.lake, train.parts[0])


def _another(given: Context, config: EvaluateConfig) -> Context:
    return replace(given, config=config, artifact=Artifact("evaluate", uuid.uuid4().hex[:20]))


def _made(lake: Lake) -> dict[str, datetime]:
    """When each object of a judgement was written, but for who uses it."""
    return {item.key: item.modified for item in lake.objects("judgement/") if "/used/" not in item.key}


def test_the_last_checkpoint_is_always_judged() -> None:
    for count in range(1, 12):
        for wanted in range(1, 12):
            chosen = spaced(tuple(range(count)), wanted)
            assert chosen[-1] == count - 1
            assert len(set(chosen)) == len(chosen) == min(count, wanted)
