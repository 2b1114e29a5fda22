"""Steps that another training has made: taken over bit by bit, and none made twice."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from smelt.lake import Lake
from smelt.recipe.training.config import CheckpointConfig, TrainConfig, TrainingConfig
from smelt.recipe.training.guard import GuardConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context
from tests.training.artifacts import (
    MODEL,
    VOCAB_SIZE,
    again,
    blocks,
    commit,
    context,
    documents,
    happened,
    metrics,
    write_block,
)
from tests.training.planted import GUARD, PHASE, STEPS
from training.blocks.plan import plan_blocks, read_vocabulary
from training.checkpoints.load import load_model
from training.checkpoints.trunk import take_over
from training.model.processes import start_alone
from training.steps.loop import train

STABLE = Phase(name="stable", tokens=32 * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2)
STABLE = STABLE.model_copy(update={"schedule": "constant", "warmup_tokens": 1024})


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def config(*phases: Phase, **training: Any) -> TrainConfig:
    """A training of these phases; the last of them is the one that is trained."""
    settings = TrainingConfig(**training)
    return TrainConfig(model=MODEL, phases=phases, first_phase=len(phases) - 1, training=settings)


def given(lake: Lake, home: Path, *phases: Phase, **training: Any) -> Context:
    """The work of the last of these phases."""
    return context(lake, home, config(*phases, **training), steps_per_block=8)


def with_trunk(work: Context) -> Context:
    """What the stage does, in this process."""
    vocabulary = read_vocabulary(work.lake, work.inputs["tokenizer"])
    take_over(work, plan_blocks(work.config, work.inputs["blocks"], vocabulary), vocabulary)
    train(work)
    return work


def course(work: Context) -> tuple[list[dict[str, Any]], list[str]]:
    """Every step's figures but for clocks, and the checkpoints' digests."""
    known = ("step", "phase", "tokens", "loss", "loss_by_label", "grad_norm", "lr")
    return [{name: line[name] for name in known} for line in metrics(work)], digests(work)


def digests(work: Context) -> list[str]:
    """Of the checkpoints, in order."""
    return [record.digest for record in work.records("checkpoints").values()]


def taken_over(work: Context) -> tuple[int, str]:
    """Steps that it did not make itself, and from where it has them."""
    events = [work.get("events", name, ".json") for name in work.records("events") if name.endswith("-trunk")]
    return next(((event["step"], event["artifact"]) for event in map(json.loads, events)), (0, ""))


def test_a_longer_phase_trains_only_what_is_new(lake: Lake, tmp_path: Path) -> None:
    short = with_trunk(given(lake, tmp_path, STABLE))
    longer = given(lake, tmp_path, STABLE.model_copy(update={"tokens": 48 * 256}))
    alone = again(longer)
    train(alone)
    with_trunk(longer)
    assert taken_over(longer) == (32, short.artifact.root.rstrip("/"))
    assert course(longer) == course(alone)
    clocks = [line["step_s"] for line in metrics(longer)]
    assert clocks[:32] == [line["step_s"] for line in metrics(short)], "the first 32 were not made again"
    for name in short.records("checkpoints"):
        lake.delete([item.key for item in lake.objects(f"{short.artifact.root}checkpoints/{name}")])
    load_model(lake, commit(lake, longer.artifact, list(longer.records("checkpoints").values())))


def test_a_phase_that_is_left_before_its_end_and_an_anneal_from_there(lake: Lake, tmp_path: Path) -> None:
    trunk = with_trunk(given(lake, tmp_path, STABLE))
    left = with_trunk(given(lake, tmp_path, STABLE.model_copy(update={"until": 16 * 256})))
    assert taken_over(left)[0] == 16 and digests(left) == digests(trunk)[:2]
    anneal = Phase(name="anneal", tokens=8 * 256, sequence_length=32, global_batch_size=8, schedule="1-sqrt")
    work = given(lake, tmp_path, left.config.phases[0], anneal)
    before = commit(lake, left.artifact, list(left.records("checkpoints").values()))
    work = again(work, inputs=work.inputs | {"train": before})
    with_trunk(work)
    again_ = with_trunk(again(work))
    assert taken_over(work)[0] == 0 and taken_over(again_)[0] == 24, "a whole phase is taken over too"
    assert course(again_) == course(work)
    assert metrics(work)[0]["step"] == 17


def test_what_differs_from_the_start_has_nothing_in_common(lake: Lake, tmp_path: Path) -> None:
    with_trunk(given(lake, tmp_path, STABLE))
    others = [
        given(lake, tmp_path, STABLE.model_copy(update={"learning_rate": 2e-2})),
        given(lake, tmp_path, STABLE, z_loss=1e-4),
        given(lake, tmp_path, STABLE.model_copy(update={"name": "other"})),
        given(lake, tmp_path, STABLE.model_copy(update={"schedule": "cosine"})),
    ]
    for other in others:
        with_trunk(other)
        assert taken_over(other)[0] == 0


def test_a_built_anew_training_is_made_anew(lake: Lake, tmp_path: Path) -> None:
    first = with_trunk(given(lake, tmp_path, STABLE))
    anew = with_trunk(again(first, external={"rebuild": "1"}))
    assert taken_over(anew)[0] == 0 and course(anew) == course(first)


def test_a_block_set_aside_by_the_recipe_branches_off_before_it(lake: Lake, tmp_path: Path) -> None:
    with_trunk(given(lake, tmp_path, STABLE))
    work = given(lake, tmp_path, STABLE.model_copy(update={"set_aside": (2,)}))
    alone = again(work)
    train(alone)
    with_trunk(work)
    assert taken_over(work)[0] == 16
    assert course(work) == course(alone)
    assert [line["step"] for line in metrics(work)][14:18] == [15, 16, 25, 26]


def test_the_weights_of_earlier_checkpoints_come_as_the_recipe_keeps_them(lake: Lake, tmp_path: Path) -> None:
    with_trunk(given(lake, tmp_path, STABLE))
    longer = STABLE.model_copy(update={"tokens": 40 * 256})
    work = with_trunk(given(lake, tmp_path, longer, checkpoint=CheckpointConfig(keep_last=1, keep_best=False)))
    assert taken_over(work)[0] == 32
    sizes = [record.bytes for record in work.records("checkpoints").values()]
    assert max(sizes[:-1]) < sizes[-1] / 10


def test_a_trunk_that_went_back_is_gone_on_from_with_its_events(lake: Lake, tmp_path: Path) -> None:
    guard = GuardConfig(window=GUARD.window, max_rollbacks=1, lowered_steps=STEPS + 4)
    short = TrainConfig(model=MODEL, phases=(constant(PHASE),), training=TrainingConfig(guard=guard))
    longer = constant(PHASE).model_copy(update={"tokens": PHASE.tokens + 2 * STEPS * 512})
    noise = np.random.default_rng(1).integers(0, VOCAB_SIZE, STEPS * 512 + 1).astype(np.uint16)

    def work(training: TrainConfig) -> Context:
        found = context(lake, tmp_path, training, steps_per_block=STEPS)
        artifact = blocks(lake, training, STEPS, "0123456789abcdef" + f"{training.phases[0].tokens:04x}"[-4:]).artifact
        write_block(lake, artifact, "0-00003", noise, documents(np.random.default_rng(2), len(noise))[1])
        records = artifact.records(lake, "parts")
        lake.delete([f"{artifact.root}manifest.json"])
        return again(found, inputs=found.inputs | {"blocks": commit(lake, artifact, list(records.values()))})

    trunk = with_trunk(work(short))
    assert any(name.endswith("-rollback") for name in trunk.records("events"))
    whole = work(short.model_copy(update={"phases": (longer,)}))
    branch = with_trunk(again(whole))
    assert taken_over(branch)[0] == PHASE.num_steps
    train(whole)
    assert course(branch) == course(whole)
    own = {name for name in happened(branch) if not name.endswith("-trunk")}
    assert own == happened(whole)


def constant(phase: Phase) -> Phase:
    """The same phase at one learning rate."""
    return phase.model_copy(update={"schedule": "constant"})
