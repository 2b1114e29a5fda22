"""Shared passages: none is missed, what is marked is shared, and what is cut reads on."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.recipe.dedup import DedupConfig
from tasks import documents
from tasks.dedup import STAGE
from tasks.dedup.substrings import contexts, rounds
from tasks.dedup.substrings.anchors import found_anchors
from tasks.dedup.substrings.joining import cut_passages
from tasks.units import text_buffers
from tests.tasks import refinery
from tests.tasks.texts import CHINESE, chinese, english

N = 128
"""Bytes that passages of these tests have at least."""


def marked(texts, most=contexts.MOST):
    """Which bytes of each text are marked, by what the rounds do to one part in which all texts are."""
    column = pa.array(texts, pa.large_string())
    anchors, owners = found_anchors(column, N)
    anchors["row"], anchors["id"] = owners, owners
    requests, _ = contexts.requested(anchors)
    heads = np.zeros(len(requests), contexts.HEAD)
    for name in contexts.REQUEST.names:
        heads[name] = requests[name]
    stream = contexts.described(*text_buffers(column), heads["row"].astype(np.int64), heads, N)
    cuts, _ = contexts.matched(stream, N)
    found = [np.zeros(len(text.encode()), bool) for text in texts]
    for row, start, end in cuts.tolist():
        found[row][start:end] = True
    return found


def shared(texts):
    """The same by looking at all windows: of equal ones all but the first go, and of the same text what overlaps it
    stays."""
    found = [np.zeros(len(text.encode()), bool) for text in texts]
    first = {}
    for row, text in enumerate(texts):
        content = text.encode()
        for start in range(len(content) - N + 1):
            owner, place = first.setdefault(content[start : start + N], (row, start))
            if (owner, place) != (row, start) and not (owner == row and start - place < N):
                found[row][start : start + N] = True
    return found


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_every_shared_passage_is_marked_and_nothing_else(seed):
    draw = random.Random(seed)
    pool = ["".join(draw.choices("abcdé水 ", k=draw.randrange(40, 300))) for _ in range(6)]
    pool.append("".join(draw.choices("xyz", k=40)) * 8)
    texts = [
        "".join(
            draw.choice(pool) if draw.random() < 0.6 else "".join(draw.choices("efgh ", k=draw.randrange(1, 90)))
            for _ in range(draw.randrange(1, 9))
        )
        for _ in range(8)
    ]
    texts = [text.lstrip() for text in texts]  # a text set in by four blanks stands apart
    for ours, true in zip(marked(texts), shared(texts), strict=True):
        assert (ours == true).all()


def test_a_pattern_over_and_over_is_no_anchor():
    anchors, _ = found_anchors(pa.array(["-" * 100_000, "=~" * 50_000], pa.large_string()), N)
    assert len(anchors) == 0
    text = "-" * 300 + english(1, 40)
    assert marked([text, text])[1][300 - N + 1 :].all()


def test_of_very_many_occurrences_some_are_compared_at_a_time(monkeypatch):
    monkeypatch.setattr(contexts, "MOST", 4)
    text = english(3, 40)
    whole = [bytes_.all() for bytes_ in marked([f"{number} {text}"[2:] for number in range(10)])]
    assert whole.count(False) == 3


def run(lake, parts, substrings=None, backwards=False, **options):
    config = {"minhash": None, "exact": False, "keep": "first", "substrings": substrings or {}, **options}
    inputs = refinery.scored(lake, parts)
    given = refinery.context(lake, "dedup", DedupConfig.model_validate(config), inputs)
    manifest = refinery.run(STAGE, given, backwards=backwards)
    names = ["id", "text", "num_bytes", documents.KEPT]
    found = [documents.read(lake, {**inputs, "dedup": manifest}, part.name, names) for part in manifest.parts]
    return manifest, pa.concat_tables(found).to_pylist()


LONG = " ".join(english(77, 25) + "." for _ in range(1)) + " " + english(78, 90) + "."


def test_a_shared_passage_goes_but_for_its_first_and_the_text_reads_on(lake):
    bodies = [f"{english(number, 130)}." for number in range(4)]
    rest = chinese(5, 40)
    passage = "".join(dict.fromkeys(chinese(number, 3) for number in range(12)))
    given = [
        f"{bodies[0]} {LONG} {bodies[1]}",
        f"{bodies[2]}\n\nAnd{LONG} {bodies[3]}",
        f"{rest}\n\n{passage}{CHINESE}",
        f"{chinese(6, 40)}{passage}",
    ]
    manifest, rows = run(lake, [[{"text": text} for text in given[:1]], [{"text": text} for text in given[1:]]])
    assert rows[0]["text"] == given[0] and rows[2]["text"] == given[2]
    first = LONG.split()[0]
    assert rows[1]["text"] == f"{bodies[2]}\n\nAnd{first} {bodies[3]}", "a word is not torn"
    assert given[3].startswith(rows[3]["text"]) and len(given[3]) - len(rows[3]["text"]) >= len(passage) - 5
    assert manifest.stats["cut_documents"] == 2
    assert [row["num_bytes"] for row in rows[:1]] == [len(given[0].encode())]


def test_short_gaps_go_along_and_long_ones_stay(lake):
    halves = [f"{english(number, 100)}." for number in (31, 32)]
    bodies = [f"{english(number, 220)}." for number in (41, 42, 43)]
    given = [
        f"{halves[0]} The year was 1994. {halves[1]}\n\n{bodies[0]}",
        f"{halves[0]} The year was 2003. {halves[1]}\n\n{bodies[1]}",
        f"{halves[0]} It was another year, one that nobody in the harbour could name. {halves[1]}\n\n{bodies[2]}",
    ]
    _, rows = run(lake, [[{"text": text} for text in given]])
    assert rows[0]["text"] == given[0] and rows[1]["text"] == bodies[1]
    assert rows[2]["text"].endswith(bodies[2]) and "nobody in the harbour" in rows[2]["text"]
    assert halves[0] not in rows[2]["text"] and halves[1] not in rows[2]["text"]


@pytest.mark.parametrize("mark", ["```\n{}\n```", "| {} |", "    {}", "> {}"])
def test_what_stands_apart_is_not_torn(lake, mark):
    said = mark.format(LONG)
    given = [f"{english(number, 20)}.\n\n{said}\n\n{english(number + 50, 20)}." for number in range(3)]
    _, rows = run(lake, [[{"text": text} for text in given]])
    assert [row["text"] for row in rows] == given


def test_code_and_groups_are_left_alone_and_a_document_with_too_little_left_goes(lake):
    given = [
        {"text": f"{LONG} {english(number, 20)}", "lang": lang, "domain": domain}
        for number, (lang, domain) in enumerate([("code", "x"), ("code", "x"), ("en", "law"), ("en", "law")])
    ]
    options = {"groups": [{"domain": ["law"], "substrings": False}]}
    _, rows = run(lake, [given], **options)
    assert [row["text"] for row in rows] == [row["text"] for row in given]
    _, rows = run(lake, [[{"text": row["text"]} for row in given]])
    assert [row[documents.KEPT] for row in rows] == [True, False, False, False]


def test_the_result_does_not_hang_on_the_cut_into_parts_or_the_order_of_work(lake, monkeypatch):
    monkeypatch.setattr(rounds, "TEXT_BYTES", 2_000)
    passages = [f"{english(number, 60)}. " for number in range(8)]
    draw = np.random.default_rng(3)
    given = [
        {
            "id": f"{number:016x}",
            "text": "".join(passages[place] for place in draw.integers(0, 8, 5)) + english(900 + number, 90),
        }
        for number in range(24)
    ]
    found = []
    for cut, backwards in ((10, False), (10, True), (19, False)):
        manifest, rows = run(lake, [given[:cut], given[cut:]], {"min_bytes": 256}, backwards)
        found.append((rows, manifest.stats))
    assert found[0] == found[1] == found[2] and found[0][1]["cut_bytes"] > 1_000


@given(st.lists(st.sampled_from(["ab ", "c\n\n", "é", "水", "\n\n| t |\n\n", "d"]), max_size=30), st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_cut_is_characters_and_prose(pieces, data):
    content = "".join(pieces).encode()
    bounds = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=6)))
    bounds = bounds[: len(bounds) // 2 * 2]
    cuts = cut_passages(np.frombuffer(content, np.uint8), 0, len(content), bounds, 3)
    assert cuts == sorted(set(cuts))
    left = documents.without(content.decode(), cuts)
    assert left.count("| t |") == content.decode().count("| t |")
