"""The page on what two runs differ in."""

from datetime import UTC, datetime

from smelt.lake import Lake
from tests.comparing.test_difference import evaluated, written
from tests.evaluation.artifacts import whole_run


def test_two_runs_stand_side_by_side_and_a_run_leads_to_the_one_before(client, lake: Lake, tmp_path) -> None:
    made, _ = whole_run(lake)
    written(lake, tmp_path, "one", made)
    written(lake, tmp_path, "two", {**made, "evaluate": evaluated(lake, made["evaluate"])}, seed=7, name="one")
    now = datetime.now(UTC).isoformat()
    for run in ("one", "two"):
        lake.put(f"recipes/one/runs/{now}~{run}", b"")
    page = client.get("/smelt/runs/one/compare/two")
    assert page.status_code == 200
    for words in ("seed", "1,234", "all loss", "-0.5", "questions completion", made["evaluate"].fingerprint):
        assert words in page.text
    assert "/smelt/runs/two/compare/one" in page.text
    assert "/smelt/runs/one/compare/two" in client.get("/smelt/runs/two").text
    assert "/compare/" not in client.get("/smelt/runs/one").text, "the first of its recipe"
    missing = client.get("/smelt/runs/one/compare/none")
    assert (missing.status_code, missing.text) == (404, "none: no such run (`smelt artifacts --runs` lists them)")
