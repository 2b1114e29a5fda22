"""What is kept of checkpoints, and that what is kept can be used; blocks that come late."""

import json
import shutil
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from smelt.errors import DamageError, StageError
from smelt.lake import Artifact, Lake, PartRecord
from smelt.lake.artifact import RECORD
from smelt.maintenance.verify import verify
from smelt.phases import has_weights
from smelt.recipe.training.config import CheckpointConfig, TrainConfig, TrainingConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context, Progress
from tests.training.artifacts import MODEL, PHASES, again, commit, context, metrics
from training.blocks.plan import read_vocabulary
from training.checkpoints import checkpoint
from training.checkpoints.checkpoint import DESCRIPTION, METRICS, ROUND, forget_half_saved, tidy
from training.checkpoints.load import load_model
from training.model.megatron import dist_checkpointing
from training.model.processes import start_alone
from training.steps.loop import train
from training.steps.trainer import Trainer


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
    mark = f"{given.artifact.root}waiting/step-0000008/evaluation"
    lake.put(mark, b"")
    train(given)
    kept = [name for name, record in given.records("checkpoints").items() if has_weights(record)]
    assert "step-0000008" in kept, "it waits to be judged"
    lake.delete([mark])
    tidy(given.lake, given.artifact, keep)
    records = given.records("checkpoints")
    assert len(records) == 16
    assert [len(line["tokens_by_label"]) > 0 for line in metrics(given)] == [True] * 64
    kept = [name for name, record in records.items() if has_weights(record)]
    best = min(list(records)[12:], key=lambda name: records[name].stats["by_phase"]["anneal"]["loss_sum"])
    assert kept == sorted({"step-0000048", best, "step-0000064"})  # the phase's end, the best, the last
    objects = [item.key for item in given.lake.objects(f"{given.artifact.root}checkpoints/") if "distcp" in item.key]
    assert sorted({key.split("/")[-3] for key in objects}) == kept
    manifest = commit(given.lake, given.artifact, list(records.values()))
    assert load_model(given.lake, manifest, "step-0000048").description.phase == "main"
    assert [line for line in verify(given.lake, manifest).damages if "/checkpoints/" in line] == []


OLD_GUARDS: tuple[dict[str, Any], ...] = ({}, {"guard": {"losses": [3.0], "norms": [0.1]}})
"""What the trainer's state said of the guard in format 1: nothing, and later one window."""


def write_as_format_1(given: Context, name: str, guard: dict[str, Any]) -> None:
    """Write a checkpoint anew as format 1 had it: no spikes, no events, no width that rates were tuned at."""
    record = given.records(ROUND)[name]
    folder = checkpoint.fetch(given.lake, given.artifact, record, given.scratch / "old")
    trainer = Trainer(given.config, vocabulary=read_vocabulary(given.lake, given.inputs["tokenizer"]))
    state = checkpoint.load_all(trainer.model, trainer.optimizer, folder)
    described, lines = (given.get(ROUND, name, suffix) for suffix in (DESCRIPTION, METRICS))
    model_state = trainer.model.sharded_state_dict()
    kept = {key: state[key] for key in ("step", "tokens", "phase")} | guard
    contents = {"model": model_state, "optimizer": trainer.optimizer.sharded_state_dict(model_state), "trainer": kept}
    shutil.rmtree(folder)
    folder.mkdir()
    dist_checkpointing.save(contents, str(folder))
    old = json.loads(described) | {"format": 1}
    old["model"].pop("tuned_hidden_size")
    files: dict[str, bytes | Path] = {f"/{path.name}": path for path in folder.iterdir()}
    files |= {DESCRIPTION: json.dumps(old).encode(), METRICS: lines}
    given.artifact.write_part(given.lake, ROUND, name, files=files, rows=record.rows, stats=record.stats)


@pytest.mark.parametrize("guard", OLD_GUARDS, ids=["no guard", "one window"])
def test_training_goes_on_from_a_checkpoint_of_the_first_format(
    lake: Lake, tmp_path: Path, guard: dict[str, Any]
) -> None:
    whole = context(lake, tmp_path)
    train(whole)
    old = again(whole)
    train(old)
    old.lake.delete([old.artifact.key(ROUND, name, RECORD) for name in ("step-0000048", "step-0000064")])
    write_as_format_1(old, "step-0000032", guard)
    manifest = commit(old.lake, old.artifact, list(old.records(ROUND).values()))
    assert load_model(old.lake, manifest).description.step == 32
    train(old)
    assert [line["loss"] for line in metrics(old)] == [line["loss"] for line in metrics(whole)]
    last = "step-0000064"
    assert old.records(ROUND)[last].digest == whole.records(ROUND)[last].digest


