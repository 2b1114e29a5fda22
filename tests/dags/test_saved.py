"""Checkpoints that are saved while a training goes on: seen once, and kept until they are judged."""

import asyncio

from evaluation.stage import named
from operators.checkpoints.saved import SavedTrigger
from smelt import saved
from smelt.phases import has_weights
from smelt.recipe.graph import JUDGEMENTS
from smelt.recipe.training.config import CheckpointConfig
from smelt.run import create_run, ended_key
from smelt.saved import CHECKPOINTS
from tests.chain import RECIPE
from training.checkpoints.checkpoint import tidy


def test_a_checkpoint_that_was_saved_is_seen_once_and_waits_until_it_is_judged(here, tmp_path):
    (tmp_path / "a.txt").write_text("Something to train on.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="seen", folder=tmp_path))
    run = create_run(file, {}, "run-1", here.settings)
    train = run.planned("train-1").artifact
    saved.watch(here, run.id, "train-1")
    assert saved.seen(here) == []
    for step, files in ((8, {"/model.json": b"{}"}), (16, {"/0.distcp": b"weights"})):
        train.write_part(here, "checkpoints", f"step-{step:07d}", files=files, rows=8, stats={})
    found = [saved.Saved("run-1", "train-1", "main", "step-0000016", 16)]
    assert asyncio.run(first_of(SavedTrigger())) == {"run": "run-1", "stage": "train-1", "phase": "main", "step": 16}
    assert saved.seen(here) == []
    assert saved.waiting(here, "run-1") == found and saved.waiting_names(here, train) == {"step-0000016"}
    saved.judged(here, train, "step-0000016", run.planned("evaluate").artifact)
    part = named("f00d")
    run.planned("evaluate").artifact.write_part(here, JUDGEMENTS, "step-0000016", files=part.files, rows=1, stats={})
    assert saved.seen(here) == saved.waiting(here, "run-1") == []
    here.put_json(ended_key("run-1"), {"state": "failed"})
    assert saved.seen(here) == [] == here.objects("watched/")


def test_what_is_judged_or_whose_run_has_ended_holds_no_weights_and_a_run_that_goes_on_has_it_wait_anew(here, tmp_path):
    (tmp_path / "a.txt").write_text("Something to train on.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="left", folder=tmp_path))
    runs = [create_run(file, {}, name, here.settings) for name in ("run-1", "run-2")]
    train, evaluate = runs[0].planned("train-1").artifact, runs[0].planned("evaluate").artifact
    keep = CheckpointConfig(keep_last=1, keep_best=False)

    def save(step: int) -> str:
        stats = {"by_phase": {"main": {"tokens": 8, "loss_sum": 1.0}}}
        name = f"step-{step:07d}"
        train.write_part(here, CHECKPOINTS, name, files={"/0.distcp": b"weights"}, rows=8, stats=stats)
        return name

    def with_weights() -> set[str]:
        tidy(here, train, keep)
        return {name for name, record in train.records(here, CHECKPOINTS).items() if has_weights(record)}

    saved.watch(here, "run-1", "train-1")
    first, second = save(8), save(16)
    assert [one.name for one in saved.seen(here)] == [first, second]
    last = save(24)
    assert with_weights() == {first, second, last}, "two of them wait"
    part = named("f00d")
    evaluate.write_part(here, JUDGEMENTS, first, files=part.files, rows=1, stats={})  # killed before it said so
    assert with_weights() == {second, last}

    here.put_json(ended_key("run-1"), {"state": "failed"})
    saved.watch(here, "run-2", "train-1")
    assert {(one.run, one.name) for one in saved.seen(here)} == {("run-2", second), ("run-2", last)}
    newest = save(32)
    assert with_weights() == {second, last, newest}, "the run that goes on has them wait"
    here.put_json(ended_key("run-2"), {"state": "failed"})
    assert with_weights() == {newest}


async def first_of(trigger: SavedTrigger) -> dict:
    async for event in trigger.run():
        return event.payload
    raise AssertionError("it looks for ever")
