"""A row of each known layout becomes a document with what the data set's card says of it."""

import json

import pytest

from smelt.errors import RecipeError
from smelt.recipe.ingest import IngestOptions
from smelt.recipe.reading.load import parse_recipe
from smelt.recipe.sources import FilesSource
from smelt.sources.layouts import LAYOUTS, Fields, fields_of
from tasks.ingest.document import Document, RawFile
from tasks.ingest.read import read
from tests.tasks.ingest.test_ingest import parquet

ROWS = {
    "fineweb": {
        "text": "A page.",
        "id": "<urn:uuid:1>",
        "dump": "CC-MAIN-2024-10",
        "url": "http://x/1",
        "date": "2024-02-21T03:14:15Z",
        "file_path": "s3://commoncrawl/x.warc.gz",
        "language": "eng",
        "language_score": 0.93,
        "token_count": 3,
    },
    "pile": {"text": "def f(): pass", "meta": {"pile_set_name": "Github"}},
    "skypile": {"text": "一篇文章。"},
    "redpajama": {
        "text": "Title\n\nBody",
        "meta": {"url": "http://x/2", "language": "en", "timestamp": "2023-03-20", "source": "arxiv"},
    },
    "redpajama-v2": {
        "raw_content": "Raw page.",
        "url": "http://x/3",
        "date_download": "2023-06-08T17:12:00Z",
        "digest": "sha1:1",
        "language": "de",
        "bucket": "head",
        "perplexity": 211.5,
    },
    "wudao": {"id": 7, "uniqueKey": "k", "dataType": "百科", "title": "标题", "content": "正文。"},
}
FOUND = {
    "fineweb": Fields(
        "A page.",
        "http://x/1",
        "en",
        None,
        "2024-02-21",
        {key: ROWS["fineweb"][key] for key in ("id", "dump", "file_path", "language_score")},
    ),
    "pile": Fields("def f(): pass", None, None, "code", None, {"meta": {"pile_set_name": "Github"}}),
    "skypile": Fields("一篇文章。"),
    "redpajama": Fields(
        "Title\n\nBody", "http://x/2", "en", "academic", "2023-03-20", {"meta": ROWS["redpajama"]["meta"]}
    ),
    "redpajama-v2": Fields(
        "Raw page.",
        "http://x/3",
        "de",
        None,
        "2023-06-08",
        {"digest": "sha1:1", "bucket": "head", "perplexity": 211.5},
    ),
    "wudao": Fields(
        "标题\n\n正文。", None, None, "encyclopedia", None, {"id": 7, "uniqueKey": "k", "dataType": "百科"}
    ),
}

PAGE = (
    "<html><head><title>Of pages</title></head><body><nav><a href='/'>Home</a></nav><article><h1>Of pages</h1>"
    + "<p>A page has words that somebody wrote, and they stand in the middle of it, between all the others.</p>" * 3
    + "<ul><li>First, what is read.</li><li>Then, what is left out.</li></ul></article></body></html>"
)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_row_says_what_its_layout_promises(name: str) -> None:
    assert fields_of(ROWS[name], LAYOUTS[name]) == FOUND[name]


@pytest.mark.parametrize("name", LAYOUTS)
def test_rows_read_the_same_from_jsonl_and_parquet(name: str) -> None:
    row, layout = ROWS[name], LAYOUTS[name]
    contents = {"a.jsonl": json.dumps(row).encode(), "a.parquet": parquet(**{key: [row[key]] for key in row})}
    for path, content in contents.items():
        [item] = read(RawFile("s", path, content, layout=layout), IngestOptions())
        assert isinstance(item, Document)
        found = Fields(item.text, item.url, item.lang, item.domain, item.date, item.meta)
        assert found == FOUND[name]


def test_a_row_without_text_has_none() -> None:
    for layout in LAYOUTS.values():
        assert fields_of({"other": 1, "meta": "plain", "title": "t"}, layout).text is None


