"""``smelt diff`` prints what differs, and writes it."""

import json
from pathlib import Path

from smelt.lake import Lake
from tests.cli.running import run
from tests.comparing.test_difference import evaluated, written
from tests.evaluation.artifacts import whole_run


def test_tables_and_json_say_the_same(lake: Lake, tmp_path: Path) -> None:
    made, _ = whole_run(lake)
    written(lake, tmp_path, "one", made)
    written(lake, tmp_path, "two", {**made, "evaluate": evaluated(lake, made["evaluate"])}, seed=7)
    environment = {**lake.settings.environment(), "SMELT_LAKE": lake.url}
    answer = run("diff", "one", "two", "--json", str(tmp_path / "out.json"), environment=environment)
    assert answer.returncode == 0, answer.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["recipe"]["seed"] == [1234, 7]
    for words in ("seed", "1,234", "all loss", "-0.5", "questions completion", made["evaluate"].fingerprint):
        assert words in answer.stdout
    answer = run("diff", "one", "none", environment=environment)
    assert (answer.returncode, answer.stderr) == (
        2,
        "error: none: no such run (`smelt artifacts --runs` lists them)\n",
    )
