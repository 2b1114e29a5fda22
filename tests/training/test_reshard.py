"""A run goes on under another layout: more processes, data- or tensor-parallel."""

from pathlib import Path

import pytest
import torch

from smelt.lake import Lake
from smelt.lake.artifact import RECORD
from smelt.recipe.training import ParallelConfig, TrainConfig, TrainingConfig
from tests.training.artifacts import MODEL, PHASES, again, context, metrics
from tests.training.test_launch import train_together
from training.loop import train
from training.processes import start_alone


@pytest.mark.parametrize("parallel", [{}, {"tensor": 2}], ids=["data", "tensor"])
def test_a_run_goes_on_with_two_processes(lake: Lake, tmp_path: Path, parallel: dict) -> None:
    start_alone()
    torch.set_num_threads(1)
    whole = context(lake, tmp_path)
    train(whole)
    moved = again(whole)
    train(moved)
    for name in ("step-0000048", "step-0000064"):
        moved.lake.delete([moved.artifact.key("checkpoints", name, RECORD)])
    layout = TrainConfig(model=MODEL, phases=PHASES, training=TrainingConfig(parallel=ParallelConfig(**parallel)))
    lines = train_together(again(moved, artifact=moved.artifact, config=layout), tmp_path)
    for ours, theirs in zip(lines, metrics(whole), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=2e-3)
