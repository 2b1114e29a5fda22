"""Repeated spans: which are cut, which stay, and that every later stage reads the text without them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.recipe.dedup import DedupConfig, Spans
from tasks import documents
from tasks.dedup import STAGE, cutting
from tasks.dedup.spans import found_spans, joined
from tests.tasks import refinery
from tests.tasks.texts import english

NOTICE = "All rights reserved; no part of this page may be kept."
READ = ["id", "text", "num_bytes", documents.KEPT]


def run(lake, parts, spans=None, **options):
    config = DedupConfig.model_validate({"minhash": None, "exact": False, "keep": "first", "spans": spans or {}})
    config = config.model_copy(update=options)
    inputs = refinery.scored(lake, parts)
    manifest = refinery.run(STAGE, refinery.context(lake, "dedup", config, inputs))
    found = [documents.read(lake, {**inputs, "dedup": manifest}, part.name, READ) for part in manifest.parts]
    return manifest, pa.concat_tables(found).to_pylist()


def texts(*rows):
    return [row["text"] for row in rows]


def test_the_first_occurrence_of_a_repeated_paragraph_stays_and_the_text_reads_on(lake):
    bodies = [english(number, 30) for number in range(4)]
    given = [
        f"{bodies[0]}\n\n{NOTICE}\n\n{bodies[1]}",
        f"{NOTICE}\n\n{bodies[2]}",
        f"{bodies[3]}\n\n  {NOTICE.replace(' ', '  ')}\n",
    ]
    manifest, rows = run(lake, [[{"text": given[0]}], [{"text": given[1]}, {"text": given[2]}]])
    assert texts(*rows) == [given[0], bodies[2], bodies[3]]
    assert [row["num_bytes"] for row in rows[:2]] == [len(given[0]), len(bodies[2])]
    assert manifest.stats["cut_documents"] == 2
    assert manifest.stats["bytes"] == sum(row["num_bytes"] for row in rows)
    _, rows = run(lake, [[{"text": text} for text in given[:2]]])
    assert texts(*rows) == given[:2], "twice is not often enough"


def test_within_a_document_and_of_the_best_source_the_first_stays(lake):
    body = english(1, 60)
    given = [
        {"text": f"{NOTICE}\n\n{body}\n\n{NOTICE}", "source": "crawl"},
        {"text": f"{body} x\n\n{NOTICE}", "source": "book"},
    ]
    _, rows = run(lake, [given], sources=("book",))
    assert texts(*rows) == [body, given[1]["text"]]


@pytest.mark.parametrize(
    "block",
    [
        "```\n{}\n\n{}\n```",
        "| name | value |\n| {} | 1 |",
        "> {}\n> and so on, as it was said then",
        "    {}\n    and the second line of a poem",
    ],
    ids=["fence", "table", "quotation", "set-in"],
)
@pytest.mark.parametrize("unit", ["paragraph", "line", "sentence"])
def test_code_tables_and_quotations_are_not_torn(lake, block, unit):
    given = [
        f"{english(number, 30)}\n\n{block.replace('{}', NOTICE)}\n\n{english(number + 9, 30)}" for number in range(4)
    ]
    manifest, rows = run(lake, [[{"text": text} for text in given]], {"unit": unit})
    assert texts(*rows) == given and manifest.stats["cut_bytes"] == 0


def test_code_is_left_alone(lake):
    given = [{"text": f"{NOTICE}\n\n{english(number, 30)}", "lang": "code"} for number in range(4)]
    _, rows = run(lake, [given])
    assert texts(*rows) == texts(*given)


def test_lines_and_sentences_of_a_paragraph(lake):
    lines = [f"{english(number, 20)}\n{NOTICE}\n{english(number + 9, 20)}" for number in range(3)]
    _, rows = run(lake, [[{"text": text} for text in lines]], {"unit": "line"})
    assert texts(*rows)[1:] == [f"{english(number, 20)}\n{english(number + 9, 20)}" for number in (1, 2)]
    ends = "后来就没有人再提起这件事情了吗？"
    chinese = "本页面的内容未经许可不得转载或者保存到别处。"
    said = [
        f"Number {number} of the letters that came by the ferry. {NOTICE} And then it was over at last, {number}!"
        for number in range(3)
    ]
    said += [f"第{number}封信是昨天晚上从岛上寄到的，没有人拆开过。{chinese}{ends}" for number in range(3)]
    _, rows = run(lake, [[{"text": text} for text in said]], {"unit": "sentence"})
    left = [text.replace(f"{NOTICE} ", "").replace(chinese, "") for text in said]
    assert texts(*rows) == [said[0], *left[1:3], said[3], *(text.replace(ends, "") for text in left[4:])]


def test_a_document_with_too_little_left_goes_whole(lake):
    given = [{"text": f"{NOTICE} {'It is so. ' * 20}\n\n{english(number, 12)}"} for number in range(3)]
    manifest, rows = run(lake, [given])
    assert [row[documents.KEPT] for row in rows] == [True, False, False]
    assert texts(*rows) == texts(*given)
    assert manifest.stats["dropped"]["spans"]["documents"] == 2
    assert manifest.stats["documents"] == 1


def test_what_goes_as_a_duplicate_counts_for_nothing_and_a_group_may_be_left_alone(lake):
    given = [{"text": f"{NOTICE}\n\n{english(1, 30)}"}] * 2 + [{"text": f"{NOTICE}\n\n{english(2, 30)}"}]
    _, rows = run(lake, [given], exact=True)
    assert texts(*rows) == texts(*given)
    given = [{"text": f"{NOTICE}\n\n{english(number, 30)}", "domain": "law"} for number in range(4)]
    config = DedupConfig.model_validate({"spans": {}, "groups": [{"domain": ["law"], "spans": False}]})
    _, rows = run(lake, [given], groups=config.groups)
    assert texts(*rows) == texts(*given)


def test_the_result_does_not_hang_on_the_cut_into_parts_or_the_order_of_work(lake, monkeypatch):
    monkeypatch.setattr(cutting, "SPAN_TEXT_BYTES", 2_000)
    paragraphs = [f"{english(number, 12)}." for number in range(12)]
    draw = np.random.default_rng(3)
    given = [
        {"id": f"{number:016x}", "text": "\n\n".join(paragraphs[place] for place in draw.integers(0, 12, 6))}
        for number in range(30)
    ]
    config = DedupConfig(minhash=None, spans=Spans(min_left=0))
    found = []
    for cut, backwards in ((10, False), (10, True), (25, False)):
        inputs = refinery.scored(lake, [given[:cut], given[cut:]])
        manifest = refinery.run(STAGE, refinery.context(lake, "dedup", config, inputs), backwards=backwards)
        found.append((refinery.columns(lake, manifest, ["id", "keep", "cuts"]), manifest.stats))
    assert found[0] == found[1] == found[2] and found[0][1]["cut_bytes"] > 0


@given(
    st.lists(st.text(st.sampled_from("aé。\n .!`|>水🙂"), max_size=40), max_size=4),
    st.sampled_from(["paragraph", "line", "sentence"]),
)
@settings(max_examples=200, deadline=None)
def test_any_spans_of_any_text_can_be_cut(given, unit):
    spans, owners = found_spans(pa.array(given, pa.large_string()), Spans(unit=unit, min_bytes=1))
    for number, text in enumerate(given):
        own = spans[owners == number]
        assert (own["start"][1:] >= own["end"][:-1]).all() and (own["start"] < own["end"]).all()
        cuts = joined(own[["row", "start", "end"]]).get(0, [])
        left = documents.without(text, cuts)
        assert len(left.encode()) <= len(text.encode()) - sum(cuts[1::2]) + sum(cuts[::2])
        assert documents.without(text, []) == text.rstrip()
