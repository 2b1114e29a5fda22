"""The spike guard: what would do harm stays out of the weights, and a bad block is set aside."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Artifact, Lake
from smelt.recipe.phases import Phase
from smelt.recipe.training import GuardConfig, TrainConfig, TrainingConfig
from smelt.stage import Context
from tests.training.artifacts import MODEL, VOCAB_SIZE, again, commit, context, cut, documents, metrics, write_block
from training.guard import Guard
from training.loop import train
from training.processes import start_alone
from training.stage import STAGE

BLOCK = 24
PHASE = Phase(name="main", tokens=5 * BLOCK * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2)
GUARD = GuardConfig(window=32)


def poisoned(lake: Lake, home: Path, guard: GuardConfig, bad: tuple[int, ...] = (3,)) -> Context:
    """Work whose ``bad`` blocks hold nothing but random tokens."""
    torch.set_num_threads(1)
    start_alone()
    config = TrainConfig(model=MODEL, phases=(PHASE,), training=TrainingConfig(guard=guard))
    given = context(lake, home, config, steps_per_block=BLOCK)
    artifact = Artifact("blocks", uuid.uuid4().hex[:20])
    stream, segments = documents(np.random.default_rng(5), PHASE.num_trained_tokens + 1)
    size = BLOCK * PHASE.tokens_per_step
    records = []
    for number in range(5):
        tokens = stream[number * size : number * size + size + 1]
        if number in bad:
            tokens = np.random.default_rng(1).integers(0, VOCAB_SIZE, size + 1).astype(np.uint16)
        records.append(
            write_block(given.lake, artifact, f"0-{number:05d}", tokens, cut(segments, number * size, size + 1))
        )
    return replace(given, inputs=given.inputs | {"blocks": commit(given.lake, artifact, records)})


def test_a_bad_block_is_set_aside_and_leaves_no_trace(lake: Lake, tmp_path: Path) -> None:
    guarded = poisoned(lake, tmp_path, GUARD)
    train(guarded)
    lines = metrics(guarded)
    assert [line["step"] for line in lines] == [*range(1, 73), *range(97, 121)]
    names = list(guarded.records("events"))
    assert names == ["0000073-spike", "0000074-spike", "0000075-rollback"]
    event = json.loads(guarded.get("events", names[-1], ".json"))
    assert event["block"] == "0-00003" and event["documents"][0].startswith("0-00003/")
    assert event["loss"] > 1.5 * event["before"][-1]
    spoilt = poisoned(lake, tmp_path, GuardConfig(enabled=False))
    train(spoilt)
    last = [np.mean([line["loss"] for line in run[-8:]]) for run in (lines, metrics(spoilt))]
    assert last[0] < last[1]
    assert len(STAGE.run(guarded)) == 4  # and it knows that it is done


def test_a_run_killed_after_going_back_goes_the_same_way(lake: Lake, tmp_path: Path) -> None:
    whole = poisoned(lake, tmp_path, GUARD)
    train(whole)
    broken = again(whole)
    train(broken)
    broken.lake.delete([broken.artifact.key("checkpoints", "step-0000120", ".record.json")])
    train(broken)
    digests = [[record.digest for record in given.records("checkpoints").values()] for given in (whole, broken)]
    assert digests[0] == digests[1]


def test_too_many_bad_blocks_stop_and_ask(lake: Lake, tmp_path: Path) -> None:
    given = poisoned(lake, tmp_path, GuardConfig(window=32, max_rollbacks=1), bad=(2, 3))
    with pytest.raises(StageError, match="training went back 1 times, and block 0-00003 spoils it again at step 75"):
        train(given)


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = poisoned(lake, tmp_path, GuardConfig(enabled=False), bad=())
    monkeypatch.setattr("training.trainer.Trainer.step", spoil_once(monkeypatch))
    train(given)
    lines = metrics(given)
    assert [line["step"] for line in lines if line["skipped"]] == [10]
    assert lines[9]["grad_norm"] is None
    assert lines[-1]["loss"] < lines[8]["loss"]


def spoil_once(monkeypatch: pytest.MonkeyPatch) -> Callable:
    """A training step whose tenth call finds an infinity in the gradient."""
    from training.optimizer import Optimizer
    from training.trainer import Trainer

    step, update, calls = Trainer.step, Optimizer.step, []

    def spoilt_update(self, *arguments, **named):
        if len(calls) == 10:
            self.params[0].main_grad.view(-1)[0] = float("inf")
        return update(self, *arguments, **named)

    def counted(self, *arguments, **named):
        calls.append(1)
        return step(self, *arguments, **named)

    monkeypatch.setattr(Optimizer, "step", spoilt_update)
    return counted


def test_what_counts_as_unusual() -> None:
    guard = Guard(GuardConfig(window=32, loss_deviations=10, norm_factor=20))
    for step in range(40):
        assert guard.see(3.0 + 0.01 * (step % 3), 1.0, skipped=False) is None
    limits = guard.limits()
    assert 3.1 < limits.loss < 3.5
    assert limits.grad_norm == 20
    assert guard.see(1.0, 1.0, skipped=False) == "drop"
    assert guard.see(None, None, skipped=True) == "spike"
