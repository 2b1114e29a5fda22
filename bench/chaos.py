"""A recipe to its end, from documents to report, while everything it stands on is put out of order at random.

    python -m bench.chaos --seconds 1800

A stack of its own (store, Ray, Airflow) runs a small recipe undisturbed once. Then all that was made is deleted, and it
is run again and again, while

- requests to the object store are lost, answered with 500, 503 or 429, left without an answer, answered late, or
  carried out and their answer lost or broken off (a proxy before the store, by chance per request), and the store
  refuses everything for half a minute;
- processes are killed (SIGKILL): a stage's driver, its workers, its trainers, Ray's own parts, each of Airflow's, the
  store, the supervisor of all of them;
- processes are paused (SIGSTOP) for a minute, and go on;
- the disk is full for a while (where this user may mount one), the clock jumps (where there is a C compiler), and
  of the calls between Ray's processes some fail.

After each run every stage's digest and every step's loss must be those of the undisturbed run, and every artifact
whole. What is drawn follows from ``--seed``. A run that fails is started again, as its user would, and counted.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.command import arguments_of, publish
from bench.faults.surroundings import JUMP_S, RPC_VARIABLES, Clock, Disk, clock, failed_calls, small_disk
from bench.faults.troubles import KINDS, Deck, Troubles
from smelt.artifacts import existing
from smelt.lake import Lake
from smelt.lake.shared import SHARED
from smelt.maintenance.verify import verify
from smelt.recipe.graph import ARTIFACTS
from smelt.run import load_run
from smelt.services import processes, stack, supervisor
from smelt.services.state import FRONT_VARIABLE, prepare_state
from tests.faults import Fault, FaultyStore, faulty_store

RECIPE = """
name: chaos
sources:
  - {{name: library, kind: files, paths: ["{library}/*.py"], domain: code}}
ingest: {{shard_bytes: 500000}}
gates: {{clean: {{max_pii_share: 1, max_dropped_share: 1, min_kept_bytes_share: 0}}}}
block_tokens: 16_384
tokenizer: {{train: {{vocab_size: 1024, sample_bytes: 1_000_000}}}}
tokens: {{validation_share: 0.05}}
model: {{num_layers: 2, hidden_size: 64, num_heads: 4, num_query_groups: 2}}
phases:
  - {{name: main, tokens: 65_536, sequence_length: 64, global_batch_size: 8, learning_rate: 3.0e-3}}
  - {{name: anneal, tokens: 32_768, sequence_length: 64, global_batch_size: 8, learning_rate: 1.0e-3, schedule: linear}}
