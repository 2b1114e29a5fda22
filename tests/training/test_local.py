"""Training in one process for debugging: the run's own steps, a trace with their parts, and nothing in the lake."""

import json
from pathlib import Path

import pytest
import torch

from smelt.errors import StageError
from smelt.lake import Lake
from tests.training.artifacts import again, context, metrics
from training.local import train_local
from training.model.processes import start_alone
from training.steps.loop import train

PARTS = {"data wait", "forward", "backward", "optimizer"}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    start_alone()


def lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_its_steps_are_those_of_the_run_and_the_lake_stays_as_it_is(lake: Lake, tmp_path: Path) -> None:
    run = context(lake, tmp_path)
    train(run)
    before = {item.key for item in lake.objects("")}
    train_local(again(run), tmp_path / "local", num_steps=20)
    assert {item.key for item in lake.objects("")} == before
    assert [line["loss"] for line in lines(tmp_path / "local")] == [line["loss"] for line in metrics(run)[:20]]


def test_a_profile_is_a_trace_of_warm_steps_with_their_parts(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_local(context(lake, tmp_path), tmp_path / "local", profile=tmp_path / "profile")
    events = json.loads((tmp_path / "profile" / "trace.json").read_text())["traceEvents"]
    names = [event.get("name") for event in events if event.get("cat") == "user_annotation"]
    assert set(names) >= PARTS
    assert names.count("backward") == 3
    assert "aten::mm" in capsys.readouterr().out


def test_too_few_steps_for_a_profile_are_one_line(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"a profile takes 7 steps \(write --steps 7 or more\)"):
        train_local(context(lake, tmp_path), tmp_path / "local", num_steps=2, profile=tmp_path / "profile")
