"""A run that is tried again follows its recipe's file in what enters no artifact's name, and in nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from smelt.lake import Lake
from smelt.run import Origin, Run, create_run, load_run
from smelt.steering.renewal import renew
from tests.chain import RECIPE


@pytest.fixture
def raw(tmp_path: Path) -> dict[str, Any]:
    """A recipe as plain values."""
    (tmp_path / "note.txt").write_text("一个普通的文件。\n" * 30, encoding="utf-8")
    return yaml.safe_load(RECIPE.format(name="small", folder=tmp_path))


@pytest.fixture
def file(tmp_path: Path, raw: dict[str, Any]) -> Path:
    """The recipe's file."""
    found = tmp_path / "small.yaml"
    found.write_text(yaml.safe_dump(raw))
    return found


@pytest.fixture
def run(lake: Lake, file: Path) -> Run:
    """A run of it, with an override."""
    return create_run(file, {"resources.clean.workers": 3}, "one", replace(lake.settings, lake=lake.url))


def names(run: Run) -> dict[str, str]:
    """The artifacts of its stages, without the report, whose name follows from the gates."""
    return {item.stage: item.fingerprint for item in run.plan.stages if item.kind != "report"}


def test_resources_gates_and_policies_follow_the_file(lake: Lake, run: Run, file: Path, raw: dict[str, Any]) -> None:
    changed = {
        "resources": {"train": {"memory_gb": 9}},
        "gates": {"select": {"max_dropped_share": 0.99}},
        "training": {"guard": {"max_rollbacks": 7, "patience": 9}, "checkpoint": {"keep_last": 2}, "z_loss": 1e-4},
        "dedup": {"exact": False},
    }
    file.write_text(yaml.safe_dump({**raw, **changed}))
    found, lines = renew(lake, run)
    assert found.recipe.resources_of("train-1").memory_gb == 9
    assert found.recipe.resources_of("clean").workers == 3, "what the run was started with lies over the file"
    training, was = found.recipe.training, run.recipe.training
    assert (training.guard.max_rollbacks, training.checkpoint.keep_last) == (7, 2)
    assert (training.guard.patience, training.z_loss, found.recipe.dedup) == (
        was.guard.patience,
        was.z_loss,
        run.recipe.dedup,
    ), "what decides a step or a document stays"
    assert names(found) == names(run)
    suites = [item.stage for item in run.plan.stages if found.planned(item.stage).suite != item.suite]
    assert suites == ["select"], "and its gate judges anew"
    assert found.planned("report").fingerprint != run.planned("report").fingerprint
    assert any("gates.select.max_dropped_share" in line and line.endswith("→ 0.99") for line in lines)
    assert load_run(lake, "one").model_dump() == found.model_dump()
    assert renew(lake, found)[1] == []


def test_a_branch_follows_the_file_of_its_trunk(lake: Lake, run: Run, file: Path, raw: dict[str, Any]) -> None:
    train = run.planned("train-1").artifact
    files = {f"/{name}": b"content" for name in ("model.json", "metrics.jsonl", "__0_0.distcp")}
    step = run.recipe.phases[0].num_steps // 2
    train.write_part(lake, "checkpoints", f"step-{step:07d}", files=files, rows=1, stats={})
    asked = {"branch.schedule": "constant", "branch.learning_rate": 1e-4, "resources.train.cpus": 2}
    origin = Origin(run="one", step=step)
    branch = create_run("unread", asked, "two", replace(lake.settings, lake=lake.url), origin=origin)
    assert (branch.recipe_path, branch.recipe.name) == (run.recipe_path, f"small-{step}")
    before, after = branch.recipe.phases[:2]
    assert (before.num_steps, after.name, after.learning_rate) == (step, f"branch-{step}", 1e-4)
    assert names(branch)["blocks-1"] != names(run)["blocks-1"] and names(branch)["tokens"] == names(run)["tokens"]
    assert create_run("unread", asked, "two", replace(lake.settings, lake=lake.url), origin=origin) == branch
    assert branch.outdated == ""
    file.write_text(yaml.safe_dump({**raw, "resources": {"train": {"memory_gb": 9}}}))
    found, _ = renew(lake, branch)
    resources = found.recipe.resources_of("train-2")
    assert (resources.memory_gb, resources.cpus) == (9, 2), "the file's, under what the branch was started with"
    assert found.recipe.resources_of("clean").workers == 3, "and what its trunk was"
    assert found.recipe.phases == branch.recipe.phases


def test_nothing_is_taken_from_a_file_that_is_no_recipe(lake: Lake, run: Run, file: Path) -> None:
    file.write_text("name: [")
    found, (line,) = renew(lake, run)
    assert found is run and "taken as it was planned" in line and "\n" not in line
    file.unlink()
    assert renew(lake, run)[0] is run
