"""Pages of the lake in the API server: for who may read the DAG, and nobody else."""

import asyncio

import httpx
import pytest

from operators.links import ArtifactLink, DataDocsLink, RayJobLink, ReportLink
from operators.triggers import StageTrigger
from smelt.following.airflow import Airflow
from smelt.services.airflow import USER
from tests.operators.attempts import STAGE, attempt, event_of, job_name


@pytest.fixture
def browser(stack) -> httpx.Client:
    """A client of the running API server, logged in by the cookie that the login page sets."""
    address = f"http://127.0.0.1:{stack.ports['airflow']}"
    login = httpx.post(f"{address}/auth/token", json={"username": USER, "password": stack.secrets["airflow_password"]})
    return httpx.Client(base_url=address, cookies={"_token": login.json()["access_token"]}, timeout=60)


def test_objects_are_shown_by_kind_and_cannot_call_the_api(browser, stack_lake):
    stack_lake.put("pages/a.html", "<h1>语料</h1>".encode())
    stack_lake.put("pages/a.json", b'{"b":1}')
    html, json = browser.get("/smelt/lake/pages/a.html"), browser.get("/smelt/lake/pages/a.json")
    assert html.text == "<h1>语料</h1>" and html.headers["content-type"].startswith("text/html")
    assert "connect-src 'none'" in html.headers["content-security-policy"]
    assert json.text == '{\n  "b": 1\n}'
    missing = browser.get("/smelt/lake/pages/none")
    assert missing.status_code == 404 and "no such object" in missing.text


def test_strangers_are_sent_to_the_login_page(stack):
    address = f"http://127.0.0.1:{stack.ports['airflow']}"
    assert httpx.get(f"{address}/smelt/lake/x").status_code == 401
    page = httpx.get(f"{address}/smelt/lake/x", headers={"accept": "text/html"})
    assert page.status_code == 307 and "/auth/login" in page.headers["location"]


def test_airflow_s_navigation_leads_to_the_runs(browser, run, stack):
    plugins = browser.get("/api/v2/plugins").json()["plugins"]
    [view] = [view for plugin in plugins if plugin["name"] == "smelt" for view in plugin["external_views"]]
    assert view["destination"] == "nav"
    listed = browser.get(view["href"])
    assert f'href="/smelt/runs/{run.id}"' in listed.text
    page = browser.get(f"/smelt/runs/{run.id}").text
    assert "missing" in page and f"http://127.0.0.1:{stack.ports['tensorboard']}" in page
    assert httpx.get(str(browser.base_url.join(view["href"]))).status_code == 401


def test_links_lead_to_job_artifact_and_data_docs(browser, run, stack):
    asyncio.run(event_of(attempt(StageTrigger, run)))
    planned = run.planned(STAGE)
    docs = browser.get(f"/smelt/runs/{run.id}/{STAGE}/docs", follow_redirects=True)
    assert docs.status_code == 200 and docs.headers["content-type"].startswith("text/html")
    artifact = browser.get(f"/smelt/runs/{run.id}/{STAGE}/artifact", follow_redirects=True)
    assert artifact.json()["fingerprint"] == planned.fingerprint
    job = browser.get(f"/smelt/runs/{run.id}/{STAGE}/job")
    assert job.headers["location"] == f"{stack.settings.ray_api}/#/jobs/{job_name(run)}"


def test_every_task_offers_its_links(stack):
    airflow = Airflow(f"http://127.0.0.1:{stack.ports['airflow']}", USER, stack.secrets["airflow_password"])
    airflow.wait_for_dag()
    key = type("Key", (), {"run_id": "manual__2026-01-01T00:00:00+00:00", "task_id": "clean.run"})
    pages = {
        link.name: link.get_link(None, ti_key=key)
        for link in (RayJobLink(), ArtifactLink(), DataDocsLink(), ReportLink())
    }
    assert pages["Ray job"] == "/smelt/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00/clean/job"
    assert len(set(pages.values())) == 4