def test_a_checkpoint_of_a_newer_smelt_is_one_line(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    record = given.artifact.write_part(
        given.lake, ROUND, "step-0000001", files={DESCRIPTION: b'{"format": 99}'}, rows=1, stats={}
    )
    with pytest.raises(StageError, match="checkpoint format 99 is newer"):
        load_model(given.lake, commit(given.lake, given.artifact, [record]))


def test_a_checkpoint_that_failed_is_noticed_before_the_next(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    writer = checkpoint.CheckpointWriter(lake, given.artifact, tmp_path, CheckpointConfig())
    writer.check()
    allowed = threading.Event()

    def fail() -> None:
        allowed.wait()
        raise StageError("the disk is full", where="here", mend="make room")

    writer._saving = writer._thread.submit(fail)
    writer.check()  # it is still at it
    allowed.set()
    with pytest.raises(StageError, match="the disk is full"):
        while True:
            writer.check()


def test_a_tidying_that_was_killed_is_finished_by_the_next_or_at_the_start(lake: Lake, tmp_path: Path) -> None:
    keep = CheckpointConfig(keep_last=1, keep_best=False)
    config = TrainConfig(model=MODEL, phases=PHASES[:1], training=TrainingConfig(checkpoint=keep))
    given = context(lake, tmp_path, config)
    train(given)
    tidied = given.records(ROUND)["step-0000016"]
    left = [given.artifact.key_of(tidied, suffix) for suffix in ("/__0_0.distcp", "/common.pt")]
    for finishes in (lambda: tidy(given.lake, given.artifact, keep), lambda: train(given)):
        for key in left:  # the record says that they are gone, and they are not
            given.lake.put(key, b"weights")
        finishes()
        assert not any(given.lake.exists(key) for key in left)
    assert has_weights(given.records(ROUND)["step-0000048"])


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
    with pytest.raises(DamageError, match=r"0-00001\.bin: is not what was written: its SHA-256 .*--force blocks"):
        train(given)


LAST = "step-0000064"


def files_of(given: Context, *records: PartRecord) -> set[str]:
    """Keys that records are about."""
    return {given.artifact.key_of(record, suffix) for record in records for suffix in record.files}


def test_a_trainer_that_was_thought_to_be_gone_takes_no_place(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = context(lake, tmp_path)
    train(given)
    late, folder = given.records(ROUND)[LAST], given.artifact.key(ROUND, LAST, "/")

    def saved_twice(*, damaged: bool) -> PartRecord:
        """What counts when a trainer has saved the last block's end, and now another does."""
        given.artifact.write_record(lake, late)
        first = Artifact.write_first_record
        lake.delete([given.artifact.key(ROUND, LAST, RECORD)])

        def behind(self: Artifact, lake: Lake, record: PartRecord) -> PartRecord:
            self.write_record(lake, late)
            if damaged:
                lake.delete([self.key_of(late, "/common.pt")])
            return first(self, lake, record)

        monkeypatch.setattr(Artifact, "write_first_record", behind)
        train(given)
        monkeypatch.undo()
        return given.records(ROUND)[LAST]

    assert saved_twice(damaged=False) == late
    assert {item.key for item in lake.objects(folder)} == files_of(given, late), "the other's own are gone"
    newer = saved_twice(damaged=True)
    assert newer.at != late.at and newer.digest == late.digest
    assert given.artifact.write_first_record(lake, late) == newer, "it comes back when that one counts"
    manifest = commit(lake, given.artifact, list(given.records(ROUND).values()))
    assert [line for line in verify(lake, manifest).damages if "/checkpoints/" in line] == []

    forget_half_saved(lake, given.artifact)
    assert {item.key for item in lake.objects(folder)} > files_of(given, newer), "it may yet be at it"
    monkeypatch.setattr(checkpoint, "HALF_SAVED", timedelta(seconds=-5))  # the store tells whole seconds
    forget_half_saved(lake, given.artifact)
    assert {item.key for item in lake.objects(folder)} == files_of(given, newer)
    assert len(metrics(given)) == 64
