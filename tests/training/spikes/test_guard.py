"""The spike guard: what would do harm stays out of the weights, and a bad block is set aside."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.training.guard import GuardConfig
from smelt.stage import Context
from tests.training.artifacts import again, happened, metrics
from tests.training.pair import Pair
from tests.training.planted import GUARD, heldout_loss, planted, random_tokens, repeated_text, shuffled_label
from training.spikes.events import set_aside_blocks
from training.spikes.guard import ALL, Guard
from training.stage import STAGE
from training.steps.loop import train
from training.steps.trainer import Trainer

FIRST_BAD = 3 * 24 + 1
NOISE = 0.01
"""Held-out loss, in nats, between two runs of which one takes other betas for a stretch."""
HARM = 5 * NOISE
"""What a bad block costs at the least when nothing is done about it."""


def events(given: Context) -> dict[str, dict]:
    """Every event that follows from what was trained on, by name."""
    return {name: json.loads(given.get("events", name, ".json")) for name in happened(given)}


@pytest.mark.parametrize(
    ("spoil", "sign"),
    [
        (random_tokens, ("spike", ALL)),
        (shuffled_label, ("spike", "code/python")),
        (repeated_text, ("drop", ALL)),
    ],
    ids=["noise", "one label shuffled", "repeated"],
)
def test_a_bad_block_is_set_aside_and_leaves_no_trace(
    lake: Lake, tmp_path: Path, spoil: Callable, sign: tuple[str, str]
) -> None:
    guarded = planted(lake, tmp_path, GUARD, spoil)
    train(guarded)
    told = events(guarded)
    went_back = [event for event in told.values() if event["kind"] == "rollback"]
    assert [event["block"] for event in went_back] == ["0-00003"]
    assert went_back[0]["documents"] and all(name.startswith("0-00003/") for name in went_back[0]["documents"])
    assert (went_back[0]["unusual"][0]["kind"], sign[1]) == (sign[0], sign[1])
    assert sign[1] in [sight["track"] for sight in went_back[0]["unusual"]]
    after = next(event for event in told.values() if event["kind"] == "after")
    assert went_back[0]["before"] and len(after["losses"]) == 8
    assert not {line["step"] for line in metrics(guarded)} & set(range(FIRST_BAD, FIRST_BAD + 24))
    assert len(STAGE.run(guarded)) == 5  # and it knows that it is done

    never = again(guarded)  # a later run, which begins without the block that is now on the list
    train(never)
    assert [name for name, event in events(never).items() if event["kind"] != "respected"] == []
    spoilt = planted(lake, tmp_path, GuardConfig(enabled=False), spoil)
    train(spoilt)
    clean = heldout_loss(never)
    assert heldout_loss(guarded) == pytest.approx(clean, abs=NOISE)
    assert heldout_loss(spoilt) > clean + HARM


def test_a_run_killed_after_going_back_goes_the_same_way(lake: Lake, tmp_path: Path) -> None:
    whole = planted(lake, tmp_path, GUARD, random_tokens)
    train(whole)
    folder = "set-aside/" + whole.inputs["blocks"].fingerprint
    assert set_aside_blocks(whole.lake, whole.inputs["blocks"]) == ["0-00003"]
    whole.lake.delete([f"{folder}/0-00003.json"])  # as if nobody had met the block before
    broken = again(whole)
    train(broken)
    for name in ("step-0000120", "step-0000144"):
        broken.lake.delete([broken.artifact.key("checkpoints", name, ".record.json")])
    train(broken)
    digests = [[record.digest for record in given.records("checkpoints").values()] for given in (whole, broken)]
    assert digests[0] == digests[1]
    assert events(broken) == events(whole)


def test_too_many_bad_blocks_stop_and_ask(lake: Lake, tmp_path: Path) -> None:
    given = planted(lake, tmp_path, GuardConfig(window=32, max_rollbacks=1), random_tokens, bad=(2, 3))
    with pytest.raises(StageError, match="training went back 1 times, and block 0-00003 spoils it again at step 75"):
        train(given)


def spoil_gradients(monkeypatch: pytest.MonkeyPatch, calls: set[int] | None = None, samples: int | None = None) -> None:
    """Put an infinity into the gradient of some calls of the backward pass, or of every one on certain samples."""
    gradients, count = Trainer._gradients, [0]

    def spoilt(self, block, given):
        found = gradients(self, block, given)
        count[0] += 1
        if count[0] in (calls or ()) or given[0] == samples:
            self.optimizer.params[0].main_grad.view(-1)[0] = float("inf")
        return found

    monkeypatch.setattr(Trainer, "_gradients", spoilt)


def test_a_fault_of_the_machine_is_told_from_the_data_and_leaves_no_trace(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = planted(lake, tmp_path, GUARD, None)
    train(whole)
    faulty = again(whole)
    spoil_gradients(monkeypatch, calls={10})
    train(faulty)
    told = [event for event in events(faulty).values() if event["kind"] not in ("respected", "after")]
    assert [(event["kind"], event["step"], event["grad_norm"]) for event in told] == [("fault", 10, None)]
    assert told[0]["again"]["grad_norm"] > 0
    assert [line["loss"] for line in metrics(faulty)] == [line["loss"] for line in metrics(whole)]


def spoil_on_the_second() -> Callable[[], None]:
    """In one of two processes: an infinity in its own copy of the tenth step's gradients, behind their sum."""
    patch = pytest.MonkeyPatch()
    if dist.get_rank() == 1:
        spoil_gradients(patch, calls={10})
    return patch.undo


