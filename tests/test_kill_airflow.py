"""SIGKILL to Airflow's processes in the middle of a stage: the run goes on, by the same Ray job."""

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from smelt.engine.jobs import Job, Jobs
from smelt.following.airflow import Airflow
from smelt.lake import Lake
from smelt.recipe import load_recipe
from smelt.run import load_run
from smelt.services import processes
from smelt.services.airflow import USER
from smelt.services.state import State
from tests.chain import make_through

WITHIN_S = 240
RECIPE = """
name: {name}
sources:
  - {{name: library, kind: files, paths: ["{library}/*.py"], domain: code}}
ingest: {{shard_bytes: 500000}}
gates: {{clean: {{max_pii_share: 1, max_dropped_share: 1, min_kept_bytes_share: 0}}}}
model: {{preset: tiny}}
phases:
  - {{name: main, tokens: 100000, sequence_length: 64, global_batch_size: 8}}
"""


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + WITHIN_S
    while not what():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.3)


def jobs_of(stack: State, run_id: str) -> dict[str, Job]:
    """Every Ray job of a run, by id."""

    async def ask() -> dict[str, Job]:
        async with Jobs(stack.settings) as jobs:
            return {job.id: job for job in await jobs.all() if job.metadata.get("run") == run_id}

    return asyncio.run(ask())


def kill(stack: State, service: str) -> None:
    """SIGKILL to every process of a service; its supervisor starts it again."""
    victims = processes.members(stack.home, [service])[service]
    for victim in victims:
        os.kill(victim.pid, signal.SIGKILL)


@pytest.mark.timeout(900)
def test_a_killed_triggerer_or_scheduler_changes_nothing_and_a_failed_run_stops_its_job(stack, tmp_path):
    run_id = f"kill-{uuid.uuid4().hex[:8]}"
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name=run_id, library=Path(os.__file__).parent))
    lake = Lake(stack.settings)
    airflow = Airflow(f"http://127.0.0.1:{stack.ports['airflow']}", USER, stack.secrets["airflow_password"])
    airflow.wait_for_dag()
    airflow.trigger(run_id, {"recipe": str(recipe), "overrides": {}})

    def state(task: str) -> str | None:
        return airflow.tasks(run_id)[task].state

    def working_on(stage: str) -> bool:
        return any(
            job.status == "RUNNING" and job.id.startswith(f"{stage}-") for job in jobs_of(stack, run_id).values()
        )

    for service, stage in (("triggerer", "ingest"), ("scheduler", "clean")):
        wait_for(lambda stage=stage: working_on(stage))
        kill(stack, service)
        wait_for(lambda stage=stage: state(f"{stage}.gate") == "success")
    wait_for(lambda: working_on("score") or state("score.gate") == "success")

    airflow.fail(run_id)
    wait_for(lambda: all(job.ended for job in jobs_of(stack, run_id).values()))

    jobs = jobs_of(stack, run_id)
    run = load_run(lake, run_id)
    made = {name: run.planned(name).artifact.manifest(lake) for name in ("fetch", "ingest", "clean")}
    assert {f"{name}-{made[name].fingerprint}" for name in ("ingest", "clean")} <= set(jobs)
    assert not [job_id for job_id in jobs if job_id.count("-") > 1], "no stage took a second job"
    quiet = make_through(load_recipe(recipe), Lake(stack.settings, url=f"s3://smelt/{run_id}"), "clean")
    assert {name: manifest.digest for name, manifest in made.items()} == {
        name: manifest.digest for name, manifest in quiet.items()
    }
