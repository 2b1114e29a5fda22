"""Training in one process: it learns, its figures add up, and an interruption leaves no trace."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.lake.artifact import RECORD
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.optimizer import OptimizerConfig
from smelt.recipe.training.phases import Phase, learning_rate
from tests.training.artifacts import LABELS, MODEL, PHASES, again, commit, context, metrics
from training.blocks.plan import read_vocabulary
from training.checkpoints.load import load_model
from training.model.processes import start_alone
from training.steps.loop import train
from training.steps.trainer import Trainer


@pytest.fixture(autouse=True)
def alone() -> None:
    """One process, one thread."""
    torch.set_num_threads(1)
    start_alone()


def test_loss_falls_and_figures_are_the_recipes(lake: Lake, tmp_path: Path) -> None:
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
    for line in lines:  # losses by label add up
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


def test_a_ramp_and_a_phases_own_optimizer(lake: Lake, tmp_path: Path) -> None:
    ramp = {"first_batch_size": 2, "ramp_tokens": 16 * 256}
    own = OptimizerConfig(beta1=0.8, beta2=0.9, weight_decay=0.5, clip_grad=0.1)
    phases = (PHASES[0].model_copy(update=ramp), PHASES[1].model_copy(update={"optimizer": own}))
    config = TrainConfig(model=MODEL.model_copy(update={"tuned_hidden_size": 32}), phases=phases)
    given = context(lake, tmp_path, config)
    train(given)
    lines = metrics(given)
    sizes = [sum(line["tokens_by_label"].values()) for line in lines]
    assert sizes == [64] * 32 + [128] * 16 + [256] * 32 + [256] * 16  # 2, then 4, then all 8 sequences
    assert [line["lr"] for line in lines][:80] == [learning_rate(phases, 0, step) for step in range(80)]
    assert lines[-1]["loss"] < lines[0]["loss"] - 1

    plain = again(given, config=config.model_copy(update={"phases": (phases[0], PHASES[1])}))
    train(plain)
    losses = [[line["loss"] for line in metrics(one)] for one in (given, plain)]
    assert losses[0][:81] == losses[1][:81] and losses[0][81] != losses[1][81]  # from the first update on

    for name in list(given.records("checkpoints"))[1:]:  # killed in the ramp
        given.lake.delete([given.artifact.key("checkpoints", name, RECORD)])
    train(given)
    assert [line["loss"] for line in metrics(given)] == losses[0]


def test_rates_found_at_another_width_are_scaled_for_hidden_matrices(lake: Lake, tmp_path: Path) -> None:
    model = MODEL.model_copy(update={"tuned_hidden_size": 16})
    once = Phase(name="main", tokens=256, sequence_length=32, global_batch_size=8, learning_rate=1e-2)
    once = once.model_copy(update={"schedule": "constant", "optimizer": OptimizerConfig(weight_decay=0)})
    given = context(lake, tmp_path, TrainConfig(model=model, phases=(once,)))
    begun = Trainer(given.config, vocabulary=read_vocabulary(given.lake, given.inputs["tokenizer"])).model.state_dict()
    train(given)
    manifest = commit(given.lake, given.artifact, list(given.records("checkpoints").values()))
    moved = load_model(given.lake, manifest).model.state_dict()
    furthest = {name: float((moved[name] - begun[name]).abs().max()) for name in begun if begun[name] is not None}
    hidden = {name: far for name, far in furthest.items() if "linear" in name and "norm" not in name}
    assert len(hidden) == 2 * 4
    assert list(hidden.values()) == pytest.approx([1e-2 * 16 / 64] * 8, rel=1e-3)  # Adam's first update is the rate
    assert furthest["embedding.word_embeddings.weight"] == pytest.approx(1e-2, rel=1e-3)
    std = float(begun["decoder.layers.0.mlp.linear_fc1.weight"].std())
    assert std == pytest.approx(0.02 / 2, rel=0.05)  # over the root of the ratio of widths


def test_too_few_tokens_are_one_line(lake: Lake, tmp_path: Path) -> None:
    given = context(lake, tmp_path)
    longer = PHASES[1].model_copy(update={"tokens": 10**6})
    more = TrainConfig(model=MODEL, phases=(PHASES[0], longer))
    with pytest.raises(
        StageError, match="the blocks of phase anneal hold 16 global batches, the phase has 3906"
    ) as raised:
        train(replace(given, config=more))
    assert "\n" not in str(raised.value)
