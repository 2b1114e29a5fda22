"""Held-out loss taken while training goes on: it changes no step, and it is the loss that evaluation finds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from evaluation.perplexity import model_losses
from smelt.errors import StageError
from smelt.lake import Artifact, Lake
from smelt.lake.artifact import RECORD
from smelt.recipe.training.config import TrainConfig, TrainingConfig, ValidateConfig
from smelt.stage import Context
from tests.training.artifacts import LABELS, MODEL, PHASES, again, commit, context, metrics
from tests.training.pair import Pair
from training.blocks.heldout import choose
from training.checkpoints.load import load_model
from training.model.processes import start_alone
from training.spikes.events import ROUND
from training.steps.loop import train
from training.steps.validation import HeldOut, Validation

EVERY = 3000
READ = [12, 24, 36, 47, 59]
"""Steps of 256 tokens behind which a multiple of it has been passed."""


def given(lake: Lake, home: Path, **training: Any) -> tuple[Context, Context]:
    """The same training, without and with held-out text to read."""
    named = {"document_mask": True, **training}
    plain = TrainConfig(
        model=MODEL, phases=PHASES, training=TrainingConfig(validate=ValidateConfig(every_tokens=None), **named)
    )
    reading = TrainingConfig(validate=ValidateConfig(every_tokens=EVERY, tokens_per_label=200, max_rise=5.0), **named)
    assert TrainConfig(model=MODEL, phases=PHASES, training=reading).model_dump() == plain.model_dump(), "in no name"
    without = context(lake, home, plain, held_out=True)
    return without, again(without, config=plain.model_copy(update={"training": reading}))


def losses(lines: list[dict]) -> list[Any]:
    return [(line["loss"], line["loss_by_label"], line["grad_norm"]) for line in lines]


def test_no_step_is_another_for_it_and_it_is_what_evaluation_finds(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    without, reading = given(lake, tmp_path)
    train(without)
    train(reading)
    lines = metrics(reading)
    assert losses(lines) == losses(metrics(without))
    records = [list(one.records("checkpoints").values()) for one in (without, reading)]
    assert [record.digest for record in records[0]] == [record.digest for record in records[1]]
    read = {line["step"]: line["heldout"] for line in lines if "heldout" in line}
    assert list(read) == READ
    assert all(set(found["loss_by_label"]) == set(LABELS) and found["tokens"] == 600 for found in read.values())
    assert read[59]["loss"] < read[12]["loss"]
    assert not any("heldout" in line for line in metrics(without))

    # behind the last step too, where there is a checkpoint to ask
    every = ValidateConfig(every_tokens=64 * 256, tokens_per_label=200)
    config = reading.config.model_copy(
        update={"training": reading.config.training.model_copy(update={"validate": every})}
    )
    last = again(reading, config=config)
    train(last)
    found = metrics(last)[-1]["heldout"]
    held_out = Artifact("tokens", last.inputs["blocks"].inputs["tokens"]).manifest(last.lake)
    assert held_out is not None
    streams = choose(last.lake, held_out, cap=200, end_of_document=0)
    model = load_model(last.lake, commit(last.lake, last.artifact, list(last.records("checkpoints").values())))
    for masked, differs in ((True, False), (False, True)):
        sums, _ = model_losses(model, streams, 64, document_mask=masked)
        whole = {stream.label: own.sum() / 200 for stream, own in zip(streams, sums, strict=True)}
        # its windows are cut elsewhere: those of all labels lie end to end
        assert (abs(found["loss"] - sum(whole.values()) / 3) > 0.02) == differs, (found, whole)


def test_a_run_that_goes_on_reads_the_same_on_two_processes_too(lake: Lake, tmp_path: Path, pair: Pair) -> None:
    without, reading = given(lake, tmp_path)
    whole = pair.train(reading, tmp_path)
    assert losses(whole) == losses(pair.train(without, tmp_path))
    assert [line["step"] for line in whole if "heldout" in line] == READ
    for name in ("step-0000048", "step-0000064"):  # as if killed before these were committed
        reading.lake.delete([reading.artifact.key("checkpoints", name, RECORD)])
    repeated = pair.train(reading, tmp_path)
    assert losses(repeated) == losses(whole)
    figures = [
        [(line["heldout"]["loss"], line["heldout"]["loss_by_label"]) for line in lines if "heldout" in line]
        for lines in (whole, repeated)
    ]
    assert figures[0] == figures[1]
    assert not [name for name in reading.records(ROUND) if name.endswith("heldout")]


def test_a_rise_is_an_alarm_once_and_training_goes_on(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    _, reading = given(lake, tmp_path)
    validation = Validation(reading, None)  # type: ignore[arg-type]  # asks for no vocabulary here

    def rises(**found: float | None) -> dict[str, float | None]:
        return validation.risen(HeldOut(1.0, dict(found), 1, 0.0))

    assert rises(en=3.0, zh=9.0) == {}
    assert rises(en=8.5, zh=9.0) == {"en": 5.5}
    assert rises(en=8.6, zh=None) == {"zh": None}, "en was told"
    resumed = Validation(reading, None)  # type: ignore[arg-type]
    resumed.load(validation.state())
    assert resumed.state() == validation.state() == {"lowest": {"en": 3.0, "zh": 9.0}, "risen": ["en", "zh"]}
    assert rises(en=2.0, zh=9.0) == {}
    assert rises(en=7.5, zh=9.0) == {"en": 5.5}

    touchy = reading.config.training.validate.model_copy(update={"max_rise": 1e-9, "every_tokens": 256})
    phases = (PHASES[0].model_copy(update={"learning_rate": 1.0, "tokens": 8 * 256}),)  # far too high: it gets worse
    config = reading.config.model_copy(
        update={"phases": phases, "training": reading.config.training.model_copy(update={"validate": touchy})}
    )
    shaken = again(reading, config=config)
    train(shaken)
    assert len(metrics(shaken)) == 8
    told = [name for name in shaken.records(ROUND) if name.endswith("heldout")]
    assert told


def test_text_that_is_gone_is_one_line_before_the_first_step(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    start_alone()
    _, reading = given(lake, tmp_path)
    blocks = reading.inputs["blocks"].model_copy(update={"inputs": {"tokens": "0" * 20}})
    with pytest.raises(StageError, match="the held-out text is no longer in the lake") as raised:
        train(replace(reading, inputs=reading.inputs | {"blocks": blocks}))
    assert "\n" not in str(raised.value)
    assert not reading.records("checkpoints")
