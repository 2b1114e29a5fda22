"""Fetching blocks ahead of the training, in a process of its own: transfer and hashing take nothing from the trainer.

The trainer starts one, keeps it for later streams, and talks to it through pipes with pickled messages: an ``Order``
begins a stream, a number says how far the training has come, and ``Answer`` comes back. A block whose record is not in
the lake yet is still being made and is waited for. One that is not sound (``training.blocks.soundness``) ends the
stream before anybody reads it. The process ends when its input does, so it outlives no trainer.
"""

import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, PartRecord, held
from smelt.lake.artifact import RECORD
from training.blocks.soundness import unsound

AHEAD = 2
"""Blocks on local disk beyond the one that is trained on."""
FILES = (".segments.parquet", ".bin")
ARRIVED = "arrived"
"""Folder, below that of the stream, of what has come and was not looked at yet."""
POLL_S = 1.0
"""Seconds between looks for a block that is still being made."""


@dataclass(frozen=True)
class Order:
    """A stream: blocks of an artifact, by name, in the order in which they are trained on, into a folder; how many
    tokens there are, and the bytes of each."""

    lake: Lake
    artifact: Artifact
    names: tuple[str, ...]
    folder: Path
    number: int
    vocab_size: int
    token_bytes: int


@dataclass(frozen=True)
class Answer:
    """What became of an order, by its number: a block is ``here`` or ``waiting``; or why the stream ended."""

    number: int
    state: Literal["here", "waiting", "failed"]
    name: str
    error: BaseException | None = None


class Fetcher:
    """Fetches for the newest order, a bounded number of blocks ahead of where the training is."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._order: Order | None = None
        self._next = self._at = 0

    def take(self, message: Order | int) -> None:
        """A new order, or how many blocks of the current one are used up."""
        with self._moved:
            if isinstance(message, Order):
                self._order, self._next, self._at = message, 0, 0
            else:
                self._at = message
            self._moved.notify_all()

    def run(self) -> None:
        """Fetch whatever is due, for ever."""
        while True:
            with self._moved:
                while self._order is None or self._next >= min(len(self._order.names), self._at + AHEAD + 1):
                    self._moved.wait()
                order, index = self._order, self._next
                self._next += 1
            try:
                if index > AHEAD:
                    for suffix in FILES:
                        (order.folder / f"{order.names[index - AHEAD - 1]}{suffix}").unlink(missing_ok=True)
                self._fetch(order, order.names[index])
            except BaseException as error:  # handed to the process that trains
                tell(Answer(order.number, "failed", order.names[index], error))
                with self._moved:
                    self._order = None

    def _fetch(self, order: Order, name: str) -> None:
        record = self._record(order, name)
        if record is None:
            return
        targets = [order.folder / f"{name}{suffix}" for suffix in FILES]
        if not all(target.exists() for target in targets):
            arrived = [order.folder / ARRIVED / target.name for target in targets]
            for suffix, target in zip(FILES, arrived, strict=True):
                held.fetch(order.lake, order.artifact, record, suffix, target)
            self._insist_on_soundness(order, name, *arrived)
            for target, own in zip(targets, arrived, strict=True):
                own.rename(target)
        tell(Answer(order.number, "here", name))

    def _insist_on_soundness(self, order: Order, name: str, segments: Path, tokens: Path) -> None:
        wrong = unsound(tokens, segments, vocab_size=order.vocab_size, token_bytes=order.token_bytes)
        if wrong:
            where = f"blocks/{order.artifact.fingerprint}, block {name}"
            mend = "it is as it was written: `--force blocks` makes all blocks anew; checkpoints stay"
            raise StageError(wrong, where=where, mend=mend)

    def _record(self, order: Order, name: str) -> PartRecord | None:
        """The block's record, as soon as there is one; None when another order came meanwhile."""
        said = False
        while self._order is order:
            found = order.lake.find_json(order.artifact.key("parts", name, RECORD))
            if found is not None:
                return PartRecord.model_validate(found)
            if not said:
                tell(Answer(order.number, "waiting", name))
                said = True
            time.sleep(POLL_S)
        return None


def tell(message: Answer) -> None:
    """Answer the process that trains."""
    pickle.dump(message, sys.stdout.buffer)
    sys.stdout.buffer.flush()


def main() -> None:
    """Serve the process at the other end of the pipes, until it goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains
    fetcher = Fetcher()
    threading.Thread(target=fetcher.run, daemon=True).start()
    while True:
        try:
            fetcher.take(pickle.load(sys.stdin.buffer))
        except EOFError:
            os._exit(0)
