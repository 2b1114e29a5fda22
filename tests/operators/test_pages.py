"""Pages of the lake in the API server: for who may read the DAG, and nobody else."""

import asyncio
import re
import time
from urllib.parse import quote

import httpx
import jwt
import pytest
from playwright.sync_api import sync_playwright

from operators.jobs.trigger import StageTrigger
from smelt.engine.jobs import Jobs
from smelt.lake import Lake, held
from smelt.run import progress_key, safe_run_id
from smelt.services.airflow import USER
from tests.cli.corpus import tell
from tests.operators.attempts import STAGE, attempt, event_of, job_name
from tests.operators.test_data_pages import CHROMIUM


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


def test_a_user_without_the_right_sees_nothing(browser, stack):
    claims = jwt.decode(browser.cookies["_token"], options={"verify_signature": False})
    nobody = jwt.encode({**claims, "role": None}, stack.secrets["airflow_jwt_secret"], algorithm="HS512")
    for path in ("/smelt/", "/smelt/lake/x", "/smelt/runs/x/clean/job"):
        assert browser.get(path, cookies={"_token": nobody}).status_code == 403, path
    assert browser.get("/smelt/").status_code == 200


def test_a_failed_stage_is_shown_with_its_reason(browser, run, stack_lake):
    failure = asyncio.run(event_of(attempt(StageTrigger, run, stage="clean")))
    assert "an input is missing" in failure.payload["error"] and not failure.payload["again"]
    assert stack_lake.get_json(progress_key(run.id, "clean"))["state"] == "failed"
    page = browser.get(f"/smelt/runs/{run.id}").text
    assert 'class="state failed"' in page and "an input is missing" in page


def test_airflow_s_navigation_leads_to_the_runs(browser, run, stack):
    plugins = browser.get("/api/v2/plugins").json()["plugins"]
    [view] = [view for plugin in plugins if plugin["name"] == "smelt" for view in plugin["external_views"]]
    assert view["destination"] == "nav"
    assert browser.get(view["href"].rstrip("/")).headers["location"] == view["href"], "without its slash too"
    listed = browser.get(view["href"])
    assert f'href="/smelt/runs/{run.id}"' in listed.text
    page = browser.get(f"/smelt/runs/{run.id}").text
    assert "missing" in page
    assert f"http://127.0.0.1:{stack.ports['tensorboard']}" not in page, "there is no curve yet to look at"
    assert httpx.get(str(browser.base_url.join(view["href"]))).status_code == 401


def test_links_lead_to_job_artifact_and_data_docs(browser, run, stack):
    asyncio.run(event_of(attempt(StageTrigger, run)))
    planned = run.planned(STAGE)
    docs = browser.get(f"/smelt/runs/{run.id}/{STAGE}/docs", follow_redirects=True)
    assert docs.status_code == 200 and docs.headers["content-type"].startswith("text/html")
    artifact = browser.get(f"/smelt/runs/{run.id}/{STAGE}/artifact", follow_redirects=True)
    assert artifact.json()["fingerprint"] == planned.fingerprint
    asyncio.run(submit(f"{job_name(run)}-gate-{planned.suite}"))
    job = browser.get(f"/smelt/runs/{run.id}/{STAGE}/job")
    assert job.headers["location"] == f"{stack.settings.ray_api}/#/jobs/{job_name(run)}"


async def submit(job_id: str) -> None:
    """A job under this id, which does nothing."""
    async with Jobs(Lake.connect().settings) as jobs:
        await jobs.submit(job_id, "true", {})


def test_smelt_and_airflow_lead_to_each_other_s_page_of_a_run(browser):
    """Of a DAG that is switched off, so that the run is there and nothing runs."""
    browser.headers["Authorization"] = f"Bearer {browser.cookies['_token']}"
    deadline = time.monotonic() + 180
    while browser.get("/api/v2/dags/evaluate").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    run_id = f"manual__2026-01-01T00:00:00+00:00_{time.time_ns()}"
    browser.post("/api/v2/dags/evaluate/dagRuns", json={"dag_run_id": run_id, "logical_date": None}).raise_for_status()
    runs = f"/api/v2/dags/evaluate/dagRuns/{quote(run_id, safe='')}"
    try:
        answer = browser.get(f"/smelt/runs/{safe_run_id(run_id)}/airflow")
        assert answer.headers["location"] == f"/dags/evaluate/runs/{quote(run_id, safe='')}"
        links = {
            task: {name: url for name, url in answer["extra_links"].items() if url}
            for task in ("plan", "evaluate.run", "evaluate.gate")
            for answer in [browser.get(f"{runs}/taskInstances/{task}/links").json()]
        }
        assert all(set(found) == {"Smelt"} for found in links.values()), "nothing is made yet"
        assert links["plan"]["Smelt"] == f"/smelt/runs/{quote(run_id, safe='')}"
    finally:
        browser.delete(runs).raise_for_status()
    gone = browser.get(f"/smelt/runs/{safe_run_id(run_id)}/airflow")
    assert gone.status_code == 404 and "Airflow has no such run" in gone.text


