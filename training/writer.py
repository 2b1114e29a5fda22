"""Megatron's checkpoint files, written by the process that calls.

Megatron's writer forks a process per file and starts a manager process that imports the main module anew, which
costs seconds and leaves children behind that a killed trainer can't end. A trainer here writes one file per
process, so it can as well write it itself; what takes long, the upload, goes on behind anyway.
"""

import queue
from typing import Any

from training.megatron import FileSystemWriterAsync, TorchDistSaveShardedStrategy, filesystem_async, torch_strategy


class DirectWriter(FileSystemWriterAsync):
    """Writes in this process, with the same files as a result."""

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


_RESULTS: "queue.SimpleQueue[dict[int, Any]]" = queue.SimpleQueue()
filesystem_async._get_write_results_queue = lambda: _RESULTS
torch_strategy.FileSystemWriterAsync = DirectWriter


def save_strategy() -> TorchDistSaveShardedStrategy:
    """The strategy to save checkpoints with."""
    return TorchDistSaveShardedStrategy("torch_dist", 1, thread_count=1)
