"""Stages, gates and a training on a real Ray, and what Prometheus would scrape of them."""

import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import defaultdict
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from smelt.checkout import CHECKOUT
from smelt.metrics import METRICS
from smelt.run import create_run
from smelt.services.state import State
from tests.chain import RECIPE

STRUCTURED = {"SMELT_LOG": "json", "RAY_DEDUP_LOGS": "0"}
"""As every container of a cluster has it; workers here have the environment of a Ray that doesn't."""
TRAINING = """
import sys
from dataclasses import replace
from pathlib import Path
import ray
from smelt.lake import Lake
from tests.training.planted import GUARD, planted, random_tokens
from training.steps.loop import train

lake = Lake.connect()
ray.init(address=lake.settings.ray_address, logging_level="ERROR", log_to_driver=False)
lake = Lake(lake.settings, url=f"{lake.url}/{sys.argv[1]}")
train(replace(planted(lake, Path(sys.argv[2]), GUARD, random_tokens), run=sys.argv[1]))
"""


def _run(stack: State, *arguments: str, **variables: str) -> str:
    loopback = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    environment = {**os.environ, **stack.settings.environment(), **loopback, **variables}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _scrape(stack: State, run: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Values of our series that are of the run, by name and labels but for ``run``, added up over processes."""
    address = f"http://127.0.0.1:{stack.ports['ray-metrics']}/metrics"
    text = urllib.request.urlopen(address, timeout=20).read().decode()
    labels = {series: metric.labels for metric in METRICS for series in metric.series}
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(lambda: defaultdict(float))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in labels and sample.labels.get("run", run) == run:
                own = tuple(sample.labels[label] for label in labels[sample.name] if label != "run")
                found[sample.name][own] += sample.value
    return found


def _until(stack: State, run: str, wanted: dict[str, tuple[str, ...]]) -> dict[str, dict[tuple[str, ...], float]]:
    """What is scraped once these series have values with these labels: workers hand on their figures every 10 s."""
    deadline = time.monotonic() + 120
    while missing := [name for name, labels in wanted.items() if labels not in (found := _scrape(stack, run))[name]]:
        assert time.monotonic() < deadline, missing
        time.sleep(1)
    return found


@pytest.fixture
def run(stack: State, tmp_path: Path) -> str:
    """A run of a small recipe, planned."""
    for number in range(3):
        text = "\n\n".join(f"Paragraph {line} of file {number} is here to be read." for line in range(50))
        (tmp_path / f"{number}.txt").write_text(text)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name=uuid.uuid4().hex[:8], folder=tmp_path))
    return create_run(recipe, {"ingest.shard_bytes": 1000}, uuid.uuid4().hex[:12], stack.settings).id


def test_a_stage_and_its_gate_are_counted_and_their_log_is_structured(stack: State, run: str):
    workers = {"runtime_env": {"env_vars": STRUCTURED}}
    for stage in ("fetch", "ingest"):
        job = ("-m", "smelt.engine.job", f"--run={run}", f"--stage={stage}")
        said = _run(stack, *job, **STRUCTURED, RAY_JOB_CONFIG_JSON_ENV_VAR=json.dumps(workers))
    lines = [json.loads(line) for line in said.splitlines()]
    ours = [line for line in lines if "run" in line]
    assert {(line["run"], line["stage"]) for line in ours} == {(run, "ingest")}
    assert {line["part"] for line in ours if "part" in line} == {"00000", "00001", "00002"}

    ingest, passed = ("ingest",), ("ingest", "passed")
    wanted = {"ray_smelt_part_seconds_count": ingest, "ray_smelt_gates_total": passed, "ray_smelt_bytes_total": ingest}
    found = _until(stack, run, wanted)
    assert found["ray_smelt_part_seconds_count"][ingest] == 3
    assert found["ray_smelt_documents_total"][ingest] == 3
    assert found["ray_smelt_bytes_total"][ingest] > 3000
    assert found["ray_smelt_stage_seconds_total"][ingest] > 0
    assert found["ray_smelt_gates_total"][passed] == 1
    assert found["ray_smelt_first_stage_seconds_count"][()] >= 1

    _run(stack, *job)
    found = _until(stack, run, {"ray_smelt_cache_hits_total": ingest})
    assert found["ray_smelt_cache_hits_total"][ingest] == 1
    assert found["ray_smelt_part_seconds_count"][ingest] == 3


def test_a_training_is_followed_step_by_step(stack: State, tmp_path: Path):
    run = uuid.uuid4().hex[:12]
    _run(stack, "-c", TRAINING, run, str(tmp_path))
    found = _until(stack, run, {"ray_smelt_train_loss": (), "ray_smelt_train_step_seconds_count": ()})
    steps = found["ray_smelt_train_step_seconds_count"][()]
    assert steps > 100 and found["ray_smelt_train_step"][()] == 144
    assert 0 < found["ray_smelt_train_loss"][()] < 4
    assert sum(found["ray_smelt_train_tokens_total"].values()) == steps * 8 * 64
    assert found["ray_smelt_train_label_loss"].keys() == found["ray_smelt_train_tokens_total"].keys()
    assert found["ray_smelt_train_events_total"][("rollback",)] == 1
    assert found["ray_smelt_train_wait_seconds_total"][()] < found["ray_smelt_train_step_seconds_sum"][()]
