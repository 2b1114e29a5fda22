"""Before anything is tokenized the plan says which groups of the mixture run short."""

from dataclasses import replace

import pytest
import yaml

from smelt.recipe import parse_recipe
from smelt.run import create_run
from smelt.supply.forecast import forecast
from tests.chain import make_through, plan_of
from tests.tasks.texts import chinese, english

TOKENS = 40_000


@pytest.fixture
def raw(tmp_path):
    for lang, write in (("en", english), ("zh", chinese)):
        (tmp_path / lang).mkdir()
        for number in range(40 if lang == "en" else 10):
            text = "\n\n".join(write(100 * number + seed) for seed in range(1 + number % 4))
            (tmp_path / lang / f"{number}.txt").write_text(text)
    sources = [
        {"name": lang, "kind": "files", "paths": [f"{tmp_path}/{lang}/*.txt"], "lang": lang} for lang in ("en", "zh")
    ]
    shape = {"sequence_length": 64, "global_batch_size": 8}
    return {
        "name": "small",
        "sources": sources,
        "select": {"groups": []},
        "dedup": {"exact": False, "minhash": None},
        "mixture": {"groups": {"long": "lang = 'en' and num_bytes > 1500"}, "weights": {"long": 1, "en": 1, "zh": 2}},
        "model": {"preset": "tiny"},
        "phases": [{"name": "main", "tokens": TOKENS, **shape}, {"name": "rest", "tokens": TOKENS, **shape}],
    }


def forecasts(lake, raw, **mixture):
    recipe = parse_recipe({**raw, "mixture": {**raw["mixture"], **mixture}}, where="small")
    make_through(recipe, lake, "decontaminate")
    return {(item.phase, item.group): item for item in forecast(recipe, plan_of(recipe, lake), lake)}


def test_a_group_that_runs_short_is_told_with_what_is_done_about_it(lake, raw):
    found = forecasts(lake, raw, max_epochs=1.5)
    kept = sum(found["main", group].has for group in ("long", "en"))
    first, second = found["main", "zh"], found["rest", "zh"]
    assert first.asked == pytest.approx(TOKENS / 2, rel=0.01)
    assert first.has < kept
    assert second.then == "the others fill up by their weights"
    assert second.left < second.asked and second.epochs == pytest.approx(1.5)
    assert second.unique == second.has < second.effective < 1.5 * second.has
    assert second.warning.startswith("phases.rest: about 19,968 tokens are asked of group zh, which can give about")
    stopping = forecasts(lake, raw, max_epochs=1.5, when_short="stop")
    assert stopping["rest", "zh"].then == "the phase will not be made"


def test_uses_carry_over_phases(lake, raw):
    found = forecasts(lake, raw, max_epochs=100)
    for group in ("long", "en", "zh"):
        one, two = found["main", group], found["rest", group]
        assert two.epochs == pytest.approx(2 * one.epochs) and one.has == two.has
        assert two.effective <= 2 * one.effective


def test_a_curve_leaves_out_what_it_never_draws(lake, raw):
    quality = {"column": "num_words", "curve": [[0, 0], [0.25, 0], [0.25, 1], [1, 4]]}
    whole, drawn = forecasts(lake, raw), forecasts(lake, raw, reuse={"quality": quality})
    assert drawn["main", "zh"].has == pytest.approx(0.75 * whole["main", "zh"].has, rel=0.01)


def test_the_run_is_told_too(lake, raw, tmp_path):
    raw["mixture"]["max_epochs"] = 1
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(raw))
    settings = replace(lake.settings, lake=lake.url)
    assert create_run(file, {}, "before", settings).plan.notes == ()
    make_through(parse_recipe(raw, where="small"), lake, "score")
    notes = create_run(file, {}, "after", settings).plan.notes
    assert any(note.startswith("phases.rest: about") for note in notes)
