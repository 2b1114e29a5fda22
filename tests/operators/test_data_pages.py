"""Pages over a small lake of real parts, through the application but without a login."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright

from operators.pages.difference import MAX_CHARS, side_by_side
from operators.pages.objects import MAX_INDENTED
from smelt.gates.approval import Approval, record_decision
from smelt.lake import Lake
from smelt.maintenance.pins import pin_key
from smelt.phases import PADDING
from smelt.run import progress_key
from tasks import documents
from tests.evaluation.artifacts import commit
from tests.operators.small_lake import address

PHASES = {"phases": [{"sequence_length": 20}]}
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


def test_runs_are_listed_newest_first_with_what_matters(client, run_id):
    page = client.get("/smelt/")
    assert page.text.index("runs/second") < page.text.index("runs/first")
    assert "16 of 17" in page.text and "✗ decontaminate" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_run_shows_states_drops_gates_and_the_loss(client, run_id):
    page = client.get(f"/smelt/runs/{run_id}").text
    for words in (
        "cached",
        "missing",
        "✗&nbsp;failed",
        "held-out",
        "training",
        "not UTF-8",
        f"/smelt/runs/{run_id}/clean/docs",
    ):
        assert words in page
    assert client.get("/smelt/runs/none").text == "none: no such run (`smelt artifacts --runs` lists them)"


def test_what_cannot_be_read_is_left_out_of_the_list_and_told_in_one_line(client, run_id, lake):
    lake.put_json(progress_key("stray", "clean"), {})
    lake.put_json("runs/ancient/run.json", {"id": "ancient", "plan": {"of": "another shape"}})
    page = client.get("/smelt/").text
    assert "runs/second" in page and "ancient" not in page and "stray" not in page
    assert "3 runs; 1 of this page can't be read by this Smelt and is left out" in " ".join(page.split())
    answer = client.get("/smelt/runs/ancient")
    assert answer.status_code == 404
    assert answer.text == "ancient: the run was written by a Smelt whose plans this one can't read"


def test_a_page_of_the_list_reads_its_own_runs_alone(client, run_id, lake, monkeypatch):
    monkeypatch.setattr("operators.pages.runs.RUNS_SHOWN", 1)
    read, find_json = [], Lake.find_json
    monkeypatch.setattr(Lake, "find_json", lambda self, key: read.append(key) or find_json(self, key))
    page = client.get("/smelt/")
    assert "runs/second" in page.text and "older" in page.text
    assert [key for key in read if key.endswith("run.json")] == ["runs/second/run.json"]


def test_a_pinned_run_is_shown_as_such(client, run_id, lake):
    lake.put(pin_key("first"), b"")
    assert client.get("/smelt/").text.count("pinned") == 1
    assert "Pinned." in client.get("/smelt/runs/first").text
    assert "Pinned." not in client.get("/smelt/runs/second").text


@pytest.mark.parametrize(
    ("age", "told", "state"),
    [
        (timedelta(0), {"state": "running"}, "under way"),
        (timedelta(hours=1), {"state": "running"}, "silent"),
        (timedelta(hours=1), {"state": "failed", "error": "sources.web: no such file"}, "failed"),
    ],
)
def test_a_stage_that_is_not_made_says_how_it_stands(client, run_id, lake, age, told, state):
    progress = {"done": 3, "total": 7, "unit": "parts", "updated": (datetime.now(UTC) - age).isoformat(), **told}
    lake.put_json(progress_key(run_id, "report"), progress)
    page = client.get(f"/smelt/runs/{run_id}").text
    assert f'class="state {state}"' in page and "3 of 7 parts" in page
    assert told.get("error", "") in page and ("last heard of" in page) == (state == "silent")


def test_an_approved_gate_says_who_approved_it_and_when(client, run_id, lake):
    when = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
    asked = Approval(decision="rejected", by="ada", when=when, run=run_id, expectations=())
    record_decision(lake, "decontaminate", asked)
    assert "✗&nbsp;rejected by ada at 2026-11-03 09:30" in client.get(f"/smelt/runs/{run_id}").text
    assert "✗ decontaminate" in client.get("/smelt/").text
    record_decision(lake, "decontaminate", asked.model_copy(update={"decision": "approved"}))
    assert "✓&nbsp;approved by ada at 2026-11-03 09:30" in client.get(f"/smelt/runs/{run_id}").text
    listed = client.get("/smelt/").text
    assert listed.count("✗ decontaminate") == 1, "the other run, in which nobody was asked, has a failed gate"


def test_links_that_lead_nowhere_say_so_in_one_line(client, lake, run_id):
    whole = json.loads(lake.get(f"runs/{run_id}/run.json"))
    recipe = {"name": "demo", "sources": [{"name": "notes", "kind": "files", "paths": ["x/*"], "lang": "en"}]}
    recipe |= {"model": {"preset": "tiny"}}
    recipe["phases"] = [{"name": "main", "tokens": 100000, "sequence_length": 64, "global_batch_size": 8}]
    lake.put_json("runs/third/run.json", {**whole, "id": "third", "recipe": recipe})
    for stage, kind, line in (
        ("decontaminate", "report", "third: decontaminate: there is no report (it isn't made yet, or was collected)"),
        ("report", "artifact", "third: report: there is no artifact (it isn't made yet, or was collected)"),
        ("train", "nonsense", "third: train: there is no nonsense (it isn't made yet, or was collected)"),
    ):
        answer = client.get(f"/smelt/runs/third/{stage}/{kind}")
        assert (answer.status_code, answer.text) == (404, line)
    board = client.get("/smelt/runs/third/train/tensorboard", follow_redirects=False).headers["location"]
    fingerprint = [item["fingerprint"] for item in whole["plan"]["stages"] if item["stage"].startswith("train")][-1]
    assert board == f"{lake.settings.tensorboard}/?runFilter={fingerprint}#timeseries"


def test_large_objects_are_streamed_as_they_are(client, lake, monkeypatch):
    large = b"[" + b"1," * (MAX_INDENTED // 2) + b"1]"
    lake.put("pages/large.json", large)
    lake.put("pages/small.json", b'{"b":1}')
    lake.put("pages/broken.json", b"{")
    assert client.get("/smelt/lake/pages/small.json").text == '{\n  "b": 1\n}'
    assert client.get("/smelt/lake/pages/broken.json").text == "{"
    monkeypatch.setattr(Lake, "get", lambda self, key: pytest.fail(f"{key} is read whole"))
    answer = client.get("/smelt/lake/pages/large.json")
    assert answer.content == large and answer.headers["content-length"] == str(len(large))
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_filters_say_who_came_in_who_stayed_and_why_not(client, stages):
    def counted(stage: str, **asked) -> str:
        page = client.get(address(stages[stage]), params=asked).text
        return page.split("row group 1 of 1: ")[1].split(" documents")[0]

    assert counted("select") == "30 of 30"
    assert counted("select", verdict="kept") == "20 of 30"
    assert counted("select", verdict="dropped", lang="en") == "5 of 30"
    assert counted("dedup") == "20 of 20", "what select had dropped never came in"
    assert counted("dedup", verdict="gone") == "10 of 10"
    assert counted("dedup", reason="exact") == "1 of 30", "part 00000, which has none, is passed over"
    assert "1 of 2 parts can have some" in client.get(address(stages["dedup"]), params={"reason": "exact"}).text


def test_one_row_group_of_the_columns_shown_is_all_that_travels(client, stages, lake, monkeypatch):
    client.get(address(stages["dedup"]))
    asked: list[str] = []
    fetch = Lake.get_range
    monkeypatch.setattr(Lake, "get_range", lambda self, key, *a, **b: asked.append(key) or fetch(self, key, *a, **b))
    monkeypatch.setattr(Lake, "get", lambda self, key: pytest.fail(f"{key} is read whole"))
    client.get(address(stages["dedup"]), params={"part": "00001"})
    assert asked and all("/00001.parquet" in key for key in asked)


def test_a_document_shows_its_edit_its_signals_and_its_fate(client, stages):
    page = client.get(f"{address(stages['dedup'])}/00001/1").text
    assert "dropped by dedup: exact" in page and "0.125" in page
    edited = client.get(f"{address(stages['dedup'])}/00000/0").text
    assert "<del>" in edited and "<ins>" in edited
    assert "<script>" not in edited and "&lt;script&gt;" in edited
    assert f"/smelt/pages/{stages['ingest'].fingerprint}/00000/0000000000000000" in edited and "/pages/" not in page


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/smelt/data/train/x", "holds no documents"),
        ("/smelt/data/select/x", "no such artifact"),
        ("{select}/00000/99", "no row 99 (it has 30 rows)"),
        ("{select}?part=7", "no part '7'"),
    ],
)
def test_a_wrong_address_is_told_in_one_line(client, stages, path, line):
    answer = client.get(path.format(select=address(stages["select"])))
    assert answer.status_code == 404 and line in answer.text and "\n" not in answer.text


def test_a_duplicate_stands_beside_the_one_that_it_went_for(client, stages):
    dedup = stages["dedup"].fingerprint
    pair = f"/smelt/duplicates/{dedup}/00001/1"
    assert f'href="{pair}"' in client.get(f"{address(stages['dedup'])}/00001/1").text
    assert f'href="/smelt/duplicates/{dedup}"' in client.get(address(stages["dedup"])).text
    page = client.get(f"{pair}?better_part=00000&better_row=1").text
    assert "exact, similarity 1.000" in page and "(the same)" in page
    assert page.count('<td dir="auto">and more</td>') == 2
    for place, told in (
        (f"{pair}?better_part=00000&better_row=2", "row 2 of part 00000: is not what it went for"),
        (f"{pair}?better_part=9", "no part '9'"),
        (f"/smelt/duplicates/{dedup}/00000/1", "row 1 of part 00000: went for no other document (look at a duplicate)"),
        (f"/smelt/duplicates/{dedup}/00000/30", "no row 30"),
        (f"/smelt/duplicates/{stages['clean'].fingerprint}", "no such artifact"),
    ):
        answer = client.get(place)
        assert answer.status_code == 404 and told in answer.text, place


def test_quarantine_names_file_and_reason(client, stages):
    assert "broken pdf" in client.get(f"/smelt/quarantine/{stages['ingest'].fingerprint}").text


def test_blocks_list_their_segments_in_training_order(client, lake):
    table = pa.table({"start": [0, 40], "id": ["a" * 16, "b" * 16], "label": ["zh/docs", "en/docs"]})
    sizes = {"tokens": 100, "tokens_by_domain": {"zh/docs": 40, "en/docs": 60}, "tokens_by_phase": {"main": 100}}
    made = commit(lake, "blocks", {"0-00000": ({".segments.parquet": documents.write(table)}, 2, sizes)}, config=PHASES)
    page = client.get(f"/smelt/blocks/{made.fingerprint}").text
    assert f'href="/smelt/blocks/{made.fingerprint}/0-00000/2">40<' in page, "the sequence that begins there"
    assert page.index("a" * 16) < page.index("b" * 16)
    assert ">61<" in page, "the last segment holds the token that the next block begins with"
    assert "are padding" not in page


def test_a_block_s_padding_is_a_segment_of_no_document(client, lake):
    table = pa.table({"start": [0, 90], "id": ["a" * 16, PADDING], "label": ["zh/docs", PADDING]})
    sizes = {"tokens": 100, "padding": 10, "tokens_by_domain": {"zh/docs": 90}, "tokens_by_phase": {"main": 100}}
    made = commit(lake, "blocks", {"0-00000": ({".segments.parquet": documents.write(table)}, 2, sizes)}, config=PHASES)
    page = client.get(f"/smelt/blocks/{made.fingerprint}").text
    assert "100 tokens in 2 segments, sequences of 20; 10 of the tokens are padding." in page
    assert "<td>padding</td><td><code></code></td>" in page


def test_a_difference_is_marked_by_words_and_bounded():
    [(left, right)] = side_by_side("写信给 a@b.c 吧", "写信给 <|email|> 吧")
    assert left.startswith("写信给 <del>") and right == "写信给 <ins>&lt;|email|&gt;</ins> 吧"
    assert sum(len(pair[0]) for pair in side_by_side("x\n" * MAX_CHARS, "")) < 20 * MAX_CHARS


@contextmanager
def in_chromium(site: FastAPI) -> Iterator[tuple[Page, str]]:
    """A page of a browser, and the address at which the site is served to it."""
    server = uvicorn.Server(uvicorn.Config(site, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        with (
            sync_playwright() as driver,
            driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as browser,
        ):
            yield browser.new_page(), f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_a_browser_walks_from_the_stage_to_a_document_and_no_text_runs(site, stages):
    with in_chromium(site) as (page, at):
        page.goto(f"{at}{address(stages['select'])}")
        page.get_by_role("link", name="short 10").click()
        assert page.locator("tbody tr").count() == 10
        page.get_by_role("link", name="all", exact=True).click()
        page.get_by_role("link", name="after ›").click()
        assert page.locator("tbody tr").count() == 10, "the rest of the row group"
        page.get_by_role("link", name="‹ before").click()
        page.locator("td.excerpt a").first.click()
        assert page.locator("del").first.inner_text() and page.locator("ins").first.inner_text()
        assert page.title().startswith("Document 0 of 00000")


def test_an_object_s_scripts_run_apart_from_airflow(site, lake):
    script = "let seen = 'nothing'; try { seen = document.cookie } catch {} document.title = seen"
    lake.put("docs/index.html", f"<a href='figures.html'>figures</a><script>{script}</script>".encode())
    lake.put("docs/figures.html", b"<script>document.title = 'figures'</script>")
    with in_chromium(site) as (page, at):
        page.context.add_cookies([{"name": "_token", "value": "secret", "url": at}])
        page.goto(f"{at}/smelt/lake/docs/index.html")
        assert page.title() == "nothing", "the page runs its script, and sees no session"
        page.get_by_role("link", name="figures").click()
        page.wait_for_url("**/figures.html")
        assert page.title() == "figures"
