"""Megatron's checkpoint files, written behind a training that goes on.

Megatron's own asynchronous writer forks a process per file and starts a manager process that imports the main module
anew, which costs seconds and leaves children behind that a killed trainer can't end. Here the tensors are copied to
main memory at once, and a thread writes the copy; what the processes then have to tell each other goes through a
group of its own (gloo), beside that of the training.
"""

import hashlib
import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from training.model.megatron import (
    CheckpointingConfig,
    FileSystemWriterAsync,
    ShardedStateDict,
    TorchDistSaveShardedStrategy,
    dist_checkpointing,
    filesystem_async,
    save_config,
    torch_strategy,
)

Buckets = Sequence[tuple[str, str, tuple[list, list[tuple[Any, Tensor]]]]]
"""What a process writes: path, name, and (bytes, (item, tensor) pairs) of each file."""
FORMAT = ("torch_dist", 1)


class DirectWriter(FileSystemWriterAsync):
    """Writes in the thread that calls, with the same files as a result."""

    @staticmethod
    def preload_tensors(write_buckets: Buckets, non_blocking: bool = True) -> list:
        """The same with tensors in main memory that nobody else changes."""
        copied = [
            (path, name, (data, [(item, tensor.to("cpu", non_blocking=True, copy=True)) for item, tensor in tensors]))
            for path, name, (data, tensors) in write_buckets
        ]
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return copied

    @staticmethod
    def write_preloaded_data_multiproc(
        transforms: list, use_msc: bool, rank: int, buckets: list, results: "queue.SimpleQueue[dict[int, Any]]"
    ) -> None:
        """Write each bucket and hand over what was written where."""
        written = {}
        for index, bucket in enumerate(buckets):
            outcome: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
            pending: queue.Queue[int] = queue.Queue()
            pending.put(index)
            FileSystemWriterAsync.write_preloaded_data(transforms, index, bucket, outcome, pending, use_fsync=False)
            _, written[index] = outcome.get()
            if isinstance(written[index], Exception):
                raise written[index]
        results.put(written)


class _Strategy(TorchDistSaveShardedStrategy):
    """Hands out the writer and the plan instead of callbacks that talk through the training's group."""

    def _get_save_and_finalize_callbacks(self, writer: Any, planned: tuple) -> Any:
        self.writer, self.metadata = writer, planned[1]
        return super()._get_save_and_finalize_callbacks(writer, planned)


_RESULTS: "queue.SimpleQueue[dict[int, Any]]" = queue.SimpleQueue()
filesystem_async._get_write_results_queue = lambda: _RESULTS
torch_strategy.FileSystemWriterAsync = DirectWriter


class Snapshot:
    """A checkpoint that is in main memory and not yet on disk."""

    def __init__(self, contents: ShardedStateDict, folder: Path) -> None:
        """Copies this process's share; every process makes one together, while nothing is trained."""
        strategy = _Strategy(*FORMAT, thread_count=1)
        request = dist_checkpointing.save(contents, str(folder), strategy, async_sharded_save=True)
        assert request is not None
        self._folder, self._writer, self._metadata = folder, strategy.writer, strategy.metadata
        self._write: Callable | None = request.async_fn
        self._buckets: Buckets = request.preload_fn() if request.preload_fn is not None else []

    def write(self, group: dist.ProcessGroup) -> list[Path]:
        """Write this process's files; returns them, and on the first process those that speak for all.

        Args:
            group: of all processes, over gloo, that nothing else uses meanwhile.
        """
        files = [Path(path) for path, _, _ in self._buckets]
        written: Any = []
        if self._write is not None:
            self._write(dist.get_rank(), self._buckets, _RESULTS)
            written = self._writer.retrieve_write_results()
        everything = gather(written, group)
        if dist.get_rank() == 0:
            self._writer.finish(self._metadata, everything)
            save_config(CheckpointingConfig(*FORMAT), str(self._folder))
            files += [self._folder / name for name in (".metadata", "common.pt", "metadata.json")]
        return files

    def digests(self) -> list[tuple[str, list[int], str]]:
        """Name, place and SHA-256 of every tensor that this process writes."""
        found = []
        for _, _, (_, tensors) in self._buckets:
            for item, tensor in tensors:
                content = tensor.contiguous().view(torch.uint8).numpy().reshape(-1).data
                place = list(item.index.offset or ())
                found.append((item.index.fqn, place, hashlib.sha256(content).hexdigest()))
        return found


def gather(value: Any, group: dist.ProcessGroup) -> list[Any]:
    """Every process's value, in order, on the first one; elsewhere nothing."""
    found: list[Any] | None = [None] * group.size() if dist.get_rank() == 0 else None
    dist.gather_object(value, found, dst=0, group=group)
    return found or []
