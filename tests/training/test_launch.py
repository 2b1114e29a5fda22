"""Training with several processes, through Ray Train and without: one result, whatever is killed."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import ray

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.phases import Phase
from smelt.recipe.training import TrainConfig
from smelt.stage import Progress
from tests.training.artifacts import MODEL, again, context, metrics
from tests.training.pair import Pair
from training.stage import STAGE


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray of this module's own."""
    ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="error")
    yield
    ray.shutdown()


@dataclass(frozen=True)
class KillOnce:
    """Kills the process that reports a step, the first time that step is reached."""

    step: int
    mark: Path

    def __call__(self, progress: Progress) -> None:
        if progress.done == self.step and not self.mark.exists():
            self.mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.timeout(900)  # Ray Train starts its workers twice
def test_a_killed_worker_leaves_no_trace(lake: Lake, tmp_path: Path, cluster: None, pair: Pair) -> None:
    whole = context(lake, tmp_path, workers=2)
    expected = pair.train(whole, tmp_path)
    killed = again(whole, report=KillOnce(40, tmp_path / "killed"))
    records = STAGE.run(killed)
    assert (tmp_path / "killed").exists()
    assert [line["loss"] for line in metrics(killed)] == [line["loss"] for line in expected]
    assert [record.digest for record in records] == [record.digest for record in whole.records("checkpoints").values()]


def test_a_batch_that_does_not_divide_is_one_line(lake: Lake, tmp_path: Path) -> None:
    odd = Phase(name="main", tokens=9 * 32, sequence_length=32, global_batch_size=9, learning_rate=1e-2)
    given = context(lake, tmp_path, TrainConfig(model=MODEL, phases=(odd,)), workers=2)
    with pytest.raises(StageError, match="global_batch_size 9 is a multiple of the data-parallel size 2"):
        STAGE.run(given)
