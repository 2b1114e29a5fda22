"""An artifact is the same however it came to be: at once, in pieces, in another order, or over Ray."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import StageError
from smelt.lake import Lake
from smelt.maintenance.verify import verify
from smelt.recipe import parse_recipe
from smelt.stage import Progress
from tests.chain import dies_after, make_through, plan_of

NUM_FILES = 6


@pytest.fixture
def recipe(tmp_path):
    """A recipe over a handful of small files, each its own shard."""
    for number in range(NUM_FILES):
        lines = [f"第{number}号文件的第{line}行：这里写着一些普通的中文句子，用来检验流程。" for line in range(40)]
        (tmp_path / f"{number}.txt").write_text("\n".join(lines), encoding="utf-8")
    raw = {
        "name": "small",
        "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"], "lang": "zh"}],
        "ingest": {"shard_bytes": 1000},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }
    return parse_recipe(raw, where="small")


def test_killed_in_the_middle_a_rerun_does_only_the_missing_parts(recipe, lake):
    whole = make_through(recipe, lake, "ingest")["ingest"]
    assert len(whole.parts) == NUM_FILES
    other = Lake(lake.settings, url=lake.url + "-other")
    planned = plan_of(recipe, other).planned("ingest")
    make_through(recipe, other, "fetch")
    said: list[Progress] = []
    context = make_context(recipe, planned, other, said.append)

    with pytest.raises(KeyboardInterrupt):
        make_artifact(planned, context, dies_after(2))
    assert planned.artifact.manifest(other) is None
    done = []
    said.clear()

    def counts_backwards(context, index, shards):
        done.extend(shards)
        yield from serially(context, index, list(reversed(shards)))

    again = make_artifact(planned, context, counts_backwards)
    assert len(done) == NUM_FILES - 2
    shown = [item.done for item in said if item.total == NUM_FILES]
    assert shown == list(range(2, NUM_FILES + 1)), "what was made is no progress of this attempt"
    assert again.digest == whole.digest
    assert again.fingerprint == whole.fingerprint


def test_a_part_that_was_damaged_since_is_made_anew_by_the_rerun(recipe, lake):
    make_through(recipe, lake, "fetch")
    planned = plan_of(recipe, lake).planned("ingest")
    context = make_context(recipe, planned, lake)
    with pytest.raises(KeyboardInterrupt):
        make_artifact(planned, context, dies_after(NUM_FILES - 1))
    first, second, *_ = planned.artifact.records(lake, "parts").values()
    lake.delete([planned.artifact.key_of(first, ".parquet")])
    key = planned.artifact.key_of(second, ".parquet")
    lake.put(key, lake.get(key)[:-1] + b"?")
    done = []

    def counts(context, index, shards):
        done.extend(shards)
        yield from serially(context, index, shards)

    again = make_artifact(planned, context, counts)
    assert len(done) == 3
    assert verify(lake, again).damages == ()


def test_what_exists_is_not_made_again(recipe, lake):
    first = make_through(recipe, lake, "ingest")

    def never(context, index, shards):
        raise AssertionError("worked though the artifact exists")

    assert make_through(recipe, lake, "ingest", mapper=never) == first


def test_a_missing_input_and_a_missing_pin_are_told_in_one_line(recipe, lake):
    plan = plan_of(recipe, lake)
    with pytest.raises(
        StageError, match=r"ingest needs fetch/.*an input is missing \(start the run again: it makes what it lacks\)"
    ):
        make_context(recipe, plan.planned("ingest"), lake)
    pinned = recipe.model_copy(update={"pins": {"fetch": "0" * 20}})
    planned = plan_of(pinned, lake).planned("fetch")
    assert planned.drift == plan.planned("fetch").fingerprint
    with pytest.raises(StageError, match=r"pins\.fetch: 0{20}: the pinned artifact is not in the lake"):
        make_artifact(planned, make_context(pinned, planned, lake), serially)


def test_in_an_image_without_git_the_manifest_says_which_code_ran(recipe, lake, monkeypatch):
    monkeypatch.setenv("SMELT_VERSION", "abc123+")
    monkeypatch.setenv("PATH", "")
    assert make_through(recipe, lake, "fetch")["fetch"].provenance["code"] == "abc123+"


RAY_DRIVER = """
import json, sys, ray
from smelt.engine.spread import over_ray
from smelt.lake import Lake
from smelt.recipe import parse_recipe
from smelt.settings import load
from tests.chain import make_through

raw, url = json.load(sys.stdin)
for _ in range(3):  # on a busy machine Ray takes longer than it gives itself
    try:
        ray.init(address="local", num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
        break
    except Exception:
        ray.shutdown()
made = make_through(parse_recipe(raw, where="test"), Lake(load(), url=url), "clean", mapper=over_ray)
print(json.dumps({name: manifest.digest for name, manifest in made.items()}))
"""


@pytest.mark.timeout(600)
def test_over_ray_with_a_driver_killed_the_digests_are_the_same(recipe, lake):
    serial = {name: made.digest for name, made in make_through(recipe, lake, "clean").items()}
    other = Lake(replace(lake.settings), url=lake.url + "-ray")
    first = _driver(recipe, other)
    _wait_for_a_record(other, "ingest")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    second = _driver(recipe, other)
    answer, _ = second.communicate(timeout=400)
    assert json.loads(answer.splitlines()[-1]) == serial


def _driver(recipe, lake: Lake) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", RAY_DRIVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **lake.settings.environment()},
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    json_recipe = recipe.model_dump(mode="json")
    json_recipe["model"].pop("preset", None)
    process.stdin.write(json.dumps([json_recipe, lake.url]))
    process.stdin.close()
    process.stdin = None
    return process


def _wait_for_a_record(lake: Lake, stage: str) -> None:
    for _ in range(1800):
        if any(item.key.endswith(".record.json") for item in lake.objects(f"{stage}/")):
            return
        time.sleep(0.1)
    raise AssertionError(f"{stage} wrote no record within three minutes")
