"""Languages, domains and scores beside the documents, and rules that go by them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smelt.errors import StageError
from smelt.gates.run import run_gate
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import GatesConfig
from smelt.recipe.score import ScoreConfig
from tasks import score
from tasks.score.language import identify
from tests.chain import make_through
from tests.tasks import refinery
from tests.tasks.corpus import DOCUMENTS, DOMAINS, recipe, weak

TOPICS = {"name": "topics", "kind": "fasttext", "labels": [DOMAINS], "epochs": 100, "word_ngrams": 1}
QUALITY = {"model": "quality", "column": "score_quality"}


def scored(lake: Lake, manifest: Manifest) -> list[dict]:
    """All rows of all parts."""
    parts = [lake.get(manifest.key(part, ".parquet")) for part in manifest.parts]
    return [row for part in parts for row in pq.read_table(pa.BufferReader(part)).to_pylist()]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("停止\n\n停止运行当前宏。\n\n停止", "zh"),
        ("要访问此命令...", "zh"),
        ("繁體中文的文章，今天天氣很好。", "zh"),
        ("ls 命令\n\nls [OPTION]... [FILE]...\n\n--all, -a\n--format=WORD\n--sort=WORD\n\n列出目录内容。", "zh"),
        ("他在日记里写道，「ありがとう」是他学会的第一句日语，那时候他刚满二十岁，在东京的一家小餐馆里洗碗。", "zh"),
        ("これは日本語の文章です。東京に住んでいます。", "ja"),
        ("한국어 문장입니다. 서울에 살고 있습니다.", "ko"),
        ("Это русский текст о погоде в Москве.", "ru"),
        ("El perro corre por el bosque y no quiere volver a casa.", "es"),
        (
            "Returns the sum of all the numbers in a list.\n\nx = foo(a[0], b[1]); y = {};\nif (x > 0) { return y; }\n",
            "en",
        ),
        ("国内線運賃値上、来春実施予定", "ja"),
        ("気象庁、関東地方に大雨警報を発表", "ja"),
        ("日本国憲法第九条", "ja"),
        ("國立臺灣大學圖書館開放時間", "zh"),
        ("他说“桜”是他认识的第一个日文字。", "zh"),
        ("{}[];;()", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_that_of_the_prose(text, lang):
    assert identify([text], num_chars=1000, min_score=0.3)[0] == [lang]


def test_ideographs_that_say_nothing_are_chinese_with_little_confidence():
    [lang], [score] = identify(["山上有人"], num_chars=1000, min_score=0.3)
    assert lang == "zh" and score < 0.7


def test_languages_of_many_texts_are_those_of_each():
    texts = ["你好，世界", "", "Good morning to all of you", "こんにちは、元気ですか", "x" * 5000, "🙂" * 400]
    alone = [identify([text], num_chars=200, min_score=0.3)[0][0] for text in texts]
    assert identify(texts, num_chars=200, min_score=0.3)[0] == alone
    assert alone[:4] == ["zh", "und", "en", "ja"]


def test_hints_win_and_a_model_speaks_where_there_are_none(lake, tmp_path):
    sections = {"classifiers": [TOPICS], "score": {"models": [{"model": "topics", "column": "domain"}]}}
    given = recipe(tmp_path, **sections)
    hinted = given.model_copy(
        update={"sources": (given.sources[0].model_copy(update={"domain": "sermons"}), given.sources[1])}
    )
    rows = scored(lake, make_through(hinted, lake, "score")["score"])
    assert {row["domain"] for row in rows[:DOCUMENTS]} == {"sermons"}
    assert {row["domain_score"] for row in rows[:DOCUMENTS]} == {1.0}
    assert sum(row["domain"] == "other" for row in rows[DOCUMENTS:]) > DOCUMENTS / 2
    unsure = ScoreConfig.model_validate({"models": [{**sections["score"]["models"][0], "min_confidence": 1.0}]})
    rows = scored(lake, make_through(given.model_copy(update={"score": unsure}), lake, "score")["score"])
    assert {row["domain"] for row in rows} == {"other"}
    assert all(0 < row["domain_score"] < 1 for row in rows)


def test_a_rule_drops_by_a_score(lake, tmp_path):
    groups = [{"rules": {"poor": "score_quality < 0.5"}}]
    given = recipe(tmp_path, classifiers=[weak()], score={"models": [QUALITY]}, select={"groups": groups})
    made = make_through(given, lake, "select")
    by_source = made["select"].stats["dropped_by_source"]
    assert by_source["crawl"]["poor"] == DOCUMENTS
    assert "books" not in by_source
    known = made["score"].stats["scores"]["score_quality"]
    assert known["documents"] == 2 * DOCUMENTS == sum(known["bins"].values())
    assert known["nulls"] == 0
    inputs = {"clean": made["clean"], "classifiers": made["classifiers"]}
    assert run_gate(lake, made["score"], inputs, GatesConfig()).success


def test_a_model_of_an_earlier_artifact_scores_another_recipe(lake, tmp_path):
    earlier = make_through(recipe(tmp_path, classifiers=[weak()]), lake, "classifiers")["classifiers"]
    address = f"classifiers/{earlier.fingerprint}"
    given = recipe(tmp_path, score={"models": [{**QUALITY, "model": f"{address}/quality"}]})
    rows = scored(lake, make_through(given, lake, "score")["score"])
    assert min(row["score_quality"] for row in rows[:DOCUMENTS]) > max(row["score_quality"] for row in rows[DOCUMENTS:])
    for model, line in (
        (f"{address}/qualty", rf"{address}: no model 'qualty' \(did you mean 'quality'\?\)"),
        (f"classifiers/{'0' * 20}/quality", r"classifiers/0{20}: no such artifact"),
    ):
        with pytest.raises(StageError, match=line):
            make_through(recipe(tmp_path, score={"models": [{**QUALITY, "model": model}]}), lake, "score")


def test_a_model_that_cannot_fill_its_column_is_told_in_one_line(lake, tmp_path):
    news = {"model": "topics", "column": "score_news", "label": "newss"}
    given = recipe(tmp_path, classifiers=[TOPICS], score={"models": [news]})
    with pytest.raises(
        StageError, match=r"score\.models\[0\]\.label: model topics has no class 'newss' \(did you mean 'news'"
    ):
        make_through(given, lake, "score")


def test_a_document_without_text_has_no_score(lake, tmp_path):
    made = make_through(recipe(tmp_path, classifiers=[weak()]), lake, "classifiers")
    rows = {"id": ["0" * 16, "1" * 16], "text": ["  \n ", "SALE!!! Buy now >>>"], "num_bytes": [4, 19]}
    rows |= {name: ["web", "web"] for name in ("source", "format")}
    table = pa.table(rows | {name: pa.nulls(2, pa.string()) for name in ("lang", "domain", "drop_reason")})
    inputs = {"clean": refinery.commit(lake, "clean", [table]), "classifiers": made["classifiers"]}
    config = ScoreConfig.model_validate({"models": [QUALITY]})
    manifest = refinery.run(score.STAGE, refinery.context(lake, "score", config, inputs))
    assert [row["score_quality"] is None for row in scored(lake, manifest)] == [True, False]
    result = run_gate(lake, manifest, inputs, GatesConfig())
    assert any("Few documents have no value in score_quality: 50 %" in line for line in result.failures)
