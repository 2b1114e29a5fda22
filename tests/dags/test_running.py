"""What only a running Airflow shows: back-fills, events that start a DAG, and a pool that makes a training wait."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from operators.pages.found import run_head
from operators.pages.summary import loss_chart
from smelt import saved
from smelt.engine.jobs import Jobs
from smelt.following.airflow import Airflow
from smelt.lake import Artifact, Lake, Manifest
from smelt.lake.artifact import MANIFEST, RECORD
from smelt.lake.shared import REFERENCES
from smelt.recipe.graph import JUDGEMENTS, STAGES
from smelt.run import create_run, ended_key, load_run, safe_run_id
from smelt.services.airflow import USER
from smelt.services.state import State
from tests.chain import RECIPE
from tests.training.artifacts import MODEL, byte_tokenizer, tokenizer, tokens
from tests.training.export.test_export import trained

Ask = Callable[..., Any]
TRAIN = next(stage for stage in STAGES if stage.implementation.startswith("training.stage:"))
PHASES = ("train-1", "train-2")
MORE = "  - {name: rest, tokens: 100000, sequence_length: 64, global_batch_size: 8}\n"
"""A second phase, behind ``RECIPE``."""


@pytest.fixture
def ask(stack: State) -> Iterator[Ask]:
    """Airflow's REST API: ``ask(method, path, body)`` gives the answer's JSON."""
    Airflow(f"http://127.0.0.1:{stack.ports['airflow']}", USER, stack.secrets["airflow_password"]).wait_for_dag()
    with httpx.Client(base_url=f"http://127.0.0.1:{stack.ports['airflow']}", timeout=60) as client:
        login = client.post("/auth/token", json={"username": USER, "password": stack.secrets["airflow_password"]})
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"

        def request(method: str, path: str, body: Any = None) -> Any:
            answer = client.request(method, f"/api/v2/{path}", json=body)
            assert answer.is_success, answer.text
            return answer.json()

        yield request


@pytest.fixture
def switched(ask: Ask) -> Iterator[Callable[[str], None]]:
    """Switches a DAG on until the test's end, when its runs are ended too."""
    on = []

    def switch(dag: str) -> None:
        wait_for(lambda: any(item["dag_id"] == dag for item in ask("GET", "dags")["dags"]))
        on.append(dag)
        ask("PATCH", f"dags/{dag}", {"is_paused": False})

    yield switch
    for dag in on:
        ask("PATCH", f"dags/{dag}", {"is_paused": True})
        end_runs(ask, dag)


def end_runs(ask: Ask, dag: str, *ids: str) -> None:
    for run in ask("GET", f"dags/{dag}/dagRuns")["dag_runs"]:
        if run["state"] in ("queued", "running") and (not ids or run["dag_run_id"] in ids):
            ask("PATCH", f"dags/{dag}/dagRuns/{run['dag_run_id']}", {"state": "failed"})


def written(lake: Lake, artifact: Artifact, manifest: Manifest) -> dict[str, datetime]:
    """When the objects of an artifact were written, and those of the parts that it shares."""
    folders = [artifact.root, *(f"{part.at.rpartition('/')[0]}/" for part in manifest.parts)]
    listed = [item for folder in folders for item in lake.objects(folder) if REFERENCES not in item.key]
    return {item.key: item.modified for item in listed}


def wait_for(what: Callable[[], Any], seconds: float = 300) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.5)
    return found


def states(ask: Ask, dag: str, run: str) -> dict[str, str | None]:
    found = ask("GET", f"dags/{dag}/dagRuns/{run}/taskInstances?limit=200")["task_instances"]
    return {item["task_id"]: item["state"] for item in found}


