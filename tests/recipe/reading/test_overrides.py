"""What is laid over a recipe: objects merge, lists replace, defaults are written out where a path leads into them."""

import pytest

from smelt.errors import RecipeError
from smelt.identity import canonical
from smelt.recipe import load_recipe
from smelt.recipe.graph import STAGES
from smelt.recipe.reading.shape import written
from smelt.recipe.select import SelectConfig

RECIPE = """
name: small
sources:
  - {name: pages, kind: files, paths: ["pages/*.txt"]}
  - &tools {name: tools, kind: deb, packages: [python3-minimal], domain: code}
mixture: {weights: {zh: 4, en: 3, code: 1}}
gates: {select: {max_rule_rate_ratio: 7, max_dropped_share: 0.8}}
dedup: {minhash: {bands: 20}}
model: {preset: tiny}
phases:
  - &phase {name: main, tokens: 100_000, sequence_length: 64, global_batch_size: 8}
  - {<<: *phase, name: last}
"""


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(RECIPE)
    return path


def test_objects_merge_at_every_depth_and_lists_replace(recipe_file):
    given = {
        "gates": {"select": {"max_dropped_share": 0.9}, "clean": {"max_pii_share": 0.5}},
        "dedup": {"minhash": {"rows": 4}},
        "sources": {"tools": {"packages": ["grep", "sed"]}},
        "mixture.weights": {"en": 1},
    }
    recipe = load_recipe(recipe_file, given)
    assert recipe.gates.select.max_dropped_share == 0.9 and recipe.gates.select.max_rule_rate_ratio == 7
    assert recipe.gates.clean.max_pii_share == 0.5 and recipe.gates.clean.min_pii_recall == 0.98
    assert (recipe.dedup.minhash.bands, recipe.dedup.minhash.rows) == (20, 4)
    assert recipe.sources[1].packages == ("grep", "sed") and recipe.sources[1].domain == "code"
    assert recipe.mixture.weights == {"zh": 4, "en": 1, "code": 1}


def test_null_leaves_a_name_of_the_user_s_own_out_and_is_a_value_elsewhere(recipe_file):
    recipe = load_recipe(recipe_file, {"mixture": {"weights": {"code": None}}, "dedup.minhash": None})
    assert recipe.mixture.weights == {"zh": 4, "en": 3} and recipe.dedup.minhash is None
    again = load_recipe(recipe_file, {"dedup.minhash": None, "dedup": {"minhash": {"rows": 3}}})
    assert again.dedup.minhash.rows == 3


@pytest.mark.parametrize(
    "given",
    [
        {"select.groups.1.rules.short": "num_chars < 7"},
        {"select": {"groups": {"1": {"rules": {"short": "num_chars < 7"}}}}},
    ],
)
def test_one_rule_of_a_default_group_is_set_and_all_others_stay(recipe_file, given):
    changed, plain = (load_recipe(recipe_file, overrides).select.groups for overrides in (given, {}))
    assert changed[1].rules == {**plain[1].rules, "short": "num_chars < 7"}
    assert list(changed[1].rules) == list(plain[1].rules), "the first rule that holds gives the reason"
    assert [*changed[:1], *changed[2:]] == [*plain[:1], *plain[2:]]


def test_a_default_that_is_written_out_says_the_same(recipe_file):
    assert SelectConfig.model_validate(written(SelectConfig())) == SelectConfig()
    plain = load_recipe(recipe_file)
    same = plain.select.groups[0].rules["short"]
    again = load_recipe(recipe_file, {"select.groups.0.rules.short": same})
    for stage in STAGES:
        if len(plain.phases) >= (stage.phase or 0):
            assert canonical(stage.config(again)) == canonical(stage.config(plain)), stage.name


def test_what_an_anchor_shares_is_changed_in_one_place_alone(recipe_file):
    recipe = load_recipe(recipe_file, {"phases.last.tokens": 50_000})
    assert [phase.tokens for phase in recipe.phases] == [100_000, 50_000]


def test_every_error_is_told_by_the_path_that_was_written(recipe_file):
    given = {
        "phases": {"last": {"tokns": 3}},
        "select.groups.2.rules.long_words": "mean_word_lenght > 3",
        "gates.dedup.max_dropped_share": 3,
    }
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_file, given)
    told = str(caught.value).split("; ")
    assert "\n" not in str(caught.value) and len(told) == 3
    for path, words in (
        ("phases.last.tokns", "did you mean `tokens`?"),
        ("select.groups.2.rules.long_words", "did you mean 'mean_word_length'?"),
        ("gates.dedup.max_dropped_share", "less than or equal to 1"),
    ):
        assert any(line.startswith(f"override {path}") and words in line for line in told), (path, told)


def test_what_the_file_itself_gets_wrong_is_not_an_override_s_fault(recipe_file):
    recipe_file.write_text(RECIPE.replace("bands: 20", "band: 20"))
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_file, {"sed": 7})
    ours, theirs = str(caught.value).split("; ")
    assert ours == f"{recipe_file}: dedup.minhash.band: unknown key (did you mean `bands`?)"
    assert theirs == "override sed: unknown key (did you mean `seed`?)"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"seed.now": 1}, "override seed.now: leads into a plain value (shorten the path)"),
        ({"sources.7.lang": "en"}, "override sources.7.lang: no item '7' (there are pages, tools)"),
        ({"select.groups.9.presets": []}, "override select.groups.9.presets: no item '9' (there are 0 to 3)"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(recipe_file, given, line):
    with pytest.raises(RecipeError) as caught:
        load_recipe(recipe_file, given)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("seed", True, "true is no number"),
        ("mixture.weights.zh", False, "false is no number"),
        ("resources.clean", {"workers": True}, "true is no number"),
        ("phases.0.tokens", True, "true is no number"),
        ("evaluate.generation.temperature", True, "true is no number"),
        ("gates.select.max_rule_rate_ratio", float("inf"), "finite number"),
        ("training.z_loss", float("nan"), "finite number"),
        ("mixture.weights.zh", float("inf"), "finite number"),
        ("rebuild.clean", True, "true is no number"),
    ],
)
def test_true_and_infinity_are_no_numbers_wherever_one_is_asked(recipe_file, path, value, words):
    with pytest.raises(RecipeError, match=rf"^override {path.replace('.', '[.]')}.*: .*{words}"):
        load_recipe(recipe_file, {path: value})


def test_a_switch_is_still_a_switch(recipe_file):
    recipe = load_recipe(recipe_file, {"clean.edits.width": False, "dedup": {"exact": False}})
    assert not recipe.clean.edits.width and not recipe.dedup.exact
