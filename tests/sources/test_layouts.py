"""A row of each known layout becomes a document with what the data set's card says of it."""

import json

import pytest

from smelt.errors import RecipeError
from smelt.recipe.ingest import IngestOptions
from smelt.recipe.load import parse_recipe
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