def test_what_one_process_sees_all_act_on(lake: Lake, tmp_path: Path, pair: Pair) -> None:
    given = planted(lake, tmp_path, GUARD, random_tokens)
    lines = pair.train(given, tmp_path, spoil_on_the_second)
    told = {event["kind"]: event for event in events(given).values()}
    assert (told["fault"]["step"], told["fault"]["grad_norm"]) == (10, None)
    assert lines[9]["loss"] == pytest.approx(told["fault"]["again"]["loss"], abs=1e-9) and not lines[9]["skipped"]
    assert told["rollback"]["block"] == "0-00003"
    assert set_aside_blocks(lake, given.inputs["blocks"]) == ["0-00003"]
    assert lines[-1]["loss"] < lines[9]["loss"] - 1


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = planted(lake, tmp_path, GuardConfig(enabled=False), None)
    spoil_gradients(monkeypatch, samples=9 * 8)  # of every block's tenth step, however often it is made
    train(given)
    lines = metrics(given)
    assert [line["step"] for line in lines if line["skipped"]] == [10, 34, 58, 82, 106, 130]
    assert lines[9]["grad_norm"] is None
    assert lines[-1]["loss"] < lines[8]["loss"]


def follow(guard: Guard, steps: int, loss: Callable[[int], float]) -> None:
    """Let the guard see steps of two labels, one with few tokens and much noise."""
    for step in range(steps):
        assert guard.look(guard.limits(), {ALL: loss(step)}, {ALL: 400}, 1.0) == []
        small = loss(step) + 0.3 * np.random.default_rng(step).normal()
        guard.take_in({ALL: loss(step), "a": loss(step), "b": small}, {ALL: 400, "a": 390, "b": 10}, 1.0)


def test_what_counts_as_unusual() -> None:
    guard = Guard(GuardConfig(window=32))
    follow(guard, 40, lambda step: 3.0 + 0.01 * (step % 3))
    guard.enter_block()
    limits = guard.limits()

    def sights(tokens: int = 400, norm: float | None = 1.0, **losses: float | None) -> list[tuple[str, str]]:
        found = {ALL: 3.0, **losses}
        return [(s.kind, s.track) for s in guard.look(limits, found, dict.fromkeys(found, tokens), norm)]

    assert sights() == sights(a=3.1, b=3.1) == []
    assert sights(**{ALL: 3.6}) == [("spike", ALL)]
    assert sights(**{ALL: 2.4}) == [("drop", ALL)]
    assert sights(a=4.0) == [("spike", "a")]
    assert sights(b=5.0, tokens=10) == []  # the noise of so few tokens
    assert sights(b=5.0, tokens=390) == [("spike", "b")]
    assert sights(norm=100.0) == sights(norm=None) == [("spike", "grad_norm")]
    assert sights(**{ALL: None}) == [("spike", ALL)]


def test_the_device_decides_as_the_host_does() -> None:
    guard = Guard(GuardConfig(window=32))
    follow(guard, 40, lambda step: 3.0 + 0.01 * (step % 3))
    guard.enter_block()
    limits = guard.limits()
    generator = np.random.default_rng(3)
    for _ in range(200):
        means, tokens = 3 + generator.normal(size=2) * generator.choice([0.1, 1.0]), generator.integers(0, 200, 2)
        if not tokens.sum():
            continue
        sums, norm = torch.tensor(np.stack((means * tokens, tokens))), float(np.exp(generator.normal() * 2))
        losses = {ALL: float((means * tokens).sum() / tokens.sum())}
        losses |= {name: float(mean) for name, mean, n in zip("ab", means, tokens, strict=True) if n}
        counts = {ALL: int(tokens.sum()), **dict(zip("ab", tokens.tolist(), strict=True))}
        host = bool(guard.look(limits, losses, counts, norm))
        assert bool(limits.broken(["a", "b"], sums, torch.tensor(norm))) == host


def test_a_loss_that_falls_as_it_did_is_no_drop() -> None:
    guard = Guard(GuardConfig(window=32))
    for block in range(6):
        guard.enter_block()
        for step in range(24):
            loss = 8.0 - 0.04 * (24 * block + step)
            assert guard.look(guard.limits(), {ALL: loss}, {ALL: 400}, 1.0) == []
            guard.take_in({ALL: loss}, {ALL: 400}, 1.0)