def backfill(stack: State, dag: str, first: str, last: str, recipe: Path) -> None:
    """As a user does it."""
    program = str(Path(sys.executable).with_name("smelt"))
    span = ("--from-date", first, "--to-date", last, "--dag-run-conf", json.dumps({"recipe": str(recipe)}))
    command = [program, "airflow", "backfill", "create", "--dag-id", dag, *span]
    done = subprocess.run(command, env={**os.environ, "SMELT_HOME": str(stack.home)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def texts(folder: Path, count: int = 1) -> None:
    folder.mkdir(parents=True)
    for name in "abc"[:count]:
        words = f"There is one text of {folder.name}, and its number is {uuid.uuid4()}."
        (folder / f"{name}.txt").write_text(words)


def tries(ask: Ask, dag: str, run: str) -> dict[str, int]:
    found = ask("GET", f"dags/{dag}/dagRuns/{run}/taskInstances?limit=200")["task_instances"]
    return {item["task_id"]: item["try_number"] for item in found}


def pass_deadline(stack: State, run: str) -> None:
    """Have a run's deadline lie in the past."""
    with closing(sqlite3.connect(stack.home / "airflow" / "airflow.db", timeout=60)) as database, database:
        passed = "UPDATE deadline SET deadline_time = '2020-01-01 00:00:00.000000' WHERE dagrun_id = "
        assert database.execute(f"{passed} (SELECT id FROM dag_run WHERE run_id = ?)", [run]).rowcount == 1


def told_of_deadline(stack: State, run: str) -> str:
    """What has become of the callback of a run's deadline."""
    joined = "callback JOIN deadline ON callback.id = callback_id JOIN dag_run ON dag_run.id = dagrun_id"
    with closing(sqlite3.connect(stack.home / "airflow" / "airflow.db", timeout=60)) as database:
        return database.execute(f"SELECT callback.state FROM {joined} WHERE run_id = ?", [run]).fetchone()[0]


@pytest.mark.timeout(600)
def test_a_back_fill_makes_a_run_a_day_and_a_day_without_files_is_skipped(ask, switched, stack, tmp_path):
    texts(tmp_path / "2026-10-01")
    recipe, one = tmp_path / "recipe.yaml", tmp_path / "tokenizer.json"
    one.write_text(byte_tokenizer().to_str())
    dated = RECIPE.format(name="days", folder=tmp_path / "{date}").replace("kind: files", "kind: crawl")
    recipe.write_text(dated.replace("lang: en", "lang: en, dates: [2026-01-01]") + f"tokenizer: {{path: {one}}}\n")
    switched("tokens")
    switched("corpus")
    backfill(stack, "corpus", "2026-10-01", "2026-10-02", recipe)
    runs = {run["partition_key"]: run for run in ask("GET", "dags/corpus/dagRuns")["dag_runs"]}
    full, empty = (runs[day]["dag_run_id"] for day in ("2026-10-01", "2026-10-02"))

    wait_for(lambda: ask("GET", f"dags/corpus/dagRuns/{empty}")["state"] == "success")
    found = states(ask, "corpus", empty)
    assert found.pop("plan") == "success" and set(found.values()) == {"skipped"}
    wait_for(lambda: states(ask, "corpus", full)["ingest.gate"] == "success")
    run = load_run(Lake(stack.settings), safe_run_id(full))
    assert run.planned("ingest").artifact.manifest(Lake(stack.settings)).rows == 1

    rest = [stage.name for stage in STAGES if f"{stage.name}.gate" in found and stage.name not in ("fetch", "ingest")]
    for name in rest:  # the other stages are not what this is about
        body = {"new_state": "success", "include_upstream": True}
        ask("PATCH", f"dags/corpus/dagRuns/{full}/taskInstances/{name}.gate", body)
    wait_for(lambda: ask("GET", f"dags/corpus/dagRuns/{full}")["state"] == "success")
    assert wait_for(lambda: Lake(stack.settings).find_json(ended_key(safe_run_id(full)))) == {"state": "success"}

    (follows,) = wait_for(lambda: ask("GET", "dags/tokens/dagRuns")["dag_runs"])
    assert (follows["partition_key"], follows["run_type"]) == ("2026-10-01", "asset_triggered")
    wait_for(lambda: states(ask, "tokens", follows["dag_run_id"]).get("plan") == "success")
    # not before: Airflow 3.3 answers 500 for an event whose run has not begun
    (event,) = ask("GET", "assets/events?source_dag_id=corpus")["asset_events"]
    assert event["source_run_id"] == full
    assert event["partition_key"] == "2026-10-01"
    assert event["extra"]["fingerprint"] == run.planned(event["extra"]["stage"]).fingerprint
    of_day = load_run(Lake(stack.settings), safe_run_id(follows["dag_run_id"]))
    assert (of_day.taken_from, of_day.plan) == (run.id, run.plan)
    by_hand = f"by-hand-{uuid.uuid4().hex[:8]}"
    ask("POST", "dags/tokens/dagRuns", {"dag_run_id": by_hand, "logical_date": None, "conf": {"run": run.id}})
    wait_for(lambda: states(ask, "tokens", by_hand).get("plan") == "success")
    assert load_run(Lake(stack.settings), by_hand).taken_from == run.id


@pytest.mark.timeout(600)
def test_clearing_a_failed_stage_makes_its_missing_parts_and_nothing_above(ask, stack, tmp_path):
    run, lake = f"clear-{uuid.uuid4().hex[:8]}", Lake(stack.settings)
    texts(tmp_path / run, 3)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name=run, folder=tmp_path / run) + "ingest: {shard_bytes: 10}\n")
    ask("POST", "dags/pretrain/dagRuns", {"dag_run_id": run, "logical_date": None, "conf": {"recipe": str(recipe)}})
    wait_for(lambda: states(ask, "pretrain", run).get("ingest.gate") == "success")
    end_runs(ask, "pretrain", run)
    wait_for(lambda: lake.exists(ended_key(run)))
    artifact = load_run(lake, run).planned("ingest").artifact
    manifest = artifact.manifest(lake)
    missing = manifest.parts[1]
    own, shared = artifact.key(missing.round, missing.name, RECORD), f"{missing.at.rpartition('/')[0]}/part{RECORD}"
    lake.delete([f"{artifact.root}{MANIFEST}", own, shared])
    ask("PATCH", f"dags/pretrain/dagRuns/{run}/taskInstances/ingest.run", {"new_state": "failed"})
    before = written(lake, artifact, manifest)
    tried = tries(ask, "pretrain", run)

    body = {"dag_run_id": run, "task_ids": ["ingest.run"], "include_downstream": True, "dry_run": False}
    ask("POST", "dags/pretrain/clearTaskInstances", body | {"only_failed": False, "reset_dag_runs": True})
    wait_for(lambda: tries(ask, "pretrain", run)["ingest.run"] > tried["ingest.run"])
    wait_for(lambda: not lake.exists(ended_key(run)))
    wait_for(lambda: states(ask, "pretrain", run)["ingest.gate"] == "success")
    end_runs(ask, "pretrain", run)
    assert artifact.manifest(lake).digest == manifest.digest
    made = {key for key, modified in written(lake, artifact, manifest).items() if before.get(key) != modified}
    part = {artifact.key_of(missing, suffix) for suffix in missing.files}
    assert made == {f"{artifact.root}{MANIFEST}", own, shared, *part}
    above = ("plan", "fetch.run", "fetch.gate")
    assert [tries(ask, "pretrain", run)[task] for task in above] == [tried[task] for task in above]


