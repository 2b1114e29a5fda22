"""Classifiers learn from labels, say how well, come out the same again, and are not trained twice."""

import json

import numpy as np
import pyarrow as pa
import pytest

from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import RecipeError, StageError
from smelt.gates.run import run_gate
from smelt.lake import Lake
from smelt.recipe.gates import GatesConfig
from tasks.classifiers import figures
from tasks.classifiers.annotate import sample
from tasks.classifiers.model import load
from tasks.classifiers.words import words
from tests.chain import dies_after, make_through, plan_of
from tests.tasks.corpus import DOMAINS, card, recipe, trained, weak, write_labels

TOPICS = {"name": "topics", "kind": "fasttext", "labels": [DOMAINS], "epochs": 100, "word_ngrams": 1}


def test_the_domains_that_ship_are_learnt_and_the_card_says_how_well(lake, tmp_path):
    given = recipe(tmp_path, classifiers=[TOPICS])
    manifest = trained(lake, given)
    known = card(lake, manifest, "topics")
    held_out = known["held_out"]
    assert len(known["classes"]) == 9 == len(held_out["by_class"])
    assert held_out["accuracy"] > 0.7 and held_out["auc"] > 0.9
    assert known["trained_on"]["texts"] + held_out["texts"] == manifest.rows
    for name, row in held_out["confusion"].items():
        assert sum(row.values()) == held_out["by_class"][name]["texts"] > 0
    loaded = load(lake, manifest.artifact, "topics")
    texts = [
        "def f(x):\n    return x + 1\n\nprint(f(2))",
        "求证：若 n 为偶数，则 n² 为偶数。证明：设 n=2k，则 n²=4k²。",
    ]
    found = loaded.model.predict(pa.array(texts))
    assert [loaded.card["classes"][place] for place in found.argmax(1)] == ["code", "mathematics"]
    assert np.allclose(found.sum(1), 1, atol=1e-3)
    assert run_gate(lake, manifest, {}, GatesConfig()).success
    strict = GatesConfig.model_validate({"classifiers": {"min_accuracy": 0.99}})
    assert any("topics gets held-out texts right" in line for line in run_gate(lake, manifest, {}, strict).failures)


def test_the_same_labels_give_the_same_bytes(lake, tmp_path):
    given = recipe(tmp_path, classifiers=[TOPICS, weak()])
    first = trained(lake, given)
    again = trained(Lake(lake.settings, url=lake.url + "-again"), given)
    assert again.digest == first.digest
    assert set(first.part("topics").files) == {"/model.bin", "/card.json"}


def test_trusted_sources_teach_what_good_text_is(lake, tmp_path):
    manifest = trained(lake, recipe(tmp_path, classifiers=[weak()]))
    known = card(lake, manifest, "quality")
    assert known["classes"] == ["negative", "positive"]
    assert known["trained_on"]["origins"] == {"books": 40, "crawl": 40}
    assert known["held_out"]["auc"] > 0.95
    assert known["held_out"]["thresholds"]["positive"]["best_f1"]["f1"] > 0.9


def test_a_killed_stage_trains_only_what_is_missing(lake, tmp_path, monkeypatch):
    given = recipe(tmp_path, classifiers=[TOPICS, weak()])
    make_through(given, lake, "clean")
    planned = plan_of(given, lake).planned("classifiers")
    context = make_context(given, planned, lake)

    with pytest.raises(KeyboardInterrupt):
        make_artifact(planned, context, dies_after(1))
    done = []

    def counts(context, index, shards):
        done.extend(shard.name for shard in shards)
        yield from serially(context, index, shards)

    make_artifact(planned, context, counts)
    assert done == ["quality"]


def test_a_model_that_is_in_the_lake_is_not_trained_again(lake, tmp_path):
    first = trained(lake, recipe(tmp_path, classifiers=[TOPICS, weak()]))
    changed = trained(lake, recipe(tmp_path, classifiers=[TOPICS, weak(epochs=9)], clean={"pii": {"ip": False}}))
    assert changed.fingerprint != first.fingerprint
    # its seconds are those of the first training, and labels from files don't depend on the corpus
    assert changed.part("topics") == first.part("topics")
    assert changed.part("quality").digest != first.part("quality").digest


