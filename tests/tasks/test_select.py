"""Rules over columns: the first that holds gives the reason, and a wrong name is mended in one line."""

import polars as pl
import pytest
from pydantic import ValidationError

from smelt import rules
from smelt.errors import StageError
from smelt.recipe.select import RuleGroup, SelectConfig

FRAME = pl.DataFrame(
    {"lang": ["en", "zh", "zh"], "domain": ["docs"] * 3, "source": ["a", "a", "trusted"], "num_chars": [10, 10, 10]}
)


def test_the_first_matching_group_decides_and_names_its_rule() -> None:
    groups = (
        RuleGroup(source=("trusted",)),
        RuleGroup(lang=("zh",), rules={"zh_short": "num_chars < 20"}),
        RuleGroup(rules={"long": "num_chars > 100", "short": "num_chars < 50", "also": "num_chars < 60"}),
    )
    assert rules.reasons(FRAME, groups).to_list() == ["short", "zh_short", None]


def test_a_preset_is_written_out_and_changed_by_rule_name() -> None:
    group = RuleGroup(presets=("gopher",), rules={"gopher_short": "num_words < 9", "gopher_long": None})
    assert group.rules["gopher_short"] == "num_words < 9"
    assert group.rules["gopher_hashes"] == "num_hashes > 0.1 * num_words"
    assert RuleGroup.model_validate(group.model_dump()) == group
    assert "gopher_long" not in [  # noqa: C416
        name for name in rules.holds(pl.DataFrame({c: [1] for c in rules.columns((group,))}), group).columns
    ]


def test_a_wrong_column_is_named_with_the_nearest_right_one() -> None:
    with pytest.raises(ValidationError, match=r"names no column 'num_word'.*did you mean 'num_words'"):
        RuleGroup(rules={"x": "num_word < 3"})
    with pytest.raises(StageError, match=r"no column 'score_quality'"):
        rules.check((RuleGroup(rules={"x": "score_quality < 3"}),), ["num_words"])
    with pytest.raises(ValidationError, match=r"no preset 'gofer'.*did you mean 'gopher'"):
        RuleGroup(presets=("gofer",))


def test_every_preset_can_be_evaluated() -> None:
    for group in SelectConfig().groups:
        rules.check((group,), rules.columns((group,)))