@pytest.mark.timeout(900)
def test_a_run_that_trains_holds_its_slot_for_all_phases_and_a_checkpoint_starts_its_evaluation(
    ask, switched, stack, tmp_path
):
    runs = [f"pool-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    first, second = PHASES
    lake = Lake(stack.settings)
    end_runs(ask, "pretrain")
    for run in runs:
        texts(tmp_path / run)
        recipe = tmp_path / f"{run}.yaml"
        recipe.write_text(RECIPE.format(name=run, folder=tmp_path / run) + MORE)
        body = {"dag_run_id": run, "logical_date": None, "conf": {"recipe": str(recipe)}}
        ask("POST", "dags/pretrain/dagRuns", body)

    def state(run: str, task: str = f"{first}.run") -> str | None:
        return states(ask, "pretrain", run)[task]

    def succeed(run: str, task: str, **more: Any) -> None:
        ask("PATCH", f"dags/pretrain/dagRuns/{run}/taskInstances/{task}", {"new_state": "success", **more})

    async def occupied(run: str) -> None:
        """Has Ray at work for as long as it takes, in place of the trainings and the first one's gate."""
        plan = load_run(lake, run).plan
        names = {name: f"{name}-{plan.planned(name).fingerprint}" for name in PHASES}
        gate = f"{names[first]}-gate-{plan.planned(first).suite}"
        async with Jobs(stack.settings) as jobs:
            for name in (*names.values(), gate):
                await jobs.submit(name, "sleep 900", {})

    try:
        for run in runs:
            wait_for(lambda run=run: states(ask, "pretrain", run)["plan"] == "success")
            asyncio.run(occupied(run))
        for run, wanted in zip(runs, ("deferred", "scheduled"), strict=True):
            for name in ("blocks-1", "blocks-2"):
                succeed(run, f"{name}.gate", include_upstream=True)
            wait_for(lambda run=run, wanted=wanted: state(run) == wanted)
        time.sleep(5)
        assert [state(run) for run in runs] == ["deferred", "scheduled"]
        pass_deadline(stack, runs[1])
        succeed(runs[0], f"{first}.run")
        wait_for(lambda: state(runs[1]) == "up_for_reschedule")
        assert state(runs[0], f"{first}.gate") == "deferred", "the first run is between its phases"
        wait_for(lambda: told_of_deadline(stack, runs[1]) == "success")
        log = ask("GET", f"dags/pretrain/dagRuns/{runs[1]}/taskInstances/{first}.run/logs/1")
        assert f"waiting for run {runs[0]}, which has begun to train" in json.dumps(log)
        succeed(runs[0], f"{first}.gate")
        wait_for(lambda: state(runs[0], f"{second}.run") == "deferred")
        assert state(runs[1]) in ("up_for_reschedule", "scheduled")
        succeed(runs[0], f"{second}.run")
        wait_for(lambda: state(runs[1]) == "deferred")
        assert tries(ask, "pretrain", runs[1])[f"{first}.run"] == 1, "waiting is no try"
    finally:
        end_runs(ask, "pretrain", *runs)

    switched("evaluate")
    (asset,) = (item for item in ask("GET", "assets")["assets"] if item["name"] == "checkpoint")
    ask("POST", "assets/events", {"asset_id": asset["id"], "extra": {"run": runs[0]}})
    (run,) = wait_for(lambda: ask("GET", "dags/evaluate/dagRuns")["dag_runs"])
    wait_for(lambda: states(ask, "evaluate", run["dag_run_id"])["plan"] == "success")
    assert load_run(lake, safe_run_id(run["dag_run_id"])).plan == load_run(lake, runs[0]).plan


@pytest.mark.timeout(900)
def test_a_saved_checkpoint_is_judged_while_its_training_goes_on(ask, switched, stack, tmp_path):
    lake, name = Lake(stack.settings), f"judged-{uuid.uuid4().hex[:8]}"
    texts(tmp_path / name)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name=name, folder=tmp_path / name))
    asked = {"evaluate.max_tokens_per_label": 500, "evaluate.generation.max_tokens": 2}
    run = create_run(recipe, asked, name, stack.settings)
    train, evaluate = run.planned(TRAIN.name), run.planned("evaluate").artifact
    tokens(lake, run.planned("tokens").fingerprint)
    tokenizer(lake, run.planned("tokenizer").fingerprint)
    other = trained(lake, tmp_path, MODEL).inputs["train"]
    record = other.parts[0]
    for suffix in record.files:
        lake.copy(other.key(record, suffix), train.artifact.key(record.round, record.name, suffix))
    train.artifact.write_record(lake, record)

    saved.watch(lake, run.id, train.stage)
    switched("judge")

    def judged() -> bool:
        return record.name in evaluate.records(lake, JUDGEMENTS) and not saved.waiting(lake, run.id)

    wait_for(judged, seconds=600)
    assert not lake.exists(f"{evaluate.root}{MANIFEST}")
    extras = [event["extra"] for event in ask("GET", "assets/events?limit=100")["asset_events"]]
    payload = {"run": run.id, "stage": train.stage, "phase": "main", "step": 16}
    assert [extra["payload"] for extra in extras if extra.get("payload", {}).get("run") == run.id] == [payload]
    assert "held-out" in str(loss_chart(lake, run_head(lake, run.id))), "the run's page shows it"
    assert [item for item in lake.objects(f"{train.artifact.root}tensorboard/") if "/judged/events" in item.key]
    assert list((stack.home / "tensorboard").rglob("judged/events*"))
