"""Months of trouble in minutes: a tiny model is trained by two processes, which are killed all the time.

    python -m bench.soak --seconds 600

An undisturbed run comes first. Then the same training is run again and again, and each attempt at it ends by one of

- worker: one process is killed (SIGKILL); the other fails, and is ended as Ray Train does it,
- machine: both are killed at once,
- upload: a process kills itself between two objects of a checkpoint,
- notice: one is told to leave (SIGTERM): both save where they are, and leave.

Of each run that came to its end every step's loss and every checkpoint's digest must be the undisturbed one's, bitwise;
and no more weights may ever lie in the lake than the checkpoint policy keeps, with one more checkpoint on its way.
"""

import json
import multiprocessing
import os
import pickle
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.utils import tensorboard

from bench.command import arguments_of, publish
from bench.store import own_store
from smelt.lake import Lake
from smelt.recipe.training.config import CheckpointConfig, TrainConfig, TrainingConfig
from smelt.recipe.training.phases import Phase
from smelt.settings import Settings
from smelt.stage import Context
from tests.training.artifacts import MODEL, again, context, metrics
from training.checkpoints.checkpoint import INTERRUPTED, ROUND
from training.model.processes import start_parallel
from training.steps.loop import train

WORKERS = 2
KINDS = ("worker", "machine", "upload", "notice")
KEEP = CheckpointConfig(keep_last=2, keep_best=True)
PHASES = (
    Phase(name="main", tokens=600 * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2),
    Phase(name="anneal", tokens=200 * 256, sequence_length=64, global_batch_size=4, learning_rate=5e-3),
)
STEPS_PER_BLOCK = 20
MOST_WEIGHTS = 1 + 1 + 2 + 1 + 1 + 1
"""The end of the first phase, the best, the last two, one behind which tidying was killed, one on its way, and one in
the middle of a block."""
LONGEST_S = 120
"""Seconds after which an attempt counts as hanging."""
fork = multiprocessing.get_context("forkserver")
fork.set_forkserver_preload(["bench.soak"])  # forked from a process that has imported all, and begun no thread


def prepare(settings: Settings, folder: Path) -> None:
    """Write the inputs, and the context beside them."""
    config = TrainConfig(model=MODEL, phases=PHASES, training=TrainingConfig(checkpoint=KEEP))
    lake = Lake(settings, url="s3://smelt/soak")
    given = context(lake, folder / "home", config, steps_per_block=STEPS_PER_BLOCK, workers=WORKERS)
    (folder / "context").write_bytes(pickle.dumps(given))


def work(rank: int, store: Path, given: Context, dies_at: int) -> None:
    """One process of an attempt.

    Args:
        dies_at: number of the checkpoint's object before which it kills itself; 0 for never.
    """
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    os.environ["LOCAL_RANK"] = str(rank)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  (what a process says whose neighbour was killed)
    torch.set_num_threads(1)
    if dies_at:
        Lake.put = dying(Lake.put, dies_at)  # type: ignore[method-assign]
    dist.init_process_group("gloo", store=dist.FileStore(str(store), WORKERS), rank=rank, world_size=WORKERS)
    start_parallel(tensor=1, pipeline=1)
    train(given, told.is_set)
    os._exit(0)


def dying(put: Any, dies_at: int) -> Any:
    """``Lake.put`` that ends the process instead of its n-th object of a checkpoint."""
    seen = [0]

    def wrapped(self: Lake, key: str, content: Any) -> None:
        seen[0] += f"/{ROUND}/" in key
        if seen[0] == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        put(self, key, content)

    return wrapped


def look(given: Context, target: Path) -> None:
    """Write down where a run stands: losses by step, digests, and what lies in the lake and on disk."""
    objects = given.lake.objects(given.artifact.root)
    weights = {item.key.rsplit("/", 1)[0] for item in objects if item.key.endswith(".distcp")}
    scratch = sum(path.stat().st_size for path in given.scratch.rglob("*") if path.is_file())
    lines = metrics(given)
    found = {
        "steps": [line["step"] for line in lines],
        "losses": [line["loss"] for line in lines],
        "digests": [record.digest for record in given.records(ROUND).values()],
        "interrupted": list(given.records(INTERRUPTED)),
        "weights": len(weights),
        "lake_bytes": sum(item.bytes for item in objects if not item.key.endswith(".json")),
        "disk_bytes": scratch,
    }
    target.write_text(json.dumps(found))


