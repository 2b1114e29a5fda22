"""Evaluation of a model that was really trained, on text it was not trained on."""

import json
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from evaluation.stage import STAGE, spaced
from smelt.engine.make import work_on
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import merge_stats
from smelt.recipe.benchmarks import Benchmark
from smelt.recipe.evaluate import EvaluateConfig, Generation, ProbeSet
from smelt.stage import Context
from tasks import documents
from tasks.indexed import index_bytes
from tests.training.artifacts import LABELS, VOCAB_SIZE
from tests.training.artifacts import documents as made_up
from tests.training.export.test_export import MODEL, trained

DTYPE = np.dtype("<u2")


def _tokens(lake: Lake) -> Manifest:
    """A tokens artifact of one part, of the kind of text that the trainer's tests are made of."""
    artifact = Artifact("tokens", uuid.uuid4().hex[:20])
    files: dict[str, bytes] = {}
    stats: dict = {}
    for split, suffix, seed, size in (("train", "", 5, 20_000), ("valid", ".valid", 99, 3000)):
        tokens, segments = made_up(np.random.default_rng(seed), size)
        tokens = tokens.astype(DTYPE)
        starts = np.array([start for start, _ in segments])
        lengths = np.diff([*starts, size])
        labels = [label for _, label in segments]
        table = pa.table(
            {
                "lang": [label.split("/")[0] for label in labels],
                "domain": [label.split("/")[1] for label in labels],
                "offset": pa.array(starts, pa.int64()),
                "tokens": pa.array(lengths, pa.int64()),
                "bytes": pa.array(lengths * 2, pa.int64()),
            }
        )
        files |= {f"{suffix}.bin": tokens.tobytes(), f"{suffix}.idx": index_bytes(lengths, DTYPE)}
        files[f"{suffix}.docs.parquet"] = documents.write(table)
        by_domain = {label: int(lengths[[own == label for own in labels]].sum()) for label in LABELS}
        stats[split] = {"tokens": size, "tokens_by_domain": by_domain}
    record = artifact.write_part(lake, "parts", "00000", files=files, rows=10, stats=stats)
    manifest = Manifest(
        stage="tokens",
        version=1,
        fingerprint=artifact.fingerprint,
        config=None,
        inputs={},
        parts=(record,),
        stats=merge_stats([stats]),
        digest=record.digest,
    )
    return artifact.commit(lake, manifest)


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
    inputs = before.inputs | {"tokens": _tokens(before.lake)}
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
