"""Months of trouble in minutes: a tiny model is trained by two processes, which are killed all the time.

    python -m bench.soak --seconds 600

A training and two branches of it, which anneal otherwise from the end of its first phase, are run undisturbed first,
each from nothing. Then they are run again and again, the branches from what the training has made, and each attempt
ends by one of

- worker: one process is killed (SIGKILL); the other fails, and is ended as Ray Train does it,
- machine: both are killed at once,
- upload: a process kills itself between two objects of a checkpoint,
- notice: one is told to leave (SIGTERM): both save where they are, and leave,
- stop: the run is asked to stop: both leave behind the next checkpoint, and the run goes on later,
- trunk: of a branch, who takes over the training's checkpoints is killed on the way.

Of each run that came to its end every step's loss and every checkpoint's digest must be the undisturbed one's, bitwise;
a branch has made no step that its training had; and no more weights may ever lie in the lake than the checkpoint policy
keeps, with one more checkpoint on its way.
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
from dataclasses import replace
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
from smelt.steering import stopping
from tests.training.artifacts import MODEL, again, context, metrics
from training.blocks.plan import plan_blocks, read_vocabulary
from training.checkpoints.checkpoint import INTERRUPTED, ROUND
from training.checkpoints.trunk import take_over
from training.model.processes import start_parallel
from training.steps.loop import train

WORKERS = 2
KINDS = ("worker", "machine", "upload", "notice", "stop")
KEEP = CheckpointConfig(keep_last=2, keep_best=True)
MAIN = Phase(name="main", tokens=600 * 256, sequence_length=32, global_batch_size=8, learning_rate=1e-2)
ANNEAL = Phase(name="anneal", tokens=200 * 256, sequence_length=64, global_batch_size=4, learning_rate=5e-3)
TRAINING, BRANCHES = "training", ("gentle", "long")
LAST = {
    TRAINING: ANNEAL,
    "gentle": ANNEAL.model_copy(update={"name": "gentle", "learning_rate": 1e-3}),
    "long": ANNEAL.model_copy(update={"name": "long", "tokens": 260 * 256, "schedule": "constant"}),
}
"""The last phase of each; the first is the same."""
STEPS_PER_BLOCK = 20
MOST_WEIGHTS = 1 + 1 + 2 + 1 + 1 + 1
"""The end of the first phase, the best, the last two, one behind which tidying was killed, one on its way, and one in
the middle of a block."""
LONGEST_S = 120
"""Seconds after which an attempt counts as hanging."""
fork = multiprocessing.get_context("forkserver")
fork.set_forkserver_preload(["bench.soak"])  # forked from a process that has imported all, and begun no thread


def prepare(settings: Settings, folder: Path) -> None:
    """Write the inputs, and the contexts beside them."""
    lake, given = Lake(settings, url="s3://smelt/soak"), {}
    for name, last in LAST.items():
        config = TrainConfig(model=MODEL, phases=(MAIN, last), training=TrainingConfig(checkpoint=KEEP))
        made = context(lake, folder / "home", config, steps_per_block=STEPS_PER_BLOCK, workers=WORKERS)
        given[name] = replace(made, run=f"soak-{name}")
    (folder / "contexts").write_bytes(pickle.dumps(given))


def begin(given: Context) -> None:
    """What the stage does before it trains: write the course down, and take over what another has made of it."""
    vocabulary = read_vocabulary(given.lake, given.inputs["tokenizer"])
    take_over(given, plan_blocks(given.config, given.inputs["blocks"], vocabulary), vocabulary)


def clean(lake: Lake) -> None:
    """Delete what earlier runs have made."""
    lake.delete([item.key for item in lake.objects("train/")])


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
        "clocks": [line["step_s"] for line in lines],
        "digests": [record.digest for record in given.records(ROUND).values()],
        "interrupted": list(given.records(INTERRUPTED)),
        "weights": len(weights),
        "lake_bytes": sum(item.bytes for item in objects if not item.key.endswith(".json")),
        "disk_bytes": scratch,
    }
    target.write_text(json.dumps(found))


def in_child(function: Any, *arguments: Any, killed_after_s: float | None = None) -> bool:
    """Run a function in a process of its own; whether it has come to its end before it was killed."""
    child = fork.Process(target=function, args=arguments)
    child.start()
    child.join(killed_after_s)
    if child.is_alive():
        child.kill()
        child.join()
        return False
    assert child.exitcode == 0, f"{function.__name__} failed"
    return True


class Soak:
    """The runs, and what was counted."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.draw = folder, random.Random(seed)
        self.given: dict[str, Context] = pickle.loads((folder / "contexts").read_bytes())
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
        if kind in ("worker", "machine", "notice", "stop"):
            children[victim].join(self.draw.uniform(1, 12))
            if all(child.is_alive() for child in children):
                self.counts[kind] += 1
                if kind == "stop":
                    given.lake.put_json(stopping.request_key(given.run), stopping.Request(when="now").model_dump())
                else:
                    for child in children if kind == "machine" else [children[victim]]:
                        os.kill(child.pid or 0, signal.SIGTERM if kind == "notice" else signal.SIGKILL)
        self.wait(children)
        stopping.take_back(given.lake, given.run)
        codes = [child.exitcode for child in children]
        if kind == "upload" and -signal.SIGKILL in codes:
            self.counts[kind] += 1
        if kind in ("notice", "stop"):
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
        """The undisturbed runs, and disturbed ones for so long.

        Raises:
            AssertionError: where one differs from its undisturbed one.
        """
        expected = {}
        for name, given in self.given.items():
            self.attempt(given, None)
            expected[name] = self.stand(given)
            steps = sum(phase.num_steps for phase in given.config.phases)
            assert expected[name]["steps"] == list(range(1, steps + 1))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            in_child(clean, self.given[TRAINING].lake)
            trunk = self.disturbed(TRAINING, expected[TRAINING], end)
            for name in self.draw.sample(BRANCHES, len(BRANCHES)):
                made = self.disturbed(name, expected[name], end)
                assert made["clocks"][: MAIN.num_steps] == trunk["clocks"][: MAIN.num_steps], "steps are made twice"
                self.counts["steps taken over"] += MAIN.num_steps
            print(f"{self.counts['runs']} runs equal the undisturbed ones; {dict(self.counts)}", flush=True)
        ends = {name: found["lake_bytes"] for name, found in expected.items()}
        return {"counts": dict(self.counts), "most": self.most, "lake_bytes_at_the_end": ends}

    def disturbed(self, name: str, expected: dict[str, Any], end: float) -> dict[str, Any]:
        """One of the trainings under trouble, until it has made all its steps; where it stands then."""
        given = again(self.given[name])
        # one that was killed after it had taken something over goes on from there, as after any kill
        while not in_child(begin, given, killed_after_s=self.draw.uniform(0, 3) if name in BRANCHES else None):
            self.counts["trunk"] += 1
        while len((stand := self.stand(given))["steps"]) < len(expected["steps"]):
            # behind the last kill that fits the time, a run is let go to its end
            self.attempt(given, self.draw.choice(KINDS) if time.monotonic() < end else None)
            assert self.most["weights"] <= MOST_WEIGHTS, f"{self.most['weights']} checkpoints' weights are kept"
        assert stand["steps"] == expected["steps"], "a step is missing or doubled"
        assert stand["losses"] == expected["losses"], "losses differ"
        assert stand["digests"] == expected["digests"], "checkpoints differ"
        assert not stand["interrupted"]
        self.counts["runs"] += 1
        self.counts["steps"] += len(stand["steps"])
        return stand


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