def test_a_person_walks_from_the_login_to_a_document(run, stack):
    asyncio.run(event_of(attempt(StageTrigger, run)))
    at = f"http://127.0.0.1:{stack.ports['airflow']}"
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(at)
        page.locator("[name=username]").fill(USER)
        page.locator("[name=password]").fill(stack.secrets["airflow_password"])
        page.locator("[name=password]").press("Enter")
        page.get_by_role("button", name="Browse").click()
        with page.expect_popup() as opened:
            page.get_by_role("menuitem", name="Smelt").click()
        page = opened.value
        page.get_by_role("link", name=run.id).click()
        page.get_by_role("row", name=STAGE).get_by_role("link", name="browse").click()
        page.locator("td.excerpt a").first.click()
        assert page.locator("pre.text, table.sides").inner_text().startswith(f"This is the text of {run.id}")
        page.go_back()
        page.locator("td.excerpt a").last.click()
        page.get_by_role("link", name="Why a paragraph of its web page").click()
        kept, menu = (page.get_by_role("row", name=words) for words in ("turning red", "Prices"))
        kept.first.wait_for()
        assert kept.first.get_by_role("cell").first.inner_text() == "kept"
        assert menu.get_by_role("cell").first.inner_text() == "dropped"
        assert "Prices" not in page.locator("pre.text").inner_text()


def test_a_page_that_is_gone_is_told_and_read_again_when_asked(browser, run, stack_lake, tmp_path):
    asyncio.run(event_of(attempt(StageTrigger, run)))
    manifest = run.planned("ingest").artifact.manifest(stack_lake)
    rows = held.open_parquet(stack_lake, manifest, manifest.parts[0], ".parquet").read(["id", "format"]).to_pylist()
    [name] = [row["id"] for row in rows if row["format"] == "html"]
    address = f"/smelt/pages/{manifest.fingerprint}/{manifest.parts[0].name}/{name}"
    (tmp_path / "b.html").rename(tmp_path / "gone")
    assert "b.html" in _looked_at(browser, address)
    (tmp_path / "gone").rename(tmp_path / "b.html")
    assert "turning red" in _looked_at(browser, f"{address}?attempt=2")
    assert browser.get(f"/smelt/pages/{manifest.fingerprint}/none/{name}").status_code == 404
    assert browser.get(f"/smelt/pages/{manifest.fingerprint}/00000/no;id").status_code == 422


def test_a_sequence_of_a_block_is_shown_with_its_documents_and_tokens(browser, stack_lake, tmp_path):
    made = tell(stack_lake, tmp_path).made
    block = browser.get(f"/smelt/blocks/{made['blocks-1'].fingerprint}").text
    [address, *_] = re.findall(rf'href="(/smelt/blocks/{made["blocks-1"].fingerprint}/0-00000/[1-9])"', block)
    page = _looked_at(browser, address)
    tokens = re.findall(r'<span class="token" title="([\d ]+)">', page)
    assert sum(len(ids.split()) for ids in tokens) == 64
    assert "https://a/" in page and f"<h1>Sequence {address[-1]} of block 0-00000" in page
    beyond = _looked_at(browser, re.sub(r"[0-9]+$", "99", address))
    assert "no such sequence" in beyond and "Look again" in beyond


def test_the_largest_clusters_are_shown_and_a_duplicate_beside_what_it_went_for(browser, stack_lake, tmp_path):
    dedup = tell(stack_lake, tmp_path).made["dedup"].fingerprint
    page = _looked_at(browser, f"/smelt/duplicates/{dedup}")
    pairs = [href.replace("&amp;", "&") for href in re.findall(rf'href="(/smelt/duplicates/{dedup}/[^"]+)"', page)]
    assert page.count("1 document went for it") == len(pairs) == 2, "the copy and the near one"
    near = next(browser.get(pair).text for pair in pairs if "minhash" in browser.get(pair).text)
    assert "<del>" in near and '<th scope="row">goes</th>' in near
    alone = _looked_at(browser, pairs[0].partition("?")[0])
    assert '<th scope="row">stays</th>' in alone, "looked up where the address does not say where it lies"


def _looked_at(browser: httpx.Client, address: str) -> str:
    """The page at that address once it asks no more to be loaded again."""
    deadline = time.monotonic() + 120
    while 'http-equiv="refresh"' in (page := browser.get(address).text):
        assert time.monotonic() < deadline
        time.sleep(1)
    return page
