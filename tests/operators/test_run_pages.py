"""How runs stand: Airflow's word beside ours, runs without a plan, links that lead somewhere, what answers say."""

import json
from datetime import UTC, datetime, timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from operators.addresses import PREFIX
from operators.links import LINKS
from operators.pages import access, jobs
from operators.pages.headers import WithSlash
from operators.pages.summary import MAX_REASONS
from smelt.run import progress_key
from tests.operators.small_lake import address


def under_way(lake, run_id: str, stage: str) -> None:
    now = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    lake.put_json(
        progress_key(run_id, stage), {"done": 1, "total": 9, "unit": "parts", "state": "running", "updated": now}
    )


def row_of(page: str, stage: str) -> str:
    return page.split(f'class="stage">{stage}<')[1].split("</tr>")[0]


@pytest.mark.parametrize(
    ("run_state", "task", "state"),
    [
        ("running", "deferred", "under way"),
        ("failed", "failed", "stopped"),
        ("failed", "", "stopped"),
        ("failed", "upstream_failed", "not reached"),
        ("running", "up_for_retry", "under way"),
    ],
)
def test_a_stage_of_a_run_that_is_over_is_not_under_way(client, run_id, lake, airflow, run_state, task, state):
    under_way(lake, run_id, "report")
    airflow.add(run_id, run_state, **({"report_run": task} if task else {}))
    page = client.get(f"/smelt/runs/{run_id}").text
    assert f'class="state {state}"' in row_of(page, "report")
    assert (f"Airflow: run {task}" in page) == bool(task)
    assert f">{run_state}</span>" in page
    assert ('http-equiv="refresh"' in page) == (run_state == "running")


def test_the_list_says_airflow_s_state_and_refreshes_while_a_run_goes_on(client, run_id, airflow):
    airflow.add("second", "failed")
    assert 'http-equiv="refresh"' not in client.get("/smelt/").text
    airflow.add("first", "running")
    page = client.get("/smelt/").text
    assert 'http-equiv="refresh"' in page and '<span class="bad">failed</span>' in page and ">running<" in page


def test_a_run_whose_plan_failed_is_listed_with_the_reason(client, run_id, airflow):
    name = "manual__2026-11-28T10:00:00+00:00"
    airflow.add(name, "failed", error="override gates.selct: unknown key (did you mean `select`?)", plan="failed")
    airflow.add("other", "failed", dag="maintenance")
    page = client.get("/smelt/").text
    assert "did you mean `select`?" in page and "3 runs" in page and "other" not in page
    own = client.get("/smelt/runs/manual__2026-11-28T10-00-00-00-00")
    assert own.status_code == 200 and "It has no plan: override gates.selct" in own.text
    onward = client.get("/smelt/runs/manual__2026-11-28T10-00-00-00-00/airflow", follow_redirects=False)
    assert onward.headers["location"].endswith("/dags/pretrain/runs/manual__2026-11-28T10%3A00%3A00%2B00%3A00")


def test_only_links_that_lead_somewhere_are_offered(client, run_id, lake, monkeypatch):
    monkeypatch.setattr(jobs, "_known", {})
    page = client.get(f"/smelt/runs/{run_id}").text
    assert "/report/report" not in page and "/job" not in page and "/airflow" not in page
    head = json.loads(lake.get(f"runs/{run_id}/run.json"))
    clean = next(item for item in head["plan"]["stages"] if item["stage"] == "clean")

    async def known(lake):
        return {f"clean-{clean['fingerprint']}": f"clean-{clean['fingerprint']}-2"}

    monkeypatch.setattr(jobs, "_known", {})
    monkeypatch.setattr(jobs, "_ask", known)
    page = client.get(f"/smelt/runs/{run_id}").text
    assert page.count("/job") == 1 and "/job" in row_of(page, "clean")
    onward = client.get(f"/smelt/runs/{run_id}/clean/job", follow_redirects=False).headers["location"]
    assert onward.endswith(f"/#/jobs/clean-{clean['fingerprint']}-2")
    assert "Ray knows no such job" in client.get(f"/smelt/runs/{run_id}/select/job").text
    assert "has no curves" in client.get(f"/smelt/runs/{run_id}/select/tensorboard").text


