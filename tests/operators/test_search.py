"""A filter goes to the next document that it lets through, on and back, over row groups and parts."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from operators.pages import search as search_module
from operators.pages.documents import ROWS_SHOWN, Filter
from operators.pages.search import search
from operators.pages.table import aligned
from operators.pages.turning import Place
from smelt.lake import Lake
from tests.evaluation.artifacts import commit

GROUP = 25
LANGS = [  # of each row group of each part
    [["en"] * GROUP, ["en"] * GROUP, ["fr", *["en"] * (GROUP - 1)], ["en"] * GROUP],
    [["en"] * GROUP],
    [["en"] * GROUP, ["fr"] * GROUP, ["en"] * GROUP],
]


@pytest.fixture
def score(lake: Lake):
    """A ``score`` of three parts, in which few documents are French."""
    parts = {}
    for number, groups in enumerate(LANGS):
        langs = [lang for group in groups for lang in group]
        sizes = {lang: {"documents": langs.count(lang), "bytes": 1} for lang in set(langs)}
        table = pa.table({"id": [f"{number}{row:05d}" for row in range(len(langs))], "lang": langs, "text": langs})
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, row_group_size=GROUP)
        files = {".parquet": sink.getvalue().to_pybytes()}
        parts[f"{number:05d}"] = (files, len(langs), {"documents": len(langs), "by_lang": sizes})
    made = commit(lake, "score", parts)
    return aligned(lake, "score", made.fingerprint)


def walk(score, asked: Filter, place: Place, turn: int) -> list[tuple[str, int, int, int]]:
    names = [record.name for record in score.last.parts if asked.may_have(score, record)]
    seen = []
    while place is not None:
        found = search(score, names, asked, place)
        seen.append((found.place.part, found.place.group, found.place.start, len(found.documents)))
        place = found.turns[turn]
        assert len(seen) < 50
    return seen


def test_the_next_match_is_gone_to_and_back_again(score):
    on = walk(score, Filter(lang="fr"), Place("", 0, 0), 1)
    pages = [("00000", 2, 0, 1), ("00002", 1, 0, ROWS_SHOWN), ("00002", 1, ROWS_SHOWN, GROUP - ROWS_SHOWN)]
    assert on[:3] == pages and [page[3] for page in on[3:]] in ([], [0])
    last = Place("00002", 1, ROWS_SHOWN)
    back = walk(score, Filter(lang="fr"), last, 0)
    assert back == [*pages[::-1], pages[0]], "before the first there is none: it is shown again, with no way back"


def test_the_first_page_has_nothing_before_it(score):
    found = search(score, ["00000", "00002"], Filter(lang="fr"), Place("", 0, 0))
    assert found.turns[0] is None and found.place == Place("00000", 2, 0)


def test_without_a_filter_every_document_is_passed_once_either_way(score):
    on = walk(score, Filter(), Place("", 0, 0), 1)
    assert sum(page[3] for page in on) == sum(len(group) for part in LANGS for group in part)
    back = walk(score, Filter(), Place(*on[-1][:3]), 0)
    assert back == on[::-1]


def test_a_search_ends_and_can_be_gone_on_with(score, monkeypatch):
    monkeypatch.setattr(search_module, "MAX_LOOKED", 2)
    found = search(score, ["00000", "00001", "00002"], Filter(lang="fr"), Place("", 0, 0))
    assert found.ended and not found.documents and found.turns[1] == Place("00000", 2, 0)
    assert search(score, ["00000", "00001", "00002"], Filter(lang="fr"), found.turns[1]).documents


def test_nothing_is_said_to_be_nothing(score):
    found = search(score, [], Filter(lang="de"), Place("", 0, 0))
    assert not found.documents and found.turns == (None, None)
    assert [record.name for record in score.last.parts if Filter(lang="de").may_have(score, record)] == []