def test_numbers_are_learnt_as_numbers_from_texts_and_from_ids(lake, tmp_path):
    given = recipe(tmp_path)
    made = make_through(given, lake, "clean")
    rows = list(sample(lake, {"clean": made["clean"]}, 100))
    assert rows == list(sample(lake, {"clean": made["clean"]}, 100)) and len(rows) == 100
    assert {row["source"] for row in rows} == {"books", "crawl"}
    scored = [{"id": row["id"], "label": 4.5 if row["source"] == "books" else 0.5} for row in rows]
    scored += [{"text": f"A plain page number {word}.", "label": 2} for word in ("one", "two", "three", "four")]
    labels = write_labels(tmp_path / "scores.jsonl", scored)
    model = {"name": "education", "kind": "fasttext", "labels": [labels], "word_ngrams": 1, "epochs": 50}
    manifest = trained(lake, recipe(tmp_path, classifiers=[model]))
    known = card(lake, manifest, "education")
    assert known["task"] == "number"
    assert known["held_out"]["auc"] > 0.95 and known["held_out"]["correlation"] > 0.8
    loaded = load(lake, manifest.artifact, "education")
    book = next(row["text"] for row in rows if row["source"] == "books")
    low, high = loaded.model.predict(pa.array(["SALE!!! Buy now >>> 点击抢购 >>>", book]))[:, 0]
    assert low < 2 < high


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([{"text": "a", "label": "x"}], r"classifiers\.broken: 1 class in 1 texts \(a classifier needs two"),
        ([{"text": "a", "label": "x"}, {"text": "b", "label": 3}], r"some labels are numbers and some are words"),
        ([{"text": "a", "label": float("nan")}], r"labels\.jsonl:1: has no label"),
        ([{"text": "a"}], r"labels\.jsonl:1: has no label \(add `label`"),
        ([["a", "x"]], r"labels\.jsonl:1: not a JSON object"),
        ([{"label": "x"}], r"labels\.jsonl:1: has neither text nor id"),
        ([{"id": "0" * 16, "label": "x"}], r"labels\.jsonl:1: no document '0{16}' \(give `text`"),
    ],
)
def test_labels_that_cannot_be_learnt_from_are_told_in_one_line(lake, tmp_path, rows, line):
    labels = write_labels(tmp_path / "labels.jsonl", rows)
    with pytest.raises((StageError, RecipeError), match=line):
        trained(lake, recipe(tmp_path, classifiers=[{"name": "broken", "kind": "fasttext", "labels": [labels]}]))


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        ({"classifiers": [{"name": "x", "kind": "fasttext"}]}, "has nothing to learn from"),
        ({"classifiers": [weak(), weak()]}, "two are named 'quality'"),
        (
            {"classifiers": [weak(weak={"positive": ["bocks"], "negative": ["crawl"]})]},
            r"classifiers\[0\]\.weak: no source 'bocks' \(did you mean 'books'\?\)",
        ),
        (
            {"classifiers": [weak()], "score": {"models": [{"model": "qualty", "column": "score_q"}]}},
            r"score\.models\[0\]: no classifier 'qualty' \(did you mean 'quality'\?\)",
        ),
        ({"score": {"models": [{"model": "classifiers/12/x", "column": "score_q"}]}}, "names no model"),
        (
            {
                "classifiers": [weak()],
                "score": {"models": [{"model": "quality", "column": "score_quality"}]},
                "select": {"groups": [{"rules": {"poor": "score_qualty < 0.1"}}]},
            },
            r"rules\.poor: no column 'score_qualty' \(did you mean 'score_quality'\?\)",
        ),
    ],
)
def test_wrong_names_are_told_before_anything_starts(tmp_path, sections, line):
    with pytest.raises(RecipeError, match=line):
        recipe(tmp_path, **sections)


def test_changed_labels_are_another_model(lake, tmp_path):
    labels = write_labels(tmp_path / "labels.jsonl", [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}])
    given = recipe(tmp_path, classifiers=[{"name": "tiny", "kind": "fasttext", "labels": [labels]}])
    before = plan_of(given, lake).planned("classifiers").fingerprint
    write_labels(tmp_path / "labels.jsonl", [{"text": "a", "label": "x"}, {"text": "b", "label": "z"}])
    assert plan_of(given, lake).planned("classifiers").fingerprint != before


def test_words_are_what_fasttext_parts_by_spaces():
    assert [
        line.decode() for line in words(pa.array(["Hello, World 2024!!\n\n你好。\n\té", "", "一二三四五"]), 30)
    ] == [
        " hello , world 0 ! ⏎ 你 好 。 ⏎ é\n",
        "\n",
        " 一 二 三 四 五\n",
    ]
    assert words(pa.array(["一二三四五", "abcdef"]), 3) == [" 一 二 三\n".encode(), b" abc\n"]
    assert b"__label__" not in words(pa.array(["__label__x spam"]), 30)[0]


def test_the_area_under_the_curve_counts_pairs():
    scores, positive = np.array([0.1, 0.4, 0.35, 0.8, 0.4]), np.array([False, False, True, True, True])
    pairs = [(p > n) + (p == n) / 2 for p in scores[positive] for n in scores[~positive]]
    assert figures.auc(scores, positive) == pytest.approx(np.mean(pairs), abs=1e-4)
    assert figures.auc(scores, positive & False) == 0.5


def test_precision_recall_and_confusion_are_counted_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
    found = figures.of_classes(probabilities, np.array([0, 0, 1, 1]), ["bad", "good"])
    assert found["accuracy"] == 0.75
    assert found["by_class"]["good"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "auc": 0.75, "texts": 2}
    assert found["confusion"] == {"bad": {"bad": 2}, "good": {"bad": 1, "good": 1}}
    assert json.loads(json.dumps(found)) == found
