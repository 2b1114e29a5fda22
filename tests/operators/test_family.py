"""Runs that begin with the same steps stand in one chart, each from where it parts."""

import json
from datetime import UTC, datetime

from operators.pages.family import LOOKED_AT, relatives
from operators.pages.found import run_head
from smelt.lake import Artifact, Lake, Manifest
from tests.comparing.test_difference import written
from tests.evaluation.artifacts import commit, whole_run


def course(lake: Lake, train: Manifest, *digests: str, first: int = 0) -> None:
    """A training's course: a block each 30 steps behind step ``first``."""
    stations = [{"block": f"0-{n}", "end": first + 30 * (n + 1), "digest": digest} for n, digest in enumerate(digests)]
    content = json.dumps(stations).encode()
    Artifact("train", train.fingerprint).write_part(
        lake, "course", "seed", files={".json": content}, rows=len(stations), stats={}
    )


def longer(lake: Lake, first: int, last: int) -> Manifest:
    """A training with a checkpoint each 60 steps."""
    parts = {}
    for end in range(first + 60, last + 1, 60):
        lines = [{"step": n, "phase": "anneal", "tokens": n * 100, "loss": 2.0} for n in range(end - 59, end + 1)]
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        parts[f"step-{end:07d}"] = ({"/metrics.jsonl": content}, 60, {})
    return commit(lake, "train", parts, round="checkpoints")


def test_a_branch_is_drawn_from_where_it_parts(client, lake: Lake, tmp_path) -> None:
    made, _ = whole_run(lake)
    course(lake, made["train-1"], *"abcdef")
    course(lake, made["train-2"], "g", "h", first=180)
    anneal, other = longer(lake, 180, 240), longer(lake, 0, 240)
    course(lake, anneal, "g", "x", first=180)
    course(lake, other, "z")
    runs = {
        "trunk": made,
        "same": made,
        "branch": {**made, "train-2": anneal},
        "stranger": {**made, "train-1": other},
    }
    for name, artifacts in runs.items():
        written(lake, tmp_path, name, artifacts)
        lake.put(f"recipes/{name}/runs/{datetime.now(UTC).isoformat()}~{name}", b"")
    for number in range(LOOKED_AT):  # what else lies beside a recipe's runs
        lake.put(f"recipes/other-{number}/last.json", b"{}")
    found = [(one.head.id, one.step) for one in relatives(lake, run_head(lake, "trunk"))]
    assert found == [("branch", 210)], "all of the first phase, and the second's first block"
    assert [(one.head.id, one.step) for one in relatives(lake, run_head(lake, "branch"))] == [
        ("same", 210),
        ("trunk", 210),
    ]
    assert relatives(lake, run_head(lake, "stranger")) == []
    page = client.get("/smelt/runs/trunk").text
    assert "behind step 210" in page
    chart = page.partition("<svg")[2].partition("</svg>")[0]
    assert "branch" in chart and "same" not in chart
    assert "drawn from where they part" not in client.get("/smelt/runs/stranger").text
