"""``smelt train --local``: a recipe's training in one process, and what it says when it can't."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smelt.lake import Lake
from smelt.lake.artifact import MANIFEST
from smelt.run import preview
from tests.training.artifacts import blocks, tokenizer

SMELT = str(Path(sys.executable).with_name("smelt"))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "note.txt").write_text("一个普通的文件。\n" * 30, encoding="utf-8")
    path = tmp_path / "small.yaml"
    content = {
        "name": "small",
        "sources": [{"name": "notes", "kind": "files", "paths": [f"{tmp_path}/*.txt"], "lang": "zh"}],
        "model": {"num_layers": 2, "hidden_size": 64, "num_heads": 4, "num_query_groups": 2},
        "phases": [{"name": "main", "tokens": 10 * 256, "sequence_length": 32, "global_batch_size": 8}],
    }
    path.write_text(json.dumps(content))
    return path


def train(recipe: Path, lake: Lake, *options: str) -> subprocess.CompletedProcess:
    settings = replace(lake.settings, lake=lake.url, home=recipe.parent / "home")
    environment = {**os.environ, **settings.environment(), "OMP_NUM_THREADS": "1"}
    return subprocess.run([SMELT, "train", str(recipe), *options], env=environment, capture_output=True, text=True)


def test_what_cannot_be_done_is_one_line(recipe: Path, lake: Lake) -> None:
    assert train(recipe, lake).stderr.splitlines() == [
        f"error: a run trains through Airflow (write `smelt run {recipe}`, or add --local)"
    ]
    assert train(recipe, lake, "--local", "--phase", "2").stderr.splitlines() == [
        f"error: {recipe}: there are 1 phases, and no 2 (write another --phase)"
    ]
    (line,) = train(recipe, lake, "--local").stderr.splitlines()
    assert line.startswith("error: blocks/") and f"not made yet (`smelt run {recipe}` makes it" in line


def test_it_trains_on_the_blocks_of_the_lake_and_names_its_folder(recipe: Path, lake: Lake) -> None:
    found, plan = preview(recipe, {}, replace(lake.settings, lake=lake.url, home=recipe.parent / "home"))
    blocks(lake, found.train_config(1), 16, plan.planned("blocks-1").fingerprint)
    tokenizer(lake, plan.planned("tokenizer").fingerprint)
    for there in (MANIFEST, ""):
        if not there:  # the blocks are still being made
            lake.delete([plan.planned("blocks-1").artifact.root + MANIFEST])
        answer = train(recipe, lake, "--local", "--steps", "3")
        assert answer.returncode == 0, answer.stderr
        first, *steps = answer.stdout.splitlines()
        assert [line.split()[0] for line in steps] == ["1/3", "2/3", "3/3"]
        assert (Path(first.rpartition(" ")[2]) / "metrics.jsonl").read_text().count("\n") == 3
