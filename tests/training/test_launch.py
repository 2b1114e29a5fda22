"""Training with several processes, through Ray Train and without: one result, whatever is killed."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import ray
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

from smelt.errors import StageError
from smelt.lake import Lake
from smelt.recipe.phases import Phase
from smelt.recipe.training import TrainConfig
from smelt.stage import Context, Progress
from tests.training.artifacts import MODEL, again, context, metrics
from training.loop import train
from training.processes import start_alone, start_parallel
from training.stage import STAGE


def join(rank: int, given: Context, workers: int, folder: str) -> None:
    """One of several processes that train together, without Ray."""
    torch.set_num_threads(1)
    os.environ["LOCAL_RANK"] = str(rank)
    store = dist.FileStore(f"{folder}/{given.artifact.fingerprint}", workers)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=workers)
    parallel = given.config.training.parallel
    start_parallel(tensor=parallel.tensor, pipeline=parallel.pipeline)
    train(given)
    dist.destroy_process_group()


def train_together(given: Context, folder: Path, workers: int = 2) -> list[dict]:
    """Train with several processes; returns the metrics."""
    multiprocessing.spawn(join, (given, workers, str(folder)), nprocs=workers)
    return metrics(given)


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
def test_a_killed_worker_leaves_no_trace(lake: Lake, tmp_path: Path, cluster: None) -> None:
    whole = context(lake, tmp_path, workers=2)
    expected = train_together(whole, tmp_path)
    killed = again(whole, report=KillOnce(40, tmp_path / "killed"))
    records = STAGE.run(killed)
    assert (tmp_path / "killed").exists()
    assert [line["loss"] for line in metrics(killed)] == [line["loss"] for line in expected]
    assert [record.digest for record in records] == [record.digest for record in whole.records("checkpoints").values()]


def test_one_process_and_two_give_the_same_losses(lake: Lake, tmp_path: Path) -> None:
    start_alone()
    torch.set_num_threads(1)
    one = context(lake, tmp_path)
    train(one)
    two = train_together(again(one), tmp_path)
    for ours, theirs in zip(metrics(one), two, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=2e-3)
        assert ours["tokens_by_label"] == theirs["tokens_by_label"]


def test_a_batch_that_does_not_divide_is_one_line(lake: Lake, tmp_path: Path) -> None:
    odd = Phase(name="main", tokens=9 * 32, sequence_length=32, global_batch_size=9, learning_rate=1e-2)
    given = context(lake, tmp_path, TrainConfig(model=MODEL, phases=(odd,)), workers=2)
    with pytest.raises(StageError, match="global_batch_size 9 is a multiple of the data-parallel size 2"):
        STAGE.run(given)
