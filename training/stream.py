"""The block stream: blocks come from the lake to local disk ahead of the trainer, and go when they are used up.

A thread of the machine's first process fetches, a bounded number of blocks ahead; transfer and hashing both
run outside the GIL. The other processes of the machine wait for the files to appear, which they do whole.
"""

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from smelt.errors import StageError
from smelt.lake import Lake, Manifest
from training.data import Block
from training.plan import BlockPlan, Vocabulary

AHEAD = 2
"""Blocks on local disk beyond the one that is trained on."""
FILES = (".segments.parquet", ".bin")


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
    ) -> None:
        self._lake, self._manifest, self._plans = lake, manifest, plans
        self._folder, self._vocabulary, self._fetches = folder, vocabulary, fetches
        self._at = 0
        self._closed = False
        self._moved = threading.Condition()
        self._error: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[BlockPlan, Block, float]]:
        """Each block with its plan and the seconds it was waited for."""
        if self._fetches:
            threading.Thread(target=self._fetch_all, name="blocks", daemon=True).start()
        for index, plan in enumerate(self._plans):
            started = time.perf_counter()
            paths = self._wait_for(plan)
            block = Block(paths[1], paths[0], self._vocabulary.token_bytes)
            yield plan, block, time.perf_counter() - started
            with self._moved:
                self._at = index + 1
                self._moved.notify_all()

    def close(self) -> None:
        """Fetch no more blocks."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()

    def _wait_for(self, plan: BlockPlan) -> list[Path]:
        paths = [self._path(plan, suffix) for suffix in FILES]
        while not all(path.exists() for path in paths):
            if self._error is not None:
                raise self._error
            time.sleep(0.02)
        return paths

    def _fetch_all(self) -> None:
        try:
            for index, plan in enumerate(self._plans):
                with self._moved:
                    while index > self._at + AHEAD and not self._closed:
                        self._moved.wait()
                if self._closed:
                    return
                if index > AHEAD + 1:
                    self._forget(self._plans[index - AHEAD - 2])
                for suffix in FILES:
                    self._fetch(plan, suffix)
        except BaseException as error:  # handed to the thread that trains
            self._error = error

    def _fetch(self, plan: BlockPlan, suffix: str) -> None:
        target = self._path(plan, suffix)
        if target.exists():
            return
        key, expected = self._manifest.key(plan.name, suffix), self._manifest.part(plan.name).files[suffix]
        arriving = target.with_name(target.name + ".arriving")
        self._lake.download(key, arriving)
        with arriving.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256:
                raise StageError("the block is not what was written", where=self._lake.path(key), mend="make it again")
        arriving.rename(target)

    def _forget(self, plan: BlockPlan) -> None:
        for suffix in FILES:
            self._path(plan, suffix).unlink(missing_ok=True)

    def _path(self, plan: BlockPlan, suffix: str) -> Path:
        return self._folder / f"{plan.name}{suffix}"
