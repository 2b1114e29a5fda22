"""A training that somebody asks to stop."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from smelt.lake import Lake
from smelt.steering.stopping import Request, StoppedError, take_back
from tests.training.artifacts import again, context, metrics
from training import launch
from training.model.processes import start_alone
from training.stage import STAGE
from training.steps.loop import train


def test_it_leaves_behind_the_next_checkpoint_and_goes_on_from_there_bit_for_bit(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "launch", train)  # in this process
    torch.set_num_threads(1)
    start_alone()
    stopped = replace(context(lake, tmp_path), run="one")
    lake.put_json("runs/one/stop.json", Request(when="2026-11-29T12:00:00+00:00").model_dump())
    with pytest.raises(StoppedError, match=r"one: stopped behind step-0000016, as was asked at 2026-11-29T12:00:00"):
        STAGE.run(stopped)
    assert list(stopped.records("checkpoints")) == ["step-0000016"]
    take_back(lake, "one")
    STAGE.run(stopped)
    train(whole := again(stopped))
    assert [line["loss"] for line in metrics(stopped)] == [line["loss"] for line in metrics(whole)]
    digests = [[record.digest for record in given.records("checkpoints").values()] for given in (whole, stopped)]
    assert digests[0] == digests[1]
