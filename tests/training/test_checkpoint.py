"""What is kept of checkpoints, and that what is kept can be used; blocks that come late."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake, Manifest
from smelt.lake.artifact import RECORD
from smelt.recipe.phases import Phase
from smelt.recipe.training import CheckpointConfig, TrainConfig, TrainingConfig
from smelt.stage import Progress
from tests.training.artifacts import MODEL, PHASES, again, commit, context, metrics
from training.load import load_model
from training.loop import train
from training.plan import has_weights
from training.processes import start_alone


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def test_weights_are_kept_as_the_recipe_says_and_metrics_always(lake: Lake, tmp_path: Path) -> None:
    rising = Phase(
        name="main", tokens=48 * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2, schedule="constant"
    )
    keep = CheckpointConfig(keep_last=1, keep_best=True)
    config = TrainConfig(model=MODEL, phases=(rising, PHASES[1]), training=TrainingConfig(checkpoint=keep))
    given = context(lake, tmp_path, config, steps_per_block=4)
    train(given)
    records = given.records("checkpoints")
    assert len(records) == 16
    assert [len(line["tokens_by_label"]) > 0 for line in metrics(given)] == [True] * 64
    kept = [name for name, record in records.items() if has_weights(record)]
    best = min(list(records)[12:], key=lambda name: records[name].stats["by_phase"]["anneal"]["loss_sum"])
    assert kept == sorted({"step-0000048", best, "step-0000064"})  # the phase's end, the best, the last
    objects = [item.key for item in given.lake.objects(f"{given.artifact.root}checkpoints/") if "distcp" in item.key]
    assert sorted({key.split("/")[-2] for key in objects}) == kept
    manifest = commit(given.lake, given.artifact, list(records.values()))
    assert load_model(given.lake, manifest, "step-0000048").description.phase == "main"


def test_a_checkpoint_of_the_first_format_loads(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    train(given)
    record = given.records("checkpoints")["step-0000064"]
    manifest = commit(given.lake, given.artifact, [record])
    described = json.loads(given.get("checkpoints", record.name, "/model.json"))
    described["model"].pop("tuned_hidden_size")  # which format 1 did not know

    def of_format(version: int) -> Manifest:
        content = {"/model.json": json.dumps(described | {"format": version}).encode()}
        files = record.files | given.artifact.write_files(given.lake, "checkpoints", record.name, content)
        return manifest.model_copy(update={"parts": (record.model_copy(update={"files": files}),)})

    assert load_model(given.lake, of_format(1)).description.step == 64
    with pytest.raises(StageError, match="checkpoint format 99 is newer"):
        load_model(given.lake, of_format(99))


def test_a_block_that_is_still_being_made_is_waited_for(lake: Lake, tmp_path: Path) -> None:
    whole = context(lake, tmp_path)
    train(whole)
    said: list[str] = []
    late = again(whole, report=lambda progress: said.append(progress.unit))
    key = late.inputs["blocks"].artifact.key("parts", "0-00002", RECORD)
    record = late.lake.get(key)
    late.lake.delete([key])

    def make(progress: Progress) -> None:
        said.append(progress.unit)
        if "waiting" in progress.unit:
            threading.Timer(0.2, late.lake.put, (key, record)).start()

    train(replace(late, report=make))
    assert "steps, waiting for block 0-00002, which is still being made" in said
    assert [line["loss"] for line in metrics(late)] == [line["loss"] for line in metrics(whole)]
    assert max(line["data_wait_s"] for line in metrics(late)) > 0.2


def test_a_block_that_was_damaged_is_one_line(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    key = given.inputs["blocks"].artifact.key("parts", "0-00001", ".bin")
    content = bytearray(given.lake.get(key))
    content[7] ^= 1
    given.lake.put(key, bytes(content))
    with pytest.raises(StageError, match=r"0-00001\.bin: the block is not what was written \(make it again\)"):
        train(given)
