"""Stages whose every fifth request to the store goes wrong make what they make of a store in order.

The short form of ``python -m bench.chaos``, which runs the whole product, and kills and pauses its processes as well.
"""

from dataclasses import replace

from bench.chaos import CHANCES
from smelt.lake import Lake, clients
from smelt.maintenance.verify import verify
from smelt.recipe import load_recipe
from tests import faults
from tests.chain import RECIPE, make_through

SEED = 1
TIMES = 5
"""How much likelier each fault is than in the bench: some 20 % of all requests meet one."""


def test_faults_by_chance_change_nothing(lake, tmp_path, monkeypatch):
    monkeypatch.setattr(faults, "SLOW_S", 0.2)
    monkeypatch.setattr(faults, "SILENT_S", 1.5)
    monkeypatch.setattr(clients, "SILENCE_S", 1)
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(f"Note {number}: " + "what was seen, and by whom, is told here. " * 20)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.format(name="chaos", folder=tmp_path))
    quiet = make_through(load_recipe(recipe), Lake(lake.settings, url=f"{lake.url}/quiet"), "decontaminate")
    with faults.faulty_store(lake.settings.endpoint) as proxy:
        troubled = Lake(replace(lake.settings, endpoint=proxy.url), url=f"{lake.url}/troubled")
        proxy.by_chance({fault: TIMES * chance for fault, chance in CHANCES.items()}, SEED)
        made = make_through(load_recipe(recipe), troubled, "decontaminate")
        assert len(proxy.drawn_faults) >= 4, proxy.drawn_faults
        proxy.mend()
    assert {name: found.digest for name, found in made.items()} == {name: found.digest for name, found in quiet.items()}
    own = Lake(lake.settings, url=troubled.url)
    assert [line for manifest in made.values() for line in verify(own, manifest).damages] == []
