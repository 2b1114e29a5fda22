"""A wrong recipe is told in one line, before anything starts."""

from itertools import pairwise

import pytest

from smelt.errors import RecipeError
from smelt.identity import canonical
from smelt.recipe import load_recipe
from smelt.recipe.graph import STAGES

RECIPE = """
name: small
sources:
  - {name: notes, kind: files, paths: ["notes/*.txt"], lang: zh}
  - {name: code, kind: deb, packages: [python3-minimal], domain: code}
mixture: {weights: {zh: 4, code: 1}}
tokenizer: {train: {vocab_size: 1000}}
model: {preset: tiny}
phases:
  - {name: main, tokens: 100_000, sequence_length: 64, global_batch_size: 8}
"""


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def test_a_good_recipe_is_read_with_its_defaults(recipe_file):
    recipe = load_recipe(recipe_file)
    assert [source.name for source in recipe.sources] == ["notes", "code"]
    assert recipe.vocab_size == 1000
    assert recipe.blocks_config(1).phases[0].weights == {"zh": 4, "code": 1}


def test_an_override_reaches_list_items_by_name_and_by_index(recipe_file):
    recipe = load_recipe(recipe_file, {"phases.main.tokens": 200_000, "sources.0.lang": "en", "seed": 7})
    assert recipe.phases[0].tokens == 200_000
    assert recipe.sources[0].lang == "en"
    assert recipe.seed == 7


@pytest.mark.parametrize(
    ("override", "line"),
    [
        (
            {"clean.edits.boilerplates": True},
            r"^override clean\.edits\.boilerplates: unknown key \(did you mean `boilerplate`\?\)",
        ),
        ({"phases.main.token": 5}, r"^override phases\.main\.token: unknown key \(did you mean `tokens`\?\)"),
        ({"modell": {}}, r"^override modell: unknown key \(did you mean `model`\?\)"),
        (
            {"model.num_heads": 7},
            r"^override model\.num_heads: does not hold: .*192 is a multiple of .*7 \(take 189 or",
        ),
        (
            {"phases.main.tokens": 10},
            r"^override phases\.main\.tokens: phase main: 10 tokens are less than one step of 512 .*raise tokens",
        ),
        ({"model.num_layers": "many"}, r"^override model\.num_layers: .*integer.* \(got 'many'\)"),
        ({"sources.1.packages": []}, r"^override sources\.1\.packages: .*at least 1 item"),
        ({"sources.0.kind": "fils"}, r"^override sources\.0\.kind: no kind 'fils' \(did you mean 'files'\?\)"),
        ({"pins": {"cleen": "x"}}, r"^override pins\.cleen: no stage 'cleen' \(stages: fetch, ingest, "),
        ({"phases.mian.tokens": 1}, r"override phases\.mian\.tokens: no item 'mian' \(there are main\)"),
        (
            {"sources.1.name": "notes"},
            r"^override sources\.1\.name: .*two are named 'notes' \(give each its own name\)",
        ),
        (
            {"resources.clean": {"workers": 4, "min_workers": 2}},
            r"^override resources\.clean\.min_workers: is a training's",
        ),
        ({"tokenizer.path": "nowhere.json"}, r"^override tokenizer\.path: both `train` and `path` are given"),
        ({"tokenizer": {"train": None, "path": "nowhere.json"}, "sources.0.lang": "zh"}, None),
    ],
)
def test_what_is_wrong_where_and_the_mend_stand_in_one_line(recipe_file, override, line):
    if line is None:  # a file that is missing shows when its digest is taken, still before anything starts
        recipe = load_recipe(recipe_file, override)
        with pytest.raises(RecipeError, match=r"tokenizer\.path: nowhere\.json: no such file"):
            recipe.tokenizer_config()
        return
    with pytest.raises(RecipeError, match=line) as caught:
        load_recipe(recipe_file, override)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_broken_yaml_and_a_missing_file_are_told_in_one_line(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [unclosed\n")
    with pytest.raises(RecipeError, match=r"broken\.yaml: .*line 2.*mend the YAML") as caught:
        load_recipe(broken)
    assert "\n" not in str(caught.value)
    with pytest.raises(RecipeError, match="no such recipe"):
        load_recipe(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a: &a [1, 1, 1]\n" + "".join(f"{y}: &{y} [*{x}, *{x}, *{x}]\n" for x, y in pairwise("abcdefghijkl")),
            "aliases",
        ),
        ("a: &a [*a]\n", "too deep"),
        ("a: " + "[" * 60 + "]" * 60 + "\n", "too deep"),
        ("a: " + "{a: " * 5000 + "}" * 5000 + "\n", "too deep"),
        ("a: 2026-02-30\n", "day is out of range"),
        (f"a: {'9' * 9000}\n", "Exceeds the limit"),
    ],
    ids=["aliases", "itself", "nested", "nested far", "day", "digits"],
)
def test_yaml_made_to_harm_is_refused_in_one_line(recipe_file, text, line):
    recipe_file.write_text(recipe_file.read_text() + text)
    with pytest.raises(RecipeError, match=line) as caught:
        load_recipe(recipe_file)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(recipe_file))


@pytest.mark.parametrize("path", ["select.groups", "mixture.groups"])
def test_an_expression_that_would_end_the_process_is_refused(recipe_file, path):
    long = " or ".join(["num_bytes < 1"] * 1000)
    value = [{"rules": {"long": long}}] if path == "select.groups" else {"long": long}
    with pytest.raises(RecipeError, match="more than 500 words and operators"):
        load_recipe(recipe_file, {path: value})


def test_a_stage_of_a_phase_is_named_by_its_place_or_with_all_phases(recipe_file):
    gpus = {"resources": {"train": {"workers": 4}, "train-2": {"workers": 8}}, "approve": ["blocks"]}
    recipe = load_recipe(recipe_file, {**gpus, "rebuild": {"train-1": 3}})
    assert [recipe.resources_of(f"train-{place}").workers for place in (1, 2)] == [4, 8]
    assert recipe.asks("blocks-2") and not recipe.asks("train-2")
    assert [recipe.generation(f"train-{place}") for place in (1, 2)] == [3, 0]
    with pytest.raises(RecipeError, match=r"override pins\.train: each phase has its own train \(say which: train-1\)"):
        load_recipe(recipe_file, {"pins": {"train": "ab" * 10}})


def test_more_phases_than_the_dag_has_places_for_are_one_line(recipe_file):
    phase = {"tokens": 200_000, "sequence_length": 64, "global_batch_size": 8}
    many = [{"name": f"p{number}", **phase} for number in range(9)]
    with pytest.raises(RecipeError, match=r"phases: there are 9 \(at most 8: put some together\)"):
        load_recipe(recipe_file, {"phases": many})


def test_how_a_stage_is_run_does_not_change_what_it_makes(recipe_file):

    plain = load_recipe(recipe_file)
    run_otherwise = load_recipe(
        recipe_file,
        {
            "resources": {"clean": {"workers": 7, "memory_gb": 9}, "train": {"workers": 1, "gpus": 1}},
            "training.parallel.tensor": 2,
            "training.micro_batch_size": 1,
        },
    )
    for stage in STAGES:
        assert canonical(stage.config(plain)) == canonical(stage.config(run_otherwise)), stage.name
