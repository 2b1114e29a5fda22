"""What was taken down leaves with the next run, and with no other."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from smelt.errors import RecipeError
from smelt.lake import Lake, held
from smelt.run import preview
from smelt.takedown import block, blocked, freeze, frozen, hosts_of, unblock
from tests.chain import make_through

PAGES = ("https://a.example/one", "http://a.example/two?x=1", "https://news.b.example/three", "https://bb.example/four")


def test_an_entry_is_an_address_a_host_or_an_id(lake: Lake) -> None:
    given = ["https://A.example/one/#top", "B.example", "0123456789abcdef"]
    assert [entry.kind for entry in block(lake, given, "asked by mail")] == ["address", "host", "id"]
    listed = blocked(lake)
    falls = {
        ("f" * 16, "http://a.example/one"): "address",
        ("f" * 16, "https://a.example/one/two"): None,
        ("f" * 16, "https://deep.news.b.example:8080/"): "host",
        ("f" * 16, "https://bb.example/"): None,
        ("0123456789abcdef", None): "id",
        ("f" * 16, "book.pdf"): None,
    }
    for (name, url), kind in falls.items():
        found = listed.find(id=name, url=url)
        assert (found.kind if found else None) == kind, url
    assert hosts_of("no address") == hosts_of("https://[") == []


def test_a_list_is_frozen_by_what_is_on_it(lake: Lake) -> None:
    assert freeze(lake) == "" and frozen(lake, "").entries == ()
    block(lake, ["a.example"], "first")
    name = freeze(lake)
    block(lake, ["a.example"], "the same, told again")
    assert freeze(lake) == name
    block(lake, ["b.example"], "second")
    assert freeze(lake) != name and len(frozen(lake, name).entries) == 1
    unblock(lake, ["b.example"])
    assert freeze(lake) == name


@pytest.mark.parametrize("value", ["", "no words", "a/b", "0123456789abcdeg", "localhost"])
def test_what_is_no_entry_is_one_line_and_blocks_nothing(lake: Lake, value: str) -> None:
    with pytest.raises(RecipeError, match="is no address, host or id"):
        block(lake, ["a.example", value], "why")
    assert blocked(lake).entries == ()
    with pytest.raises(RecipeError, match=r"a\.example: is not blocked"):
        unblock(lake, ["a.example"])


def test_select_drops_what_was_taken_down_before_the_run_was_planned(lake: Lake, tmp_path: Path) -> None:
    lines = [
        f'{{"text": "The {n}th text, of some length, for its own sake.", "url": "{url}"}}'
        for n, url in enumerate(PAGES)
    ]
    (tmp_path / "web.jsonl").write_text("\n".join(lines))
    recipe = tmp_path / "small.yaml"
    raw = {
        "name": "small",
        "sources": [{"name": "web", "kind": "files", "paths": [f"{tmp_path}/web.jsonl"], "lang": "en"}],
        "select": {"groups": [{"rules": {"never": "num_chars < 1"}}]},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
    }
    recipe.write_text(yaml.safe_dump(raw))
    settings = replace(lake.settings, lake=lake.url)
    _, before = preview(recipe, {}, settings)
    block(lake, ["https://a.example/two?x=1", "b.example"], "asked by mail")
    planned, after = preview(recipe, {}, settings)
    differ = [item.stage for item in after.stages if item.fingerprint != before.planned(item.stage).fingerprint]
    assert differ[0] == "select", "what lies above is cached"
    made = make_through(planned, lake, "select")
    decided = held.open_parquet(lake, made["select"], made["select"].parts[0]).read().to_pylist()
    assert [row["reason"] for row in decided] == [None, "blocked", "blocked", None]
    assert made["select"].stats["dropped"]["blocked"]
