"""Training that is told to leave: it saves where it is, and goes on from there as if nothing had been."""

from collections.abc import Callable
from pathlib import Path

from smelt.lake import Lake
from tests.training.artifacts import again, metrics
from tests.training.planted import GUARD, planted, random_tokens
from tests.training.spikes.test_guard import events
from training.spikes.events import set_aside_folder
from training.steps.loop import train

STAYS = (9, 62, 3, 41, 1000)
"""Steps after which training is told to leave, each time: in a block, among bad steps, behind going back."""


def told_after(steps: int) -> Callable[[], bool]:
    """A notice that comes so many steps from now."""
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


def test_no_step_is_lost_or_made_twice_even_where_training_goes_back(lake: Lake, tmp_path: Path) -> None:
    whole = planted(lake, tmp_path, GUARD, random_tokens)
    train(whole)
    whole.lake.delete([f"{set_aside_folder(whole.inputs['blocks'])}0-00003.json"])
    left, saved = again(whole), []
    for steps in STAYS:
        train(left, told_after(steps))
        saved += left.records("interrupted")
    assert saved[:2] == ["step-0000011", "step-0000074"] and len(saved) > 2
    assert not left.records("interrupted")
    assert events(left) == events(whole)
    assert [line["loss"] for line in metrics(left)] == [line["loss"] for line in metrics(whole)]
    assert [line["step"] for line in metrics(left)] == [line["step"] for line in metrics(whole)]
    digests = [[record.digest for record in given.records("checkpoints").values()] for given in (whole, left)]
    assert digests[0] == digests[1]
