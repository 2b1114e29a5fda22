"""Two processes that train together, started once for all tests of a session: importing Megatron costs seconds."""

import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as multiprocessing

from smelt.stage import Context
from tests.training.artifacts import metrics
from training.model.megatron import parallel_state


def serve(rank: int, tasks: Any, done: Any) -> None:
    """Train one context after another."""
    from training.model.processes import start_parallel
    from training.steps.loop import train

    torch.set_num_threads(1)
    os.environ["LOCAL_RANK"] = str(rank)
    while (task := tasks.get()) is not None:
        given, workers, folder, number, before = task
        undo = None
        try:
            store = dist.FileStore(f"{folder}/{number}.store", workers)
            dist.init_process_group("gloo", store=store, rank=rank, world_size=workers)
            parallel = given.config.training.parallel
            start_parallel(tensor=parallel.tensor, pipeline=parallel.pipeline)
            undo = before() if before else None
            train(given)
            done.put("")
        except BaseException:
            done.put(traceback.format_exc())
        finally:
            if undo:
                undo()
            parallel_state.destroy_model_parallel()
            dist.destroy_process_group()


class Pair:
    """The two processes."""

    def __init__(self) -> None:
        self._number = 0
        spawn = multiprocessing.get_context("spawn")
        self._done = spawn.SimpleQueue()
        self._tasks = [spawn.SimpleQueue() for _ in range(2)]
        self._processes = [
            spawn.Process(target=serve, args=(rank, tasks, self._done), daemon=True)
            for rank, tasks in enumerate(self._tasks)
        ]
        for process in self._processes:
            process.start()

    def train(
        self, given: Context, folder: Path, before: Callable[[], Callable[[], None] | None] | None = None
    ) -> list[dict]:
        """Train on both together; returns the metrics.

        Args:
            before: called in both processes first; what it returns is called behind.
        """
        self._number += 1
        for tasks in self._tasks:
            tasks.put((given, len(self._tasks), str(folder), self._number, before))
        problems = [self._done.get() for _ in self._tasks]
        assert problems == ["", ""], "\n".join(problems)
        return metrics(given)

    def close(self) -> None:
        """End both."""
        for tasks, process in zip(self._tasks, self._processes, strict=True):
            tasks.put(None)
            process.join(10)
            process.kill()


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """Two processes, for as long as the tests run."""
    found = Pair()
    yield found
    found.close()
