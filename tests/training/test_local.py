"""Training in one process for debugging: the run's own steps, a trace with their parts, and nothing in the lake."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from smelt.engine.make import make_artifact, serially
from smelt.errors import StageError
from smelt.explaining.traced import Making
from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.mixture import BlockPhase, BlocksConfig
from smelt.recipe.resources import Resources
from smelt.recipe.training.config import TrainConfig, TrainingConfig
from smelt.stage import Context, Progress
from tests.chain import dies_after
from tests.tasks import refinery
from tests.training.artifacts import DTYPE, MODEL, PHASES, VOCAB_SIZE, again, context, metrics, silent, tokenizer
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


def test_it_begins_with_the_first_block_and_waits_for_those_that_are_still_being_made(
    lake: Lake, tmp_path: Path
) -> None:
    """Its steps are those of a training that has all blocks, though who makes these is killed twice in between."""
    lake = Lake(replace(lake.settings, home=tmp_path), url=lake.url)
    draw = np.random.default_rng(3)
    sizes = draw.integers(20, 200, 120).tolist()
    documents = [
        {"id": refinery.identify(str(n)), "number": draw.integers(1, VOCAB_SIZE, size), "lang": "en", "domain": "web"}
        | {"tokens": size}
        for n, size in enumerate(sizes)
    ]
    inputs = {"tokens": refinery.tokenized(lake, [documents], DTYPE)}
    asked = BlockPhase(name="main", tokens=PHASES[0].tokens, sequence_length=32, global_batch_size=8)
    planned = refinery.planned_blocks(BlocksConfig(phases=(asked,), block_tokens=12 * 256), inputs)
    making = Context(lake, BlocksConfig.model_validate(planned.config), Resources(), inputs, {}, planned.artifact)

    def make(blocks: int) -> Manifest | None:
        try:
            return make_artifact(planned, making, dies_after(blocks) if blocks else serially)
        except KeyboardInterrupt:
            return None

    said, makers = list[str](), list[threading.Thread]()

    def go_on(progress: Progress) -> None:
        if "waiting" in progress.unit:
            said.append(progress.unit)
            makers.append(threading.Thread(target=make, args=(1 if len(said) == 1 else 0,)))
            makers[-1].start()

    given = {"blocks": Making.of(planned).unfinished, "tokenizer": tokenizer(lake)}
    config = TrainConfig(model=MODEL, phases=PHASES[:1], training=TrainingConfig())
    work = Context(lake, config, Resources(workers=1), given, {}, Artifact("train", "early"), report=go_on)
    assert make(1) is None
    train_local(work, tmp_path / "early")
    for maker in makers:
        maker.join()
    assert said == [f"steps, waiting for block 0-0000{n}, which is still being made" for n in (1, 2)]
    made = planned.artifact.manifest(lake)
    late = replace(work, inputs=given | {"blocks": made}, artifact=Artifact("train", "late"), report=silent)
    train_local(late, tmp_path / "late")
    one, other = (
        [(line["step"], line["loss"], line["grad_norm"]) for line in lines(tmp_path / name)]
        for name in ("early", "late")
    )
    assert one == other and len(one) == 48


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
