"""The block stream: blocks come from the lake to local disk ahead of the trainer, and go when they are used up.

The first process of a machine has them fetched by a process beside it (``training.blocks.prefetch``), a bounded number
of blocks ahead. The machine's other processes wait for the files to appear, which they do whole and when the block is
known to be sound.
"""

import atexit
import itertools
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from torch.profiler import record_function

from smelt.errors import StageError
from smelt.lake import Lake, Manifest
from training.blocks.data import DATA_WAIT, Block
from training.blocks.plan import BlockPlan, Vocabulary
from training.blocks.prefetch import ARRIVED, FILES, Answer, Order

_fetching: list[subprocess.Popen] = []
"""This process's prefetcher, once it has one; kept for the next stream."""
_numbers = itertools.count()


class BlockStream:
    """Blocks in the order of ``plans``, each on local disk before it is asked for."""

    def __init__(
        self,
        lake: Lake,
        manifest: Manifest,
        plans: Sequence[BlockPlan],
        folder: Path,
        vocabulary: Vocabulary,
        *,
        fetches: bool,
        say: Callable[[str], None],
    ) -> None:
        """Makes ready.

        Args:
            fetches: whether this process has the blocks fetched, for all of its machine.
            say: told in words when a block is waited for that is still being made.
        """
        self._lake, self._manifest, self._plans = lake, manifest, plans
        self._folder, self._vocabulary, self._fetches, self._say = folder, vocabulary, fetches, say
        self._number = next(_numbers)

    def __iter__(self) -> Iterator[tuple[BlockPlan, Block, float]]:
        """Each block with its plan and the seconds it was waited for."""
        process = _prefetcher() if self._fetches else None
        if process is not None:
            (self._folder / ARRIVED).mkdir(parents=True, exist_ok=True)
            names = tuple(plan.name for plan in self._plans)
            sizes = self._vocabulary.size, self._vocabulary.token_bytes
            _send(process, Order(self._lake, self._manifest.artifact, names, self._folder, self._number, *sizes))
        for index, plan in enumerate(self._plans):
            started = time.perf_counter()
            if process is not None:
                _send(process, index)
            paths = [self._folder / f"{plan.name}{suffix}" for suffix in FILES]
            with record_function(DATA_WAIT):
                while not all(path.exists() for path in paths):
                    if process is None:
                        time.sleep(0.02)
                    else:
                        self._listen(process)
                block = Block(paths[1], paths[0], self._vocabulary.token_bytes)
            yield plan, block, time.perf_counter() - started

    def _listen(self, process: subprocess.Popen) -> None:
        """Wait for the prefetcher's next answer.

        Raises:
            SmeltError: what the prefetcher failed with.
        """
        try:
            answer: Answer = pickle.load(_pipe(process.stdout))
        except EOFError:
            raise StageError("the process that fetches blocks has died", where="train", mend="run it again") from None
        if answer.number != self._number:
            return  # of an earlier stream
        if answer.error is not None:
            raise answer.error
        if answer.state == "waiting":
            self._say(f"waiting for block {answer.name}, which is still being made")


def _prefetcher() -> subprocess.Popen:
    """A prefetcher that lives."""
    if not _fetching or _fetching[0].poll() is not None:
        command = [sys.executable, "-c", "from training.blocks.prefetch import main; main()"]
        _fetching[:] = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)]
        atexit.register(_fetching[0].kill)
    return _fetching[0]


def _send(process: subprocess.Popen, message: Any) -> None:
    pipe = _pipe(process.stdin)
    pickle.dump(message, pipe)
    pipe.flush()


def _pipe(found: IO[bytes] | None) -> IO[bytes]:
    assert found is not None, "the prefetcher was started without pipes"
    return found
