"""The whole product on a small recipe: documents in, an evaluated model out; cached, gated, killed.

The tests stand in the order of a user's day and share one stack and its lake: the first makes
everything, the others find it there.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from smelt.engine.jobs import Jobs
from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.graph import stages
from smelt.run import load_run
from smelt.services import processes
from smelt.services.state import SECRETS, State
from smelt.steering.stopping import ask
from tests.conftest import PLANTED

RECIPE = Path(__file__).with_name("small.yaml")
SMELT = str(Path(sys.executable).with_name("smelt"))


def smelt(stack: State, *arguments: str) -> subprocess.Popen:
    """The command line, against the test's stack."""
    return subprocess.Popen(
        [SMELT, *arguments],
        env={**os.environ, "SMELT_HOME": str(stack.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_through(stack: State, *overrides: str) -> tuple[str, int]:
    """Run the recipe to its end; what was printed, and the exit status."""
    process = smelt(stack, "run", str(RECIPE), *(word for pair in overrides for word in ("--set", pair)))
    printed, _ = process.communicate(timeout=1200)
    return printed, process.returncode


def newest_run(lake: Lake) -> str:
    """Id of the run that was started last."""
    return max(lake.folders("runs/"), key=lambda run_id: load_run(lake, run_id).created)


def manifests(lake: Lake, run_id: str) -> dict[str, Manifest | None]:
    """What a run's stages have made, by stage."""
    return {item.stage: item.artifact.manifest(lake) for item in load_run(lake, run_id).plan.stages}


def job_ids(stack: State) -> set[str]:
    """Every job that Ray has been given."""

    async def ask() -> set[str]:
        async with Jobs(stack.settings) as jobs:
            return {job.id for job in await jobs.all()}

    return asyncio.run(ask())


def losses(lake: Lake, made: dict[str, Manifest]) -> list[float]:
    """The training loss of every step of both phases."""
    phases = [made["train-1"], made["train-2"]]
    keys = [phase.key(part, "/metrics.jsonl") for phase in phases for part in phase.parts]
    return [json.loads(line)["loss"] for key in keys for line in lake.get(key).splitlines()]


@pytest.fixture(scope="module")
def first(stack: State) -> Iterator[tuple[Lake, str]]:
    """A finished run of the recipe: the lake and the run's id."""
    printed, status = run_through(stack)
    assert status == 0, printed
    lake = Lake(stack.settings)
    yield lake, newest_run(lake)


@pytest.mark.timeout(1500)
def test_documents_go_in_and_an_evaluated_model_comes_out(first):
    lake, run_id = first
    made = manifests(lake, run_id)
    assert all(made.values())
    curve = losses(lake, made)
    assert sum(curve[-5:]) < 0.9 * sum(curve[:5])
    last = made["evaluate"].parts[-1]
    evaluation = json.loads(lake.get(made["evaluate"].key(last, "/evaluation.json")))
    assert evaluation["heldout"]["loss"] < evaluation["unigram"]["loss"]
    report = lake.get(load_run(lake, run_id).report_key).decode()
    assert "<html" in report
    assert all(stage.name in report for stage in stages(2))
    assert "http://" not in report.replace("http://www.w3.org", "")


@pytest.mark.timeout(300)
def test_no_secret_stands_in_anything_that_a_run_leaves(stack, first):
    """In no object of the lake (manifests, plans, reports, metrics), in no log, not in Airflow's database with its
    XComs, and in no command line."""
    lake, _ = first
    secrets = [value.encode() for value in (*PLANTED.values(), *(stack.secrets[name] for name in SECRETS))]
    searched = Counter()

    def search(where: object, content: bytes, kind: str) -> None:
        searched[kind] += 1
        assert not any(secret in content for secret in secrets), where

    for item in lake.objects(""):
        if not item.key.endswith((".parquet", ".distcp", ".bin", ".safetensors")):
            search(item.key, lake.get(item.key), item.key.rpartition("/")[2].rpartition(".")[2])
    for file in [*(stack.home / "logs").rglob("*"), *(stack.home / "airflow").rglob("*"), *stack.runtime.rglob("*")]:
        with suppress(FileNotFoundError):  # a temporary file that has just gone
            if file.is_file() and file.suffix in (".log", ".db", ".out", ".err", ".db-wal"):
                search(file, file.read_bytes(), file.suffix)
    for group in processes.members(stack.home).values():
        for process in group:
            search(process, command_of(process).encode(), "process")
    assert {"json", "html", "jsonl", ".log", ".db", "process"} <= searched.keys(), searched


@pytest.mark.timeout(300)
def test_a_second_run_starts_no_job(stack, first):
    before = job_ids(stack)
    printed, status = run_through(stack)
    assert status == 0, printed
    assert job_ids(stack) == before
    lake, _ = first
    assert load_run(lake, newest_run(lake)).plan.to_do == []


@pytest.mark.timeout(600)
def test_a_changed_last_phase_is_trained_alone(stack, first):
    before = job_ids(stack)
    printed, status = run_through(stack, "phases.anneal.learning_rate=5.0e-4")
    assert status == 0, printed
    started = {job_id.rpartition("-")[0] for job_id in job_ids(stack) - before}
    assert started == {"train-2", "export", "evaluate", "report"}
    lake, run_id = first
    made, old = manifests(lake, newest_run(lake)), manifests(lake, run_id)
    assert made["train-2"].inputs["train"] == old["train-1"].fingerprint == made["train-1"].fingerprint
    assert losses(lake, made)[:-16] == losses(lake, old)[:-16]


@pytest.mark.timeout(300)
def test_a_gate_that_fails_stops_the_run_and_says_why(stack, first):
    before = job_ids(stack)
    printed, status = run_through(stack, "gates.select.min_documents=1000000", "dedup.exact=false")
    assert status == 1
    assert "gate of select failed" in printed
    assert "1,000,000" in printed
    started = job_ids(stack) - before
    assert started and all(job_id.startswith("select-") for job_id in started), "nothing ran behind the failed gate"


@pytest.mark.timeout(1200)
def test_a_stop_and_a_killed_driver_worker_scheduler_and_trainer_leave_the_same_digests_and_losses(stack, first):
    lake, run_id = first
    before = manifests(lake, run_id)
    curve = losses(lake, before)
    for stage in ("ingest", "train-1", "train-2"):
        forget(lake, before[stage].artifact)
    process = smelt(stack, "run", str(RECIPE))
    kill_when(stack, lambda command: "smelt.engine.job" in command and "ingest" in command)
    kill_when(stack, lambda command: command.startswith("ray::ingest"))
    kill(processes.members(stack.home, ["scheduler"])["scheduler"])
    train, run = before["train-1"].artifact, newest_run(lake)
    wait_for(lambda: [one for one in processes.members(stack.home)["ray"] if is_trainer(command_of(one))])
    ask(lake, load_run(lake, run))
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0 and "train-1 has stopped, as was asked" in printed, printed
    assert len(train.records(lake, "checkpoints")) == 1
    printed, _ = smelt(stack, "resume", run).communicate(timeout=100)
    assert printed.startswith("train-1 goes on"), printed
    process = smelt(stack, "run", "--attach", run)
    wait_for(lambda: len(train.records(lake, "checkpoints")) >= 2)
    kill_when(stack, is_trainer)
    printed, _ = process.communicate(timeout=800)
    assert process.returncode == 0, printed
    after = manifests(lake, newest_run(lake))
    assert {name: made.digest for name, made in after.items()} == {name: made.digest for name, made in before.items()}
    assert losses(lake, after) == curve


def is_trainer(command: str) -> bool:
    """Whether a process is one that trains."""
    return command.startswith("ray::") and "RayTrainWorker" in command


def forget(lake: Lake, artifact: Artifact) -> None:
    """Delete an artifact with the parts that others could take over, so that it is made again."""
    parts = {record.at.rpartition("/")[0] for record in artifact.records(lake, "parts").values() if record.at}
    lake.delete([item.key for folder in (artifact.root, *parts) for item in lake.objects(folder)])


def wait_for(found: Callable[[], object], within_s: float = 300) -> object:
    """Wait until something is found, and return it."""
    deadline = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.2)
    return answer


def kill_when(stack: State, wanted: Callable[[str], bool]) -> None:
    """SIGKILL to the first process of the stack whose command line is wanted, once there is one."""

    def found() -> list[psutil.Process]:
        return [process for process in processes.members(stack.home)["ray"] if wanted(command_of(process))]

    kill(wait_for(found)[:1])


def kill(victims: list[psutil.Process]) -> None:
    """SIGKILL, with no chance to tidy up."""
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)


def command_of(process: psutil.Process) -> str:
    """The process's command line, or nothing where it has just ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
