"""A target of tokens is shared out as the phases' weights have it, where dedup's groups can say them."""

from typing import Any

import pytest

from smelt.recipe import Recipe, parse_recipe
from smelt.recipe.graph import spec

PHASE = {"sequence_length": 64, "global_batch_size": 8}
MAIN, REST = {"name": "main", "tokens": 3_000_000, **PHASE}, {"name": "rest", "tokens": 1_000_000, **PHASE}


def recipe(**sections: Any) -> Recipe:
    files = {"name": "notes", "kind": "files", "paths": ["*.txt"]}
    given = {"dedup": {"target_tokens": "20M"}, "mixture": {"weights": {"zh": 3, "en": 1}}, "phases": [MAIN]}
    raw = {"name": "sized", "sources": [files], "model": {"preset": "tiny"}, **given, **sections}
    return parse_recipe(raw, where="r.yaml")


def targets(given: Recipe) -> dict[str, int | None]:
    found = given.dedup_config()
    own = {"/".join((*group.lang, *group.domain)): group.target_tokens for group in found.groups}
    return {"": found.target_tokens, **own}


def test_a_target_is_shared_out_by_the_weights_of_all_phases_a_domain_before_its_language() -> None:
    assert targets(recipe()) == {"": None, "zh": 15_000_000, "en": 5_000_000}
    both = recipe(phases=[MAIN, {**REST, "weights": {"zh/book": 1, "en": 1}}])
    assert targets(both) == {"": None, "zh/book": 2_500_000, "zh": 11_250_000, "en": 6_250_000}
    assert list(targets(both))[1] == "zh/book"
    assert spec("dedup").config(both) == both.dedup_config() != both.dedup


@pytest.mark.parametrize(
    "sections",
    [
        {"dedup": {"target_tokens": "20M", "groups": [{"lang": ["zh"], "target_tokens": "1M"}]}},
        {"mixture": {}},
        {"phases": [MAIN, {**REST, "weights": {}}]},
        {"mixture": {"groups": {"good": "num_chars > 9"}, "weights": {"good": 1, "en": 1}}},
        {"dedup": {}},
    ],
)
def test_else_the_target_is_as_it_is_written(sections: dict[str, Any]) -> None:
    given = recipe(**sections)
    assert given.dedup_config() == given.dedup
