"""One training under any layout: the same losses, and a run goes on under another layout than it began with."""

from pathlib import Path

import pytest
import torch

from smelt.lake import Lake
from smelt.lake.artifact import RECORD
from smelt.recipe.training.config import ParallelConfig, TrainConfig, TrainingConfig
from smelt.recipe.training.model import ModelConfig
from smelt.stage import Context
from tests.training.artifacts import MODEL, PHASES, again, context, metrics
from tests.training.pair import Pair
from training.model.processes import start_alone
from training.steps.loop import train

TOLERANCE = 2e-3
"""Difference of a step's loss, in nats, after up to 64 steps whose sums were taken in another order."""
LAYOUTS: dict[str, dict[str, int]] = {"data": {}, "tensor": {"tensor": 2}, "pipeline": {"pipeline": 2}}
SPLIT = MODEL.model_copy(update={"qk_norm": True, "tied_embeddings": False})
"""What is trained on two processes that share the matrices: norms that are on both, and matrices of either kind."""


def work(lake: Lake, home: Path, model: ModelConfig, **parallel: int) -> Context:
    """What is trained, under a layout."""
    settings = TrainingConfig(parallel=ParallelConfig(**parallel), z_loss=1e-2, document_mask=model is SPLIT)
    return context(lake, home, TrainConfig(model=model, phases=PHASES, training=settings))


def same_losses(ours: list[dict], theirs: list[dict]) -> None:
    """Whether two runs lost the same at each step."""
    for one, other in zip(ours, theirs, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=TOLERANCE)
        assert one["tokens_by_label"] == other["tokens_by_label"]
        assert one["lr"] == other["lr"]
    assert ours[0]["grad_norm"] == pytest.approx(theirs[0]["grad_norm"], rel=1e-4)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_run_under_another_layout_and_back(lake: Lake, tmp_path: Path, pair: Pair, layout: str) -> None:
    start_alone()
    torch.set_num_threads(1)
    model = SPLIT if layout == "tensor" else MODEL
    alone = work(lake, tmp_path, model)
    train(alone)
    expected = metrics(alone)
    two = again(alone, config=work(lake, tmp_path, model, **LAYOUTS[layout]).config)
    same_losses(pair.train(two, tmp_path), expected)

    whole = [record.digest for record in two.records("checkpoints").values()]
    _forget(two, 32)
    pair.train(two, tmp_path)  # bitwise, at the same layout
    assert [record.digest for record in two.records("checkpoints").values()] == whole

    _forget(two, 32)
    train(again(two, artifact=two.artifact, config=alone.config))  # two began it, one goes on
    same_losses(metrics(two), expected)

    _forget(alone, 32)
    moved = again(alone, artifact=alone.artifact, config=two.config)  # one began it, two go on
    same_losses(pair.train(moved, tmp_path), expected)


def _forget(given: Context, step: int) -> None:
    """As if the run had been killed behind the checkpoint of ``step``."""
    for name in given.records("checkpoints"):
        if name > f"step-{step:07d}":
            given.lake.delete([given.artifact.key("checkpoints", name, RECORD)])
