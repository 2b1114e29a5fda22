"""Probes by hand: what is read, what is refused in one line, what is asked, and what is an alarm."""

import math
from pathlib import Path
from typing import Any

import pytest

from evaluation.probed import alarms, decades
from evaluation.probes import judge_probes
from smelt.errors import RecipeError
from smelt.recipe.evaluate import EvaluateConfig, with_digests
from smelt.recipe.probes import Probe, ProbeSet
from tests.evaluation.benchmarks.standins import END, TOKENIZER, Standin


def read(path: Path, text: str) -> list[tuple[str, Probe]]:
    path.write_text(text, encoding="utf-8")
    return ProbeSet(name="own", path=str(path)).probes()


def test_the_three_kinds_are_asked_each_for_itself(tmp_path: Path) -> None:
    probes = read(
        tmp_path / "own.yaml",
        """
facts:
  - {prob: {after: 中国的首都是, of: 北京}, tags: [zh], note: once}
  - prefer: [台湾属于中国, 台湾不属于中国]
formats:
  - rank: {after: 以JSON输出, of: "{"}
""",
    )
    known = {("中国的首都是", "北京"): math.log(0.25), ("", "台湾属于中国"): -18.0, ("", "台湾不属于中国"): -42.0}
    model = Standin(likes=lambda context, ending: known.get((context, ending), -1.0))
    capital, stance, brace = judge_probes(model, TOKENIZER, probes, end=END)
    assert capital["prob"] == 0.25
    assert (capital["group"], capital["tags"], capital["note"]) == ("facts", ["zh"], "once")
    assert capital["perplexity"] == pytest.approx(4 ** (1 / 6), rel=1e-3), "of six bytes, a token each"
    assert stance["perplexities"] == pytest.approx([math.exp(18 / 18), math.exp(42 / 21)], rel=1e-3)
    assert stance["margin"] == pytest.approx(1.0)
    assert (brace["words"], brace["rank"]) == ("以JSON输出 → {", 1)
    assert [decades(one) for one in (capital, brace)] == pytest.approx([math.log10(0.25), 0.0])


def said(prob: float, margin: float) -> list[dict[str, Any]]:
    return [{"words": "p", "kind": "prob", "prob": prob}, {"words": "m", "kind": "prefer", "margin": margin}]


def test_a_fall_and_a_turn_are_told_once() -> None:
    course = [said(0.3, 0.2), said(0.5, -0.1), said(0.45, -0.3), said(0.35, 0.1), said(0.2, 0.0), said(0.5, 0.2)]
    told = [alarms(course[:place], now, max_fall=0.1) for place, now in enumerate(course)]
    turn = {"words": "m", "kind": "prefer"}
    assert told == [
        [],
        [turn | {"was": 0.2, "now": -0.1}],
        [],
        [{"words": "p", "kind": "prob", "was": 0.5, "now": 0.35}],
        [turn | {"was": 0.1, "now": 0.0}],
        [],
    ]
    assert alarms([said(0.9, 1.0)], [{"words": "new", "kind": "prob", "prob": 0.1}], max_fall=0.1) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no groups of probes"),
        ("[1", "mend the YAML"),
        ('{"prompt": "a", "answer": "b"}', "prompt"),
        ("facts: [{prob: {after: a}}]", "facts[0].prob.of: missing"),
        ("facts: [{prob: {after: a, aft: b, of: c}}]", "facts[0].prob.aft: unknown key (did you mean `after`?)"),
        ("facts: [{prefer: [a]}]", "facts[0].prefer"),
        ("facts: [{prefer: [a, a]}]", "are empty or the same"),
        ("facts: [{tags: [x]}]", "asks nothing (write one of prob, prefer and rank)"),
        ("facts: [{prefer: [a, b], rank: {after: a, of: b}}]", "asks prefer and rank"),
        ("facts: [{prob: {after: a, of: b}}]\nmore: [{rank: {after: a, of: b}}]", "asks twice: a → b"),
        ("facts: []", "asks nothing"),
    ],
)
def test_a_file_that_cannot_be_asked_is_one_line_before_anything_starts(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError) as raised:
        with_digests(EvaluateConfig(probes=(ProbeSet(name="own", path=str(path)),)))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)


def test_changed_probes_are_another_evaluation(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("facts: [{prob: {after: a, of: b}}]")
    config = EvaluateConfig(probes=(ProbeSet(name="own", path=str(path)),))
    before = with_digests(config)
    path.write_text("facts: [{prob: {after: a, of: c}}]")
    assert with_digests(config) != before
    with pytest.raises(RecipeError, match="digest"):
        before.probes[0].probes()


@pytest.mark.parametrize("name", ["demo", "production"])
def test_the_sets_that_ship_can_be_asked(name: str) -> None:
    probes = ProbeSet(name=name, path=f"recipes/probes/{name}.yaml").probes()
    assert {probe.kind for _, probe in probes} == {"prob", "prefer", "rank"}
    assert len(probes) >= 15
