"""Dedup sized to need in a run: what is known of the ladder before and after, and that a kill changes nothing."""

import pytest

from smelt.lake import Lake
from smelt.recipe import load_recipe
from smelt.supply.ladder import known
from tests.chain import RECIPE, dies_after, make_through, plan_of
from tests.cli.running import run
from tests.tasks.texts import english


@pytest.fixture
def recipe_file(tmp_path):
    for number in range(24):
        said = english(number // 3, 80) + (" once more" if number % 3 == 2 else "")
        (tmp_path / f"{number}.txt").write_text(said)
    file = tmp_path / "small.yaml"
    recipe = RECIPE.format(name="small", folder=tmp_path)
    file.write_text(f"{recipe}select: {{groups: []}}\ndedup: {{target_tokens: 1.5k}}\n")
    return str(file)


def test_a_plan_tells_the_ladder_once_it_is_known(lake, recipe_file):
    environment = {**lake.settings.environment(), "SMELT_LAKE": lake.url}
    asked = run("plan", recipe_file, "--ladder", environment=environment)
    assert asked.returncode == 0 and "No ladder is known yet" in asked.stdout
    recipe = load_recipe(recipe_file)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            make_through(recipe, lake, "dedup", mapper=dies_after(1))
    made = make_through(recipe, lake, "dedup")["dedup"]
    undisturbed = make_through(recipe, Lake(lake.settings, url=f"{lake.url}/again"), "dedup")["dedup"]
    assert (made.digest, made.stats) == (undisturbed.digest, undisturbed.stats)
    [ladder], origin = known(plan_of(recipe, lake), recipe.dedup, lake)
    assert ladder.taken == "exact" and ladder.left == ladder.rungs["exact"][1] >= 1500 > ladder.rungs["0.9"][1]
    assert origin == f"of dedup/{made.fingerprint}"
    other = run("plan", recipe_file, "--ladder", "--set", "dedup.target_tokens=0.5k", environment=environment)
    assert f"as dedup/{made.fingerprint} counted it for other targets" in other.stdout
    [taken] = [line for line in other.stdout.splitlines() if "taken" in line]
    assert taken.split()[0] == "sentence"
    too_much = run("plan", recipe_file, "--set", "dedup.target_tokens=1M", environment=environment)
    assert "dedup: no rung leaves 1,000,000 tokens of all: exact, the mildest, leaves" in too_much.stdout
    none = run("plan", recipe_file, "--ladder", "--set", "dedup.target_tokens=null", environment=environment)
    assert none.returncode and "dedup: nothing has a target of tokens (set dedup.target_tokens" in none.stderr
