"""Training in one process: it learns, its figures add up, and an interruption leaves no trace."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.lake.artifact import RECORD
from smelt.recipe.phases import learning_rate
from smelt.recipe.training import TrainConfig
from tests.training.artifacts import LABELS, MODEL, PHASES, again, context, metrics
from training.loop import train
from training.processes import start_alone


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def test_loss_falls_and_rates_are_the_recipes(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    train(given)
    lines = metrics(given)
    assert [line["step"] for line in lines] == list(range(1, 65))
    assert [line["phase"] for line in lines] == ["main"] * 48 + ["anneal"] * 16
    assert lines[-1]["tokens"] == 64 * 256
    assert lines[-1]["loss"] < lines[0]["loss"] - 1
    rates = [learning_rate(PHASES, 0, step) for step in range(48)] + [
        learning_rate(PHASES, 1, step) for step in range(16)
    ]
    assert [line["lr"] for line in lines] == rates
    assert list(given.records("checkpoints")) == [f"step-{step:07d}" for step in (16, 32, 48, 64)]


def test_losses_by_label_add_up_to_the_loss(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    train(given)
    for line in metrics(given):
        assert sum(line["tokens_by_label"].values()) == 256
        total = sum(line["loss_by_label"][label] * count for label, count in line["tokens_by_label"].items())
        assert total / (256) == pytest.approx(line["loss"], rel=1e-9)
        assert set(line["tokens_by_label"]) <= set(LABELS)


def test_a_run_that_goes_on_from_a_checkpoint_repeats_every_bit(lake: Lake, tmp_path: Path) -> None:
    whole = context(lake, tmp_path)
    train(whole)
    broken = again(whole)
    train(broken)
    for name in ("step-0000032", "step-0000048", "step-0000064"):  # as if killed before these were committed
        broken.lake.delete([broken.artifact.key("checkpoints", name, RECORD)])
    train(broken)
    assert [record.digest for record in broken.records("checkpoints").values()] == [
        record.digest for record in whole.records("checkpoints").values()
    ]
    assert [line["loss"] for line in metrics(broken)] == [line["loss"] for line in metrics(whole)]


def test_too_few_tokens_are_one_line(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    longer = PHASES[1].model_copy(update={"tokens": 10**6})
    more = TrainConfig(model=MODEL, phases=(PHASES[0], longer))
    with pytest.raises(
        StageError, match="the blocks of phase anneal hold 16 global batches, the phase has 3906"
    ) as raised:
        train(replace(given, config=more))
    assert "\n" not in str(raised.value)