evaluate: {{max_tokens_per_label: 4096}}
resources: {{train: {{workers: 2}}}}
"""
CHANCES: Mapping[Fault, float] = {
    "500": 0.004,
    "503": 0.006,
    "429": 0.006,
    "lost request": 0.006,
    "lost answer": 0.006,
    "broken off": 0.006,
    "slow": 0.004,
    "silence": 0.001,
}
"""Of each fault, for any one request to the store."""
OUTAGE_S = 30.0
FULL_S = 25.0
PACE, SOONEST_S = 1 / 15, 12.0
"""Of the time of an undisturbed run there lies so much between two troubles of processes, on average, and at least so
many seconds: on a slow machine a training takes most of a minute to its first step, and would never come to it."""
MOST_FAILURES = 20


class Chaos:
    """A stack with a proxy before its store.

    Args:
        folder: for the stack's home and the recipe.
        disk: the folder's, where it has one of its own.
        clock: the stack's, where it has one of its own.

    Attributes:
        injected: how often each kind of trouble was made.
        failed: how many runs ended as failed and were started again.
    """

    def __init__(self, folder: Path, proxy: FaultyStore, seed: int, disk: Disk | None, clock: Clock | None) -> None:
        self.home, self._proxy = folder / "home", proxy
        self._recipe = folder / "chaos.yaml"
        self._recipe.write_text(RECIPE.format(library=Path(os.__file__).parent))
        self.lake = Lake(prepare_state(self.home, keep_ports=True).settings)
        self.injected: Counter[str] = Counter()
        self.failed = 0
        self._others: dict[str, Callable[[], bool]] = {"outage": self._outage}
        if disk:
            self._others["disk full"] = lambda: disk.fill(FULL_S)
        if clock:
            self._others |= {"clock ahead": lambda: clock.jump(JUMP_S), "clock back": lambda: clock.jump(-JUMP_S)}
        self._deck = Deck([*KINDS, *self._others], seed)

    def run(self) -> dict[str, Any]:
        """The recipe run to its end, again where it fails: each stage's digest, and every step's loss."""
        asked = [str(Path(sys.executable).with_name("smelt")), "run", str(self._recipe)]
        for _ in range(MOST_FAILURES):
            environment = {**os.environ, "SMELT_HOME": str(self.home)}
            ended = subprocess.run(asked, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if ended.returncode == 0:
                return self._made(max(self.lake.folders("runs/")))
            self.failed += 1
            _say("the run failed", *ended.stdout.splitlines()[-12:])
        raise SystemExit(f"the run failed {MOST_FAILURES} times")

    def disturbed(self, seed: int, every_s: float) -> dict[str, Any]:
        """What ``run`` makes of a lake without artifacts while troubles go on.

        Args:
            every_s: seconds between two troubles of processes, on average, while all services answer.
        """
        for folder in (*(f"{kind}/" for kind in ARTIFACTS), SHARED):
            self.lake.delete([item.key for item in self.lake.objects(folder)])
        self._restart(RPC_VARIABLES)
        self._proxy.by_chance(CHANCES, seed)
        up = partial(stack.up, self.home)
        with Troubles(self.home, every_s, self._deck, self._others, up, self._is_whole, seed) as troubles:
            made = self.run()
        self._proxy.mend()
        self.injected.update(troubles.done)
        self._restart({})
        return made

    def _is_whole(self) -> bool:
        return supervisor.all_ready(supervisor.read_supervised(self.home))

    def _restart(self, variables: Mapping[str, str]) -> None:
        """Ray anew, with these variables and without those that it had before."""
        processes.end(self.home, [supervisor.NAME, "ray"], grace_s=1)
        for name in RPC_VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(variables)
        stack.up(self.home)

    def damages(self) -> list[str]:
        """What ``smelt verify`` finds wrong in the lake."""
        return [line for manifest in existing(self.lake) for line in verify(self.lake, manifest).damages]

    def _outage(self) -> bool:
        self._proxy.out_of_order("503", OUTAGE_S)
        return True

    def _made(self, run_id: str) -> dict[str, Any]:
        stages = [(item.stage, item.artifact.manifest(self.lake)) for item in load_run(self.lake, run_id).plan.stages]
        made: dict[str, Any] = {stage: manifest.digest if manifest else "missing" for stage, manifest in stages}
        phases = [manifest for stage, manifest in stages if manifest and stage.startswith("train-")]
        keys = [phase.key(part, "/metrics.jsonl") for phase in phases for part in phase.parts]
        made["losses"] = [json.loads(line)["loss"] for key in keys for line in self.lake.get(key).splitlines()]
        return made


def measure(seconds: float, seed: int) -> dict[str, Any]:
    """Rounds of trouble until so many seconds are over, the last one to its end; what was done and what came of it.

    Raises:
        SystemExit: something came out otherwise than undisturbed, or an artifact is damaged.
    """
    with (
        tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as name,
        small_disk(Path(name)) as disk,
    ):
        home = Path(name) / "home"
        os.environ["TMPDIR"] = tempfile.tempdir = name  # a short one: Ray's sockets lie below it
        if disk is None:
            _say("no disk is filled: only root can mount one")
        if (time_of_day := clock(Path(name))) is None:
            _say("no clock jumps: there is no C compiler `cc`")
        else:
            os.environ.update(time_of_day.variables)
        port = prepare_state(home, keep_ports=False).ports["s3"]
        with faulty_store(f"http://127.0.0.1:{port}") as proxy:
            os.environ[FRONT_VARIABLE] = proxy.url
            chaos = Chaos(Path(name), proxy, seed, disk, time_of_day)
            try:
                return _rounds(chaos, proxy, seconds, seed)
            finally:
                proxy.mend()
                stack.down(home)


def _rounds(chaos: Chaos, proxy: FaultyStore, seconds: float, seed: int) -> dict[str, Any]:
    stack.up(chaos.home)
    began = time.monotonic()
    quiet = chaos.run()
    taken = time.monotonic() - began
    every_s = max(SOONEST_S, PACE * taken)
    _say(f"undisturbed in {taken:.0f} s, {len(quiet['losses'])} steps; a trouble every {every_s:.0f} s")
    began, rounds = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        _say(f"round {rounds + 1} of seed {seed}")
        made = chaos.disturbed(seed + rounds, every_s)
        if wrong := [name for name, value in quiet.items() if made.get(name) != value] + chaos.damages():
            raise SystemExit(f"seed {seed}, round {rounds + 1}: {', '.join(wrong)}: not what the undisturbed run made")
        rounds += 1
        _say(
            f"round {rounds} after {time.monotonic() - began:.0f} s: all digests and losses equal, every artifact whole"
        )
    drawn = {f"store {kind}": count for kind, count in proxy.drawn_faults.items()}
    drawn["failed call inside Ray"] = failed_calls(chaos.home)
    injected = dict(sorted((chaos.injected | drawn).items()))
    figures = {
        "seconds": round(time.monotonic() - began),
        "rounds": rounds,
        "injected": injected,
        "kinds": len(injected),
        "faults": sum(injected.values()),
        "runs_started_again": chaos.failed,
    }
    return {"ratios": {}, "figures": figures}


def _say(*lines: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} ", *lines, sep=" " if len(lines) == 1 else "\n  ", flush=True)


def main() -> None:
    """Make trouble, and print how often each kind was made."""
    parser = arguments_of(__doc__)
    parser.add_argument("--seconds", type=float, default=1800, help="of trouble; the round that has begun is ended")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    given = parser.parse_args()
    result = measure(given.seconds, given.seed)
    print(f"{'kind':24} injected")
    for kind, count in result["figures"]["injected"].items():
        print(f"{kind:24} {count:8}")
    print("all of them recovered from: what came out is what the undisturbed run made, and every artifact is whole")
    publish(result, given)


if __name__ == "__main__":
    main()
