"""Keyword lists: every list counted at once, and an error that says which list is wrong."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from smelt.errors import RecipeError
from smelt.recipe import parse_recipe
from smelt.recipe.clean import CleanConfig, KeywordList
from tests.tasks.clean.cleaning import cleaned


def config(**lists: tuple[str, ...]) -> CleanConfig:
    return CleanConfig(keywords={name: KeywordList(words=words) for name, words in lists.items()})


def test_words_are_met_at_borders_and_ideographs_anywhere() -> None:
    lists = config(games=("casino", "slot machine", "赌博"), also=("Slot", "casino"))
    _, _, found = cleaned("Casino casinos, a slot machine; slot.", "网络赌博不是赌博吗", "nothing", config=lists)
    assert found["keywords_games"].tolist() == [2, 2, 0]
    assert found["keywords_also"].tolist() == [2, 0, 0]


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab 中c1-"), max_size=40))
def test_hits_are_those_of_a_regular_expression(text: str) -> None:
    [after], _, found = cleaned(text, config=config(some=("ab", "abc", "中")))
    expected = re.findall(r"(?<![a-z0-9])(?:abc|ab)(?![a-z0-9])|中", after)
    assert found["keywords_some"][0] == len(expected)


def test_a_list_from_a_file_is_part_of_the_identity(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("# of ours\nfoo\n\nbar baz  # two words\n")
    lists = CleanConfig(keywords={"own": KeywordList(path=str(file))}).with_digests()
    _, _, found = cleaned("foo bar baz foo", config=lists)
    assert found["keywords_own"].tolist() == [3]
    file.write_text("foo")
    assert CleanConfig(keywords={"own": KeywordList(path=str(file))}).with_digests() != lists
    file.write_text("# nothing")
    with pytest.raises(RecipeError, match=r"clean.keywords.own: has no words"):
        cleaned("x", config=CleanConfig(keywords={"own": KeywordList(path=str(file))}))


def test_a_rule_over_an_unknown_list_is_told_in_one_line() -> None:
    raw = {
        "name": "small",
        "sources": [{"name": "a", "kind": "files", "paths": ["x"]}],
        "clean": {"keywords": {"games": {"words": ["casino"]}}},
        "select": {"groups": [{"rules": {"games": "keywords_game > 3"}}]},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }
    with pytest.raises((RecipeError, ValidationError), match=r"no column 'keywords_game' .*'keywords_games'"):
        parse_recipe(raw, where="small")
