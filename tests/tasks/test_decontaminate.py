"""Benchmark items are found wherever they hide in a document, and ordinary text is left alone."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smelt.errors import RecipeError
from smelt.recipe.decontaminate import HITS, Benchmark, DecontaminateConfig, with_digests
from tasks import documents
from tasks.decontaminate import STAGE
from tasks.decontaminate.grams import HIT
from tasks.decontaminate.passages import cuts_around
from tests.tasks import refinery

TIDES = {
    "prompt": "The harbour master at Kell keeps two clocks because the tide there turns twice as often as here, so",
    "answer": "the second clock runs on lunar time",
}
CHINESE = {"prompt": "老钟表匠每天清晨都要先校准镇上钟楼的那口大钟，然后才开始修理", "answer": "客人送来的怀表"}
SHORT = {"prompt": "The capital of France is", "answer": "Paris"}


@pytest.fixture
def benchmark(tmp_path):
    def write(*items, name="probe"):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))
        return Benchmark(name=name, path=str(file))

    return write


def decisions(lake, texts, *benchmarks):
    config = with_digests(DecontaminateConfig(benchmarks=benchmarks))
    inputs = refinery.scored(lake, [[{"text": text} for text in texts[:2]], [{"text": text} for text in texts[2:]]])
    inputs["dedup"] = inputs["select"]
    manifest = refinery.run(STAGE, refinery.context(lake, "decontaminate", config, inputs))
    return manifest, refinery.columns(lake, manifest, ["id", "keep", "reason", "item"])


def test_a_leaked_item_is_found_in_another_spelling(lake, benchmark):
    leaked = TIDES["prompt"].upper().replace(" ", "\n\n*") + "?"
    texts = [
        "An ordinary page about tides and harbours. " * 5,
        f"Quiz of the week. {leaked} Write to us.",
        "",
        "So be it.",
    ]
    manifest, rows = decisions(lake, texts, benchmark(SHORT, TIDES))
    assert [row["reason"] for row in rows] == [None, "contaminated:probe", None, None]
    assert rows[1]["item"] == 2
    assert manifest.stats["dropped"]["contaminated:probe"]["documents"] == 1
    assert manifest.stats["documents"] == 3


def test_the_border_of_prompt_and_answer_counts_as_text(lake, benchmark):
    leaked = "twice as often as here, so the second clock runs on lunar time"
    _, rows = decisions(lake, [leaked, "turns twice as often as here, so they say"], benchmark(TIDES))
    assert [row["keep"] for row in rows] == [False, True]


def test_a_chinese_item_is_found_inside_english_text(lake, benchmark):
    leaked = f"Translate: 老钟表匠每天清晨，都要先校准镇上钟楼的那口大钟 (thanks!) {'word ' * 100}"
    _, rows = decisions(lake, [leaked, "钟表匠每天都要校准大钟。" * 3], benchmark(CHINESE))
    assert [row["keep"] for row in rows] == [False, True]


def test_an_item_below_the_ngram_length_is_looked_for_whole(lake, benchmark):
    item = {"prompt": "Ten blue kites rose over the quiet", "answer": "reservoir today"}
    texts = ["He wrote: ten blue kites rose over the quiet reservoir today.", "ten blue kites rose over the quiet hill"]
    _, rows = decisions(lake, texts, benchmark(item))
    assert [row["keep"] for row in rows] == [False, True]


def test_items_too_short_to_tell_from_ordinary_text_are_counted(lake, benchmark):
    manifest, rows = decisions(lake, ["The capital of France is Paris, of course.", "Yes."], benchmark(SHORT, TIDES))
    assert all(row["keep"] for row in rows)
    assert manifest.stats["too_short_items"] == {"probe": 1}


def test_the_benchmark_that_was_met_is_named(lake, benchmark):
    text = " ".join([CHINESE["prompt"], TIDES["prompt"]])
    benchmarks = [benchmark(TIDES, name="tides"), benchmark(CHINESE, name="chinese")]
    _, rows = decisions(lake, [text, TIDES["prompt"]], *benchmarks)
    assert [row["reason"] for row in rows] == ["contaminated:chinese", "contaminated:tides"]


def test_without_benchmarks_everything_stays(lake):
    _, rows = decisions(lake, ["one", "two", "three"])
    assert [row["keep"] for row in rows] == [True] * 3


def test_the_fingerprint_follows_the_files_content(benchmark):
    first = benchmark(TIDES).with_digest()
    assert first.digest == hashlib.sha256(Path(first.path).read_bytes()).hexdigest()
    second = benchmark(TIDES, SHORT).with_digest()
    assert first.digest != second.digest
    with pytest.raises(RecipeError, match="digest is"):
        first.texts()


def test_a_missing_or_broken_benchmark_is_one_line(benchmark, tmp_path):
    with pytest.raises(RecipeError, match=r"decontaminate.benchmarks.x: nowhere.jsonl: no such file \(give"):
        with_digests(DecontaminateConfig(benchmarks=(Benchmark(name="x", path="nowhere.jsonl"),)))
    with pytest.raises(RecipeError, match=r"probe.jsonl:1: has none of the fields prompt, answer \(set"):
        benchmark({"question": "?"}).texts()


def read_on(lake, texts, *benchmarks, cuts=None, **config):
    """The manifest, and the documents as later stages read them; ``cuts`` are what dedup has cut."""
    config = with_digests(DecontaminateConfig(benchmarks=benchmarks, remove="passage", **config))
    inputs = refinery.scored(lake, [[{"text": text} for text in texts]])
    table = documents.read(lake, inputs, "00000", ["id", "keep"])
    cuts = pa.array(cuts or [[] for _ in texts], pa.list_(pa.uint32()))
    inputs["dedup"] = refinery.commit(lake, "dedup", [table.append_column("cuts", cuts)])
    manifest = refinery.run(STAGE, refinery.context(lake, "decontaminate", config, inputs))
    names = ["text", "num_bytes", "item", documents.KEPT, documents.CUTS]
    return manifest, documents.read(lake, {**inputs, "decontaminate": manifest}, "00000", names).to_pylist()


LEAK = f"{TIDES['prompt']} {TIDES['answer']}."
AROUND = ("The ferry had left at dawn, with bread and letters. ", "Nobody on board spoke until the second lighthouse.")


def test_a_passage_is_cut_with_its_sentences_and_the_text_reads_on(lake, benchmark):
    quiz = f"{AROUND[0]}Now guess: {LEAK.upper()} {AROUND[1]}"
    fenced = f"{AROUND[0] * 4}\n\n```\nsay({LEAK})\n\nend()\n```\n\n{AROUND[1] * 4}"
    chinese = f"这里是小镇的新闻。{CHINESE['prompt']}{CHINESE['answer']}。明天会下雨，请带上雨伞再出门去上班。"
    texts = [quiz, fenced, chinese, LEAK + " So.", "Nothing of it."]
    manifest, rows = read_on(lake, texts, benchmark(SHORT, TIDES), benchmark(CHINESE, name="chinese"))
    assert [row["text"] for row in rows] == [
        f"{AROUND[0]}{AROUND[1]}",
        f"{AROUND[0] * 4}\n\n{AROUND[1] * 4}",
        "这里是小镇的新闻。明天会下雨，请带上雨伞再出门去上班。",
        *texts[3:],
    ]
    assert [row[documents.KEPT] for row in rows] == [True, True, True, False, True]
    assert [row["item"] for row in rows] == [2, 2, 1, 2, None]
    assert [row["num_bytes"] for row in rows] == [len(row["text"].encode()) for row in rows]
    assert manifest.stats["hits"] == {
        "probe": {"documents": 3, "items": {"2": 3}},
        "chinese": {"documents": 1, "items": {"1": 1}},
    }
    assert manifest.stats["cut_documents"] == 3
    assert manifest.stats["cut_bytes"] == sum(len(text.encode()) for text in texts) - sum(r["num_bytes"] for r in rows)
    assert manifest.stats["bytes"] == sum(row["num_bytes"] for row in rows if row[documents.KEPT])
    assert manifest.stats["dropped"]["contaminated:probe"]["documents"] == 1


def test_what_dedup_has_cut_before_is_cut_with_it(lake, benchmark):
    words = LEAK.split()
    text = f"{AROUND[0]}{' '.join(words[:9])} And more. {' '.join(words[9:])} {AROUND[1] * 2}"
    between = [text.index("And more"), text.index("And more") + len("And more. ")]
    start = text.index(AROUND[1])
    _, [row] = read_on(lake, [text], benchmark(TIDES), cuts=[[*between, start, start + len(AROUND[1])]])
    assert row["text"] == f"{AROUND[0]}{AROUND[1]}"
    assert row["cuts"] == [len(AROUND[0]), start + len(AROUND[1])]
    assert row["num_bytes"] == len(row["text"])


def test_every_hit_is_kept_with_its_passage(lake, benchmark):
    text = f"{LEAK} And again: {LEAK.replace(' ', '  ')} 老板说：{CHINESE['prompt']}"
    config = with_digests(DecontaminateConfig(benchmarks=(benchmark(TIDES), benchmark(CHINESE, name="chinese"))))
    inputs = refinery.decided(lake, [[{"text": "Nothing."}, {"text": text}, {"text": text, "keep": False}]])
    manifest = refinery.run(STAGE, refinery.context(lake, "decontaminate", config, inputs))
    hits = pq.read_table(pa.BufferReader(lake.get(manifest.key(manifest.parts[0], HITS)))).to_pylist()
    assert {hit["id"] for hit in hits} == {refinery.columns(lake, manifest, ["id"])[1]["id"]}
    assert [(hit["benchmark"], hit["item"], hit["passage"]) for hit in hits] == [
        ("probe", 1, LEAK),
        ("probe", 1, LEAK.replace(" ", "  ")),
        ("chinese", 1, CHINESE["prompt"]),
    ]


@given(
    st.lists(
        st.sampled_from(["a b. ", "c！", "d e ", "。", "\n\n", "\n    f ", "```\n", "| g |\n", "水 "]), max_size=12
    )
)
@settings(max_examples=200, deadline=None)
def test_cuts_hold_the_hits_and_are_characters(pieces):
    text = "".join(pieces)
    size = len(text.encode())
    column = pa.array([text], pa.large_string())
    hits = np.zeros(3, HIT)
    draw = np.random.default_rng(size)
    bounds = np.sort(draw.integers(0, size + 1, (3, 2)), axis=1)
    bounds = bounds[bounds[:, 0] < bounds[:, 1]]
    hits = hits[: len(bounds)]
    hits["start"], hits["end"] = bounds[:, 0], bounds[:, 1]
    cuts = cuts_around(column, hits).get(0, [])
    left = documents.without(text, cuts)
    assert cuts == documents.united([cuts]) and all(0 <= place <= size for place in cuts)
    inside = np.zeros(size, bool)
    for start, end in zip(cuts[::2], cuts[1::2], strict=True):
        inside[start:end] = True
    blank = np.array([byte in b" \n" for byte in text.encode()], bool)
    for start, end in bounds.tolist():
        assert (inside | blank)[start:end].all()
    assert len(left.encode()) <= size
