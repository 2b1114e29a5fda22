"""A store that is out of order for a while is outlived by all that use it, whichever library asks."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from smelt.engine.make import make_artifact, make_context, serially
from smelt.errors import LakeOutageError
from smelt.gates.run import run_gate
from smelt.lake import Lake, clients
from smelt.recipe import load_recipe
from tests.chain import RECIPE, plan_of
from tests.faults import FaultyStore, faulty_store

OUTAGE_S = 3.0
PATIENCE_S = 12.0
CONTENT = bytes(range(256)) * 100_000
ASKED: dict[str, Callable[[Lake], Any]] = {
    "get": lambda lake: lake.get("there") == CONTENT,
    "get_range": lambda lake: lake.get_range("there", 256, 256) == bytes(range(256)),
    "size": lambda lake: lake.open("there").size == len(CONTENT),
    "chunks": lambda lake: b"".join(map(bytes, lake.chunks("there"))) == CONTENT,
    "find_json": lambda lake: lake.find_json("some.json") == [1],
    "put": lambda lake: lake.put("put", CONTENT) is None and lake.get("put") == CONTENT,
    "put_new": lambda lake: lake.put_new("new", b"x") and lake.get("new") == b"x",
    "copy": lambda lake: lake.copy("there", "copied") is None and lake.get("copied") == CONTENT,
    "exists": lambda lake: lake.exists("there") and not lake.exists("nowhere"),
    "objects": lambda lake: [item.key for item in lake.objects("the")] == ["there"],
    "folders": lambda lake: lake.folders("") == [],
    "delete": lambda lake: lake.delete(["there"]) is None and not lake.exists("there"),
}


@pytest.fixture(scope="module")
def proxy(s3_settings) -> Iterator[FaultyStore]:
    with faulty_store(s3_settings.endpoint) as server:
        yield server


@pytest.fixture
def behind(lake, proxy, monkeypatch) -> Iterator[Lake]:
    """This test's lake, with the proxy before it."""
    monkeypatch.setattr(clients, "SILENCE_S", 1)
    yield Lake(replace(lake.settings, endpoint=proxy.url), url=lake.url, patience=PATIENCE_S)
    proxy.mend()


@pytest.mark.parametrize("fault", ["503", "refused", "silence"])
def test_every_call_outlives_it(behind, lake, proxy, fault):
    failures = []

    def ask(name: str) -> None:
        own = Lake(behind.settings, url=f"{lake.url}/{name}", patience=PATIENCE_S)
        try:
            assert ASKED[name](own), name
        except Exception as error:
            failures.append(f"{name}: {error!r}")

    for name in ASKED:
        there = Lake(lake.settings, url=f"{lake.url}/{name}")
        there.put("there", CONTENT)
        there.put_json("some.json", [1])
    proxy.out_of_order(fault, OUTAGE_S)
    threads = [threading.Thread(target=ask, args=(name,)) for name in ASKED]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_stage_and_its_gate_outlive_it_again_and_again(behind, proxy, tmp_path):
    (tmp_path / "a.txt").write_text("A text of more than a few words, which is read and kept as it is.\n" * 5)
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(name="patient", folder=tmp_path))
    recipe = load_recipe(tmp_path / "recipe.yaml")
    plan, faults = plan_of(recipe, behind), iter(["503", "refused", "silence"] * 2)
    for planned in plan.stages[:2]:
        proxy.out_of_order(next(faults), 1.5)
        context = make_context(recipe, planned, behind)
        manifest = make_artifact(planned, context, serially)
        proxy.mend()
        proxy.out_of_order(next(faults), 1.5)
        assert run_gate(behind, manifest, context.inputs, recipe.gates).success
        proxy.mend()


def test_what_stays_away_is_told_when_patience_ends(behind, proxy):
    impatient = Lake(behind.settings, url=behind.url, patience=0.5)
    proxy.out_of_order("503", 60)
    with pytest.raises(LakeOutageError, match="503"):
        impatient.exists("x")
    with pytest.raises(LakeOutageError, match="503"):
        impatient.get("x")


def test_an_object_that_breaks_off_is_read_on_where_it_broke(behind, lake, proxy):
    lake.put("long", CONTENT)
    proxy.out_of_order("broken off", 1.0)
    assert b"".join(map(bytes, behind.chunks("long"))) == CONTENT


def test_a_conditional_write_whose_answer_was_lost_knows_its_own(behind, lake, proxy):
    proxy.out_of_order("lost answer", 1.0)
    assert behind.put_new("commit", b"mine")
    assert lake.get("commit") == b"mine"
    proxy.out_of_order("lost answer", 1.0)
    assert not behind.put_new("commit", b"another's")
