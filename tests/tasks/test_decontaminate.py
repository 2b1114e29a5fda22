"""Benchmark items are found wherever they hide in a document, and ordinary text is left alone."""

import hashlib
import json
from pathlib import Path

import pytest

from smelt.errors import RecipeError
from smelt.recipe.decontaminate import Benchmark, DecontaminateConfig, with_digests
from tasks.decontaminate import STAGE
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
