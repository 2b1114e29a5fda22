"""Runs that begin with the same steps are found, with where they part, and the plan says so."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from smelt.comparing.family import LOOKED_AT, relatives, trainings_of
from smelt.lake import Artifact, Lake, Manifest
from smelt.run import create_run, load_run
from tests.chain import RECIPE
from tests.cli.running import run
from tests.comparing.test_difference import written
from tests.evaluation.artifacts import commit, whole_run


def course(lake: Lake, train: Artifact, *digests: str, first: int = 0) -> None:
    """A training's course: a block each 30 steps behind step ``first``."""
    stations = [{"block": f"0-{n}", "end": first + 30 * (n + 1), "digest": digest} for n, digest in enumerate(digests)]
    content = json.dumps(stations).encode()
    train.write_part(lake, "course", "seed", files={".json": content}, rows=len(stations), stats={})


def longer(lake: Lake, first: int, last: int) -> Manifest:
    """A training with a checkpoint each 60 steps."""
    parts = {}
    for end in range(first + 60, last + 1, 60):
        lines = [{"step": n, "phase": "anneal", "tokens": n * 100, "loss": 2.0} for n in range(end - 59, end + 1)]
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        parts[f"step-{end:07d}"] = ({"/metrics.jsonl": content}, 60, {})
    return commit(lake, "train", parts, round="checkpoints")


def family(lake: Lake, folder: Path, made: Mapping[str, Manifest]) -> None:
    """The runs ``trunk``, of these artifacts, ``same``, ``branch``, which parts behind step 210, and ``stranger``."""
    course(lake, made["train-1"].artifact, *"abcdef")
    course(lake, made["train-2"].artifact, "g", "h", first=180)
    anneal, other = longer(lake, 180, 240), longer(lake, 0, 240)
    course(lake, anneal.artifact, "g", "x", first=180)
    course(lake, other.artifact, "z")
    runs = {
        "trunk": made,
        "same": made,
        "branch": {**made, "train-2": anneal},
        "stranger": {**made, "train-1": other},
    }
    for name, artifacts in runs.items():
        written(lake, folder, name, artifacts)
        lake.put(f"recipes/{name}/runs/{datetime.now(UTC).isoformat()}~{name}", b"")


def test_runs_are_related_by_the_steps_that_they_have_in_common(lake: Lake, tmp_path: Path) -> None:
    family(lake, tmp_path, whole_run(lake)[0])
    for number in range(LOOKED_AT):  # what else lies beside a recipe's runs
        lake.put(f"recipes/other-{number}/last.json", b"{}")

    def found(name: str) -> list[tuple[str, int]]:
        return [(one.run, one.step) for one in relatives(lake, name, trainings_of(load_run(lake, name).plan))]

    assert found("trunk") == [("branch", 210)], "all of the first phase, and the second's first block"
    assert found("branch") == [("same", 210), ("trunk", 210)]
    assert found("stranger") == []


def test_a_plan_says_which_runs_begin_with_its_steps(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Something to train on.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="planned", folder=tmp_path))
    for name, overrides, digests in (("trunk", {}, "abc"), ("branch", {"phases.main.tokens": 200_000}, "abz")):
        made = create_run(file, overrides, name, replace(lake.settings, lake=lake.url))
        course(lake, made.planned("train-1").artifact, *digests)
    environment = {**lake.settings.environment(), "SMELT_LAKE": lake.url}
    answer = run("plan", str(file), environment=environment)
    assert answer.returncode == 0, answer.stderr
    assert "begins with the steps of run branch, and parts from it behind step 60\n" in answer.stdout
    assert "run trunk" not in answer.stdout, "it is the plan's own"
