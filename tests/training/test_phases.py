"""Phases as artifacts of their own: the same training as one without a border."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.recipe.training.guard import GuardConfig
from smelt.recipe.training.phases import Phase
from smelt.stage import Context
from tests.training.artifacts import (
    CONFIG,
    MODEL,
    VOCAB_SIZE,
    again,
    commit,
    context,
    documents,
    happened,
    metrics,
    write_block,
)
from tests.training.planted import GUARD, PHASE, STEPS
from training.model.processes import start_alone
from training.spikes.events import set_aside_folder
from training.stage import STAGE
from training.steps.loop import train


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def phase_of(given: Context, place: int, before: Context | None = None) -> Context:
    """The work of one phase, which goes on from what another has made."""
    config = given.config.model_copy(update={"phases": given.config.phases[: place + 1], "first_phase": place})
    inputs = dict(given.inputs)
    if before is not None:
        inputs["train"] = commit(before.lake, before.artifact, list(before.records("checkpoints").values()))
    return again(given, config=config, inputs=inputs)


def trained(*phases: Context) -> tuple[list[dict[str, Any]], list[str]]:
    """Every step's metrics but for clocks, and the checkpoints' digests."""
    known = ("step", "phase", "tokens", "loss", "loss_by_label", "grad_norm", "lr")
    lines = [{name: line[name] for name in known} for phase in phases for line in metrics(phase)]
    return lines, [record.digest for phase in phases for record in phase.records("checkpoints").values()]


def test_phase_by_phase_every_bit_is_that_of_one_training(lake: Lake, tmp_path: Path) -> None:
    whole = context(lake, tmp_path, CONFIG)
    train(whole)
    first = phase_of(whole, 0)
    train(first)
    second = phase_of(whole, 1, first)
    assert len(STAGE.run(first)) == 3, "and it knows that it is done"
    train(second)
    assert list(second.records("checkpoints")) == ["step-0000064"]
    assert trained(first, second) == trained(whole)
    assert trained(whole)[0][-1]["step"] == 64


def test_a_phase_does_not_go_on_with_another_rope_base(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path, CONFIG)
    train(given)
    other = given.config.phases[1].model_copy(update={"rope_base": 5e4})
    changed = given.config.model_copy(update={"phases": (given.config.phases[0], other)})
    with pytest.raises(
        StageError, match=r"phase anneal began with RoPE base 22081.8, not 50000 \(set it to 22081\.79\d+, or"
    ):
        train(again(given, artifact=given.artifact, config=changed))


def test_going_back_in_a_phase_counts_and_lowers_the_betas_in_the_next(lake: Lake, tmp_path: Path) -> None:
    after = Phase(name="after", tokens=2 * STEPS * 512, sequence_length=64, global_batch_size=8, learning_rate=5e-3)
    guard = GuardConfig(window=GUARD.window, max_rollbacks=1, lowered_steps=STEPS + 4)
    config = TrainConfig(model=MODEL, phases=(PHASE, after), training=TrainingConfig(guard=guard))
    whole = context(lake, tmp_path, config, steps_per_block=STEPS)
    blocks = whole.inputs["blocks"].artifact
    noise = np.random.default_rng(1).integers(0, VOCAB_SIZE, STEPS * 512 + 1).astype(np.uint16)
    write_block(whole.lake, blocks, "0-00005", noise, documents(np.random.default_rng(2), len(noise))[1])
    train(whole)
    listed = set_aside_folder(whole.inputs["blocks"])
    assert [item.key for item in whole.lake.objects(listed)] == [f"{listed}0-00005.json"]

    def forget() -> None:
        whole.lake.delete([f"{listed}0-00005.json"])  # as if nobody had met the block before

    forget()
    first = phase_of(whole, 0)
    train(first)
    second = phase_of(whole, 1, first)
    train(second)
    assert trained(first, second) == trained(whole)
    waited = happened(first) | happened(second)
    assert waited == happened(whole), "the losses behind the border are written down beside the event"
    unaware = phase_of(replace(whole, config=lowering(config, 1)), 1, first)
    train(unaware)
    assert trained(unaware)[0] != trained(second)[0], "the betas were lowered"


def lowering(config: TrainConfig, steps: int) -> TrainConfig:
    """The same with betas lowered for so many steps behind a block that was set aside."""
    guard = config.training.guard.model_copy(update={"lowered_steps": steps})
    return config.model_copy(update={"training": config.training.model_copy(update={"guard": guard})})
