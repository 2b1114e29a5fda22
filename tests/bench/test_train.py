"""What ``bench.train`` measures, in small: who is held in memory when, and how long a run waits for its data."""

import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bench.train import LABELS, RandomBlock, data_wait_share, held_out, measured, ours
from smelt.lake import Lake
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.phases import Phase
from tests.training.artifacts import MODEL


class Contender:
    """A step that says when it is made, and finds out who else is there."""

    def __init__(self, name: str, said: list[str], others: "weakref.WeakSet[Contender]") -> None:
        self.name, self.said, self.others = name, said, others
        others.add(self)
        said.append(f"{name} is built beside {len(others) - 1}")

    def __call__(self) -> float:
        self.said.append(self.name)
        return 1.0


@pytest.mark.parametrize("together", [True, False])
def test_contenders_take_turns_or_are_freed_before_the_next(together: bool) -> None:
    said: list[str] = []
    alive: weakref.WeakSet[Contender] = weakref.WeakSet()

    def builder(name: str) -> Callable[[], Contender]:
        return lambda: Contender(name, said, alive)

    def broken() -> Contender:
        raise RuntimeError("no compiler\nand more")

    builders = {"a": builder("a"), "b": builder("b"), "c": broken}
    taken, left_out = measured(builders, 2, together=together)
    assert (taken, left_out) == ({"a": [1.0, 1.0], "b": [1.0, 1.0]}, {"c": "no compiler"})
    assert not alive
    if together:
        assert said == ["a is built beside 0", "a", "a", "b is built beside 1", "b", "b", "a", "b", "a", "b"]
    else:
        assert said == ["a is built beside 0", *"aaaa", "b is built beside 0", *"bbbb"]


def test_a_run_over_blocks_from_the_lake_says_what_it_waits(lake: Lake, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    phase = Phase(sequence_length=32, global_batch_size=4)
    assert 0 < data_wait_share(lake, tmp_path, TrainConfig(model=MODEL, phases=(phase,)), 300) < 1


def test_our_step_and_our_held_out_loss_are_taken_on_random_tokens() -> None:
    torch.set_num_threads(1)
    config = TrainConfig(model=MODEL, phases=(Phase(tokens=10_000, sequence_length=32, global_batch_size=4),))
    for build in (ours, held_out):
        assert build(config, 300)() > 0


def test_a_random_block_has_as_many_labels_as_asked_for() -> None:
    block = RandomBlock(300, LABELS)
    assert len(block.label_names) == LABELS
    assert set(block.batch(0, 16, 64).labels.flatten().tolist()) == set(range(LABELS))
