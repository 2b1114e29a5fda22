"""One page's text and blocks, from a file, a crawl, and behind a document."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smelt.lake import Lake
from smelt.recipe import parse_recipe
from smelt.run import Run
from tests.chain import make_through, plan_of
from tests.cli.running import run
from tests.tasks.ingest.crawls.making import answer, gzipped, pages, record

STORY = "The harbour was closed for three days last week, and ferries from the islands had to turn back at night. "
PAGE = (
    "<html><body><nav class='main-nav'><ul><li><a href='/'>Home</a></li><li><a href='/n'>News</a></li></ul></nav>"
    f"<div class='content'><h2>Storm [closes] the harbour</h2><p>{STORY}</p><p>{STORY * 3}</p></div>"
    "<footer class='site-footer'><p>© 2021 The Bay Courier. All rights reserved.</p></footer></body></html>"
).encode()
URL = "https://bay.example/storm"
REFUSING = PAGE.replace(b"<body>", b"<head><meta name=robots content=noai></head><body>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A page, and a crawl with that page among others, one of which its source refuses."""
    folder = tmp_path_factory.mktemp("raw")
    (folder / "storm.html").write_bytes(PAGE)
    records = [record(answer(PAGE), url=URL), record(answer(REFUSING), url=URL + "?refusing")]
    (folder / "crawl.warc.gz").write_bytes(gzipped([*pages(8), *records]))
    (folder / "rows.jsonl").write_text(json.dumps({"html": PAGE.decode(), "url": URL + "?row"}) + "\n")
    (folder / "notes.txt").write_text("Nothing but a note.\n")
    return folder


def test_the_text_of_a_file_alone_goes_to_the_terminal(folder):
    shown = run("extract", str(folder / "storm.html"))
    assert shown.stdout == f"## Storm [closes] the harbour\n\n{STORY.strip()}\n\n{(STORY * 3).strip()}\n"


def test_each_block_stands_with_its_decision_and_why(folder):
    shown = run("extract", str(folder / "storm.html"), "--blocks").stdout
    text, table = shown.split("page_kind article, extraction main")
    assert text.startswith("## Storm [closes] the harbour")
    rows = [line.split() for line in table.splitlines() if line.startswith(("kept", "dropped"))]
    assert [row[0] for row in rows] == ["dropped", "dropped", "kept", "kept", "kept", "dropped"]
    assert rows[0][2:] == ["navigation", "Home"]
    assert rows[2][3:] == ["Storm", "[closes]", "the", "harbour"]
    assert rows[-1][2] == "footer" and float(rows[-1][1]) < 0.5 < float(rows[2][1])


@pytest.mark.parametrize("packed", [True, False])
def test_a_page_of_a_crawl_is_named_by_its_address(folder, tmp_path, packed):
    crawl = tmp_path / "crawl.warc"
    content = (folder / "crawl.warc.gz").read_bytes()
    crawl.write_bytes(content if packed else gzip.decompress(content))
    assert STORY in run("extract", str(crawl), URL).stdout
    assert "page 3 says" in run("extract", str(crawl), "http://x/3").stdout


def test_what_is_no_single_page_is_one_line(folder):
    for arguments, said in (
        (["none.html"], "none.html: no such file (give the path of a file"),
        ([str(folder / "notes.txt")], "no web page in it (give a file of HTML"),
        (
            [str(folder / "crawl.warc.gz")],
            "there are several pages (write an address behind it: http://x/0, http://x/1",
        ),
        ([str(folder / "crawl.warc.gz"), "http://y/"], "no such page (addresses stand"),
    ):
        shown = run("extract", *arguments)
        assert (shown.returncode, shown.stdout, len(shown.stderr.splitlines())) == (2, "", 1)
        assert said in shown.stderr
    (folder / "empty.html").write_bytes(b"")
    assert "no web page in it: empty" in run("extract", str(folder / "empty.html")).stderr


@pytest.fixture(scope="module")
def explain(s3_settings, folder):
    """`smelt explain` over a lake whose sources are that folder."""
    lake = Lake(s3_settings, url="s3://smelt/extract")
    sources = [
        {"name": "files", "kind": "files", "paths": [f"{folder}/storm.html", f"{folder}/notes.txt"]},
        {"name": "crawl", "kind": "files", "paths": [f"{folder}/crawl.warc.gz"], "refuse": ["noai"]},
        {"name": "rows", "kind": "files", "paths": [f"{folder}/rows.jsonl"], "html_field": "html"},
    ]
    recipe = parse_recipe(
        {
            "name": "pages",
            "sources": sources,
            "tokenizer": {"train": {"vocab_size": 400}},
            "model": {"preset": "tiny"},
            "phases": [{"name": "main", "tokens": 3072, "sequence_length": 64, "global_batch_size": 2}],
        },
        where="pages",
    )
    made = make_through(recipe, lake, "ingest")["ingest"]
    assert made.stats["quarantined"] == {"noai": 1}
    now = datetime.now(UTC).isoformat()
    run_ = Run(id="one", recipe_path="pages", overrides={}, recipe=recipe, plan=plan_of(recipe, lake), created=now)
    lake.put("runs/one/run.json", run_.model_dump_json().encode())
    environment = {**lake.settings.environment(), "SMELT_LAKE": lake.url}
    return lambda *arguments: run("explain", *arguments, environment=environment)


@pytest.mark.parametrize("document", ["storm.html", URL, URL + "?row"])
def test_a_document_s_page_is_read_again_where_it_lies(explain, folder, document):
    page = json.loads(explain(document, "--blocks", "--json").stdout)["page"]
    assert [block["kept"] for block in page["blocks"]] == [False, False, True, True, True, False]
    assert page["text"].startswith("## Storm [closes] the harbour")
    shown = explain(document, "--blocks").stdout
    assert "navigation  Home" in shown and "[closes]" in shown
    assert "navigation" not in explain(document).stdout


def test_a_page_that_its_source_refused_has_blocks_too(explain):
    refused = json.loads(explain("crawl.warc.gz", "--json").stdout)
    assert (refused["fate"], refused["ingest"]["reason"]) == ("quarantined", "noai")
    page = json.loads(explain(refused["id"], "--blocks", "--json").stdout)["page"]
    assert page["url"] == URL + "?refusing" and sum(block["kept"] for block in page["blocks"]) == 3


def test_what_has_no_blocks_or_is_gone_is_one_line(explain, folder):
    other = explain("notes.txt", "--blocks")
    assert (other.returncode, len(other.stderr.splitlines())) == (2, 1)
    assert "is no web page (only web pages have blocks: ask without --blocks)" in other.stderr
    file = Path(folder / "storm.html")
    file.write_bytes(PAGE + b"\n")
    changed = explain("storm.html", "--blocks")
    assert "is not what it was when it was listed" in changed.stderr and len(changed.stderr.splitlines()) == 1