def test_a_task_offers_the_links_that_lead_somewhere(run_id, lake, monkeypatch):
    monkeypatch.setattr(access, "connect", lambda: lake)
    monkeypatch.setattr(jobs, "_ask", no_jobs)

    def offered(run: str, task: str) -> dict[str, str]:
        key = SimpleNamespace(run_id=run, task_id=task)
        found = {link.name: link.get_link(None, ti_key=key) for link in LINKS}
        return {name: found[name] for name in found if found[name]}

    made = offered(run_id, "clean.run")
    assert set(made) == {"Smelt", "Artifact"} and made["Artifact"] == f"/smelt/runs/{run_id}/clean/artifact"
    assert set(offered(run_id, "report.run")) == {"Smelt"}
    assert offered("manual__2026-01-01T00:00:00+00:00", "clean.run") == {
        "Smelt": "/smelt/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"
    }


async def no_jobs(lake) -> dict[str, str]:
    return {}


def test_overrides_can_be_pasted(client, run_id, lake):
    head = json.loads(lake.get(f"runs/{run_id}/run.json"))
    given = {"clean": {"edits": {"width": False}}, "dedup.minhash": None, "description": '它\'s "new" <b>'}
    lake.put_json("runs/pasted/run.json", {**head, "id": "pasted", "overrides": given})
    page = client.get("/smelt/runs/pasted").text
    assert json.loads(unescape(page.split('class="paste">')[1].split("</code>")[0])) == given


def test_reasons_add_up(client, run_id, lake):
    page = client.get(f"/smelt/runs/{run_id}").text
    head = json.loads(lake.get(f"runs/{run_id}/run.json"))
    for planned in head["plan"]["stages"]:
        if planned["stage"] in ("select", "dedup"):
            stats = lake.get_json(f"{planned['stage']}/{planned['fingerprint']}/manifest.json")["stats"]
            told = row_of(page, planned["stage"]).split('class="reason">')[1:]
            numbers = [int(item.split('class="quiet">')[1].split("<")[0].replace(",", "")) for item in told]
            assert sum(numbers) == sum(size["documents"] for size in stats["dropped"].values())


def test_the_rest_of_many_reasons_is_a_row_of_its_own(lake):
    from operators.pages.summary import StageLine
    from smelt.plan import Planned
    from tests.evaluation.artifacts import commit

    sizes = {f"rule {number}": {"documents": 100 - number, "bytes": 1} for number in range(9)}
    made = commit(lake, "select", {"00000": ({}, 900, {"documents": 36, "dropped": sizes})})
    planned = Planned(
        stage="select", version=1, fingerprint="0" * 20, inputs={}, config={}, suite="", cached=False, reason=""
    )
    line = StageLine(planned, "made", made, None)
    assert len(line.reasons) == MAX_REASONS + 1 and line.reasons[-1][0] == "5 others"
    assert sum(number for _, number in line.reasons) == line.documents[0] - line.documents[1] == 864


@pytest.mark.parametrize(
    "path",
    ["/smelt/", "/smelt/runs/none", "/smelt/lake/none", "/smelt/runs/x/y/report", "/smelt/nonsense", "{select}"],
)
def test_every_answer_forbids_frames_guesses_and_copies(client, run_id, stages, path):
    answer = client.get(path.format(select=address(stages["select"])), follow_redirects=False)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "key",
    [
        "..%2f..%2fsecrets",
        "runs/%2e%2e/x",
        "a%00b",
        "a%0ab",
        "a//b",
        "%2fa",
        "a%2f",
        ".",
        "a%5c..%5cb",
        "x" * 2000,
        "%ff",
    ],
)
def test_an_address_that_names_nothing_is_not_found(client, key):
    for path in (f"/smelt/lake/{key}", f"/smelt/runs/{key}", f"/smelt/data/select/{key}", f"/smelt/blocks/{key}"):
        answer = client.get(path)
        assert answer.status_code == 404 and "Traceback" not in answer.text, path


@pytest.mark.parametrize("asked", ["start=99999999999999999999", "start=-1", "group=-2", "group=9999999999999999999"])
def test_a_place_beyond_all_rows_is_refused_or_empty(client, stages, asked):
    assert client.get(f"{address(stages['select'])}?{asked}").status_code in (200, 422)


def test_the_pages_answer_without_their_slash_too():
    root = FastAPI()
    root.mount(PREFIX, FastAPI())

    @root.get("/{rest:path}")
    def everything_else(rest: str) -> PlainTextResponse:
        return PlainTextResponse("Airflow's own page")

    root.add_middleware(WithSlash, path=PREFIX)
    client = TestClient(root, follow_redirects=False)
    answer = client.get("/smelt?start=5")
    assert answer.status_code == 307 and answer.headers["location"] == "/smelt/?start=5"
    assert client.get("/smelter").text == "Airflow's own page"
    below = TestClient(root, root_path="/airflow", follow_redirects=False)
    assert below.get("/airflow/smelt").headers["location"] == "/airflow/smelt/"