def in_child(function: Any, *arguments: Any) -> None:
    """Run a function in a process of its own."""
    child = fork.Process(target=function, args=arguments)
    child.start()
    child.join()
    assert child.exitcode == 0, f"{function.__name__} failed"


class Soak:
    """The runs, and what was counted."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.draw = folder, random.Random(seed)
        self.given: Context = pickle.loads((folder / "context").read_bytes())
        self.counts: Counter[str] = Counter()
        self.most = {"weights": 0, "lake_bytes": 0, "disk_bytes": 0}

    def attempt(self, given: Context, kind: str | None) -> None:
        """Train until the end, or until what ``kind`` says has happened."""
        self.counts["attempts"] += 1
        store = self.folder / f"{self.counts['attempts']}.store"
        victim = self.draw.randrange(WORKERS)
        dies_at = self.draw.randrange(1, 30) if kind == "upload" else 0
        children = [
            fork.Process(target=work, args=(rank, store, given, dies_at if rank == victim else 0))
            for rank in range(WORKERS)
        ]
        for child in children:
            child.start()
        if kind in ("worker", "machine", "notice"):
            children[victim].join(self.draw.uniform(1, 12))
            if all(child.is_alive() for child in children):
                self.counts[kind] += 1
                for child in children if kind == "machine" else [children[victim]]:
                    os.kill(child.pid or 0, signal.SIGTERM if kind == "notice" else signal.SIGKILL)
        self.wait(children)
        codes = [child.exitcode for child in children]
        if kind == "upload" and -signal.SIGKILL in codes:
            self.counts[kind] += 1
        if kind == "notice":
            self.counts["left in order"] += codes == [0, 0]

    def wait(self, children: Sequence[BaseProcess]) -> None:
        """Until all have ended; when one was lost, the others are ended as soon as they have had time to fail."""
        deadline = time.monotonic() + LONGEST_S
        while any(child.is_alive() for child in children):
            if any(child.exitcode not in (None, 0) for child in children):
                for child in children:
                    child.join(2)
                    child.kill()
            assert time.monotonic() < deadline, "an attempt hangs"
            time.sleep(0.02)

    def stand(self, given: Context) -> dict[str, Any]:
        """Where a run stands; counts the most that it held."""
        target = self.folder / "stand.json"
        in_child(look, given, target)
        found = json.loads(target.read_text())
        self.most = {name: max(most, found[name]) for name, most in self.most.items()}
        return found

    def run(self, seconds: float) -> dict[str, Any]:
        """The undisturbed run, and disturbed ones for so long.

        Raises:
            AssertionError: where one differs from it.
        """
        self.attempt(self.given, None)
        expected = self.stand(self.given)
        steps = sum(phase.num_steps for phase in PHASES)
        assert expected["steps"] == list(range(1, steps + 1))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            given = again(self.given)
            while len((stand := self.stand(given))["steps"]) < steps:
                # behind the last kill that fits the time, a run is let go to its end
                self.attempt(given, self.draw.choice(KINDS) if time.monotonic() < end else None)
                assert self.most["weights"] <= MOST_WEIGHTS, f"{self.most['weights']} checkpoints' weights are kept"
            assert stand["steps"] == expected["steps"], "a step is missing or doubled"
            assert stand["losses"] == expected["losses"], "losses differ"
            assert stand["digests"] == expected["digests"], "checkpoints differ"
            assert not stand["interrupted"]
            self.counts["runs"] += 1
            self.counts["steps"] += steps
            print(f"{self.counts['runs']} runs equal the undisturbed one; {dict(self.counts)}", flush=True)
        return {"counts": dict(self.counts), "most": self.most, "lake_bytes_at_the_end": expected["lake_bytes"]}


def main() -> None:
    """Print the figures; exit by an error where a run differs."""
    parser = arguments_of(__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    assert tensorboard.SummaryWriter is not None  # imported once, ahead of all that is forked
    with own_store() as settings:
        folder = settings.home.parent
        in_child(prepare, settings, folder)
        figures = Soak(folder, arguments.seed).run(arguments.seconds)
    print(json.dumps(figures, indent=1))
    publish({"ratios": {}, "figures": figures}, arguments)


if __name__ == "__main__":
    main()