def test_an_unknown_layout_is_one_line() -> None:
    raw = {"name": "r", "sources": [{"name": "s", "kind": "files", "paths": ["x"], "layout": "finweb"}]}
    with pytest.raises(RecipeError, match=r"no layout is called 'finweb'.*there are fineweb, pile"):
        parse_recipe(raw, where="r.yaml")


def test_a_page_in_a_row_is_read_as_a_file_of_html_is() -> None:
    row = {
        "html": PAGE,
        "url": "http://x/4",
        "language": "en",
        "date": "2024-05-06T00:00:00Z",
        "dump": "d",
        "text": "-",
    }
    [item] = read(RawFile("s", "a.html", PAGE.encode()), IngestOptions())
    assert isinstance(item, Document)
    assert (item.about.title, item.text.count("- First"), item.page_kind) == ("Of pages", 1, "article")
    for layout, more in ((None, (None, None, None)), ("fineweb", ("en", "2024-05-06", {"dump": "d"}))):
        of = FilesSource(name="s", paths=("x",), html_field="html", layout=layout).row_layout
        for content in (json.dumps(row).encode(), parquet(**{key: [row[key]] for key in row})):
            [found] = read(
                RawFile("s", "a" if content[:1] == b"{" else "a.parquet", content, layout=of), IngestOptions()
            )
            assert isinstance(found, Document)
            assert (found.text, found.about, found.format) == (item.text, item.about, "html")
            assert (found.url, (found.lang, found.date, found.meta)) == ("http://x/4", more)


def test_the_bytes_of_a_page_say_how_they_are_encoded() -> None:
    page = f'<html><head><meta charset="gb2312"></head><body><p>{"正文第一段，说的是城市。" * 9}</p></body></html>'
    of = FilesSource(name="s", paths=("x",), html_field="page.source").row_layout
    found = [
        item.text
        for content in (parquet(page=[{"source": page.encode("gb18030")}]), parquet(page=[{"source": page}]))
        for item in read(RawFile("s", "a.parquet", content, layout=of), IngestOptions())
    ]
    assert found == ["正文第一段，说的是城市。" * 9] * 2
    of = FilesSource(name="s", paths=("x",), html_field="source").row_layout
    [item] = read(RawFile("s", "a.parquet", parquet(source=[page.encode("gb18030")]), layout=of), IngestOptions())
    assert item.text == found[0]


def test_a_row_without_a_page_costs_itself_alone() -> None:
    of = FilesSource(name="s", paths=("x",), html_field="html", refuse=("unlicensed",)).row_layout
    rows = [{"html": PAGE}, {"html": "<script>1</script>"}, {"html": 3}, {"text": "plain"}, {"html": " "}]
    content = "\n".join(map(json.dumps, rows)).encode()
    items = list(read(RawFile("s", "a.jsonl", content, layout=of), IngestOptions()))
    assert [getattr(item, "reason", "") for item in items] == [
        "", "html without text", "no text field", "no text field", "empty"
    ]  # fmt: skip
    assert [int(item.place) for item in items] == [content.find(json.dumps(row).encode()) for row in rows]
    [item] = read(
        RawFile("s", "a.jsonl", json.dumps(rows[0]).encode(), layout=of, refuse=("unlicensed",)), IngestOptions()
    )
    assert (item.reason, item.place) == ("unlicensed", "0")


def test_halves_of_a_pair_in_a_page_are_one_character_or_u_fffd() -> None:
    of = FilesSource(name="s", paths=("x",), html_field="html").row_layout
    line = b'{"html": "<p>One \\ud83d\\ude00 and a half \\ud83d of it.</p>"}'
    [item] = read(RawFile("s", "a.jsonl", line, layout=of), IngestOptions())
    assert item.text == "One \U0001f600 and a half \ufffd of it."


def test_a_text_and_a_page_are_not_both_a_rows_text() -> None:
    raw = {
        "name": "r",
        "sources": [{"name": "s", "kind": "files", "paths": ["x"], "text_field": "a", "html_field": "b"}],
    }
    with pytest.raises(RecipeError, match=r"either 'a' or the page in 'b' \(leave out text_field or html_field\)"):
        parse_recipe(raw, where="r.yaml")
