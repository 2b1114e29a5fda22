"""Stores are asked for what commits stand on before anything is committed in them."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

import smelt.cli.recipe  # noqa: F401
from smelt.cli.main import app
from smelt.errors import LakeError
from smelt.lake import Lake, probe
from smelt.lake.probe import PROBES, require_conditional_writes
from smelt.run import create_run
from tests.chain import RECIPE
from tests.faults import faulty_store


@pytest.fixture
def liar(lake):
    """The lake in a store that answers every conditional write with yes."""
    with faulty_store(lake.settings.endpoint) as server:
        server.fault = "unconditional"
        yield Lake(replace(lake.settings, endpoint=server.url), url=lake.url)


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "a.txt").write_text("A text of more than a few words, which is read and kept as it is.")
    file = tmp_path / "recipe.yaml"
    file.write_text(RECIPE.format(name="probed", folder=tmp_path))
    return file


def test_a_store_that_keeps_the_promise_passes_and_nothing_of_the_race_stays(lake):
    require_conditional_writes(lake)
    assert lake.objects(PROBES) == []


def test_a_store_that_lets_several_win_is_refused_in_one_line(liar):
    with pytest.raises(LakeError, match=r"let 8 of 8 writers make the same new object .* honours conditional writes"):
        require_conditional_writes(liar)


def test_the_first_run_of_a_lake_asks_and_later_ones_know(lake, liar, recipe, monkeypatch):
    plain = Lake.__init__
    here = {"url": lake.url}
    monkeypatch.setattr(Lake, "__init__", lambda self, settings, **named: plain(self, settings, **here | named))
    monkeypatch.setattr(probe, "_kept", set())
    with pytest.raises(LakeError, match="writers make the same new object"):
        create_run(recipe, {}, "one", liar.settings)
    assert lake.objects("runs/") == []
    create_run(recipe, {}, "one", lake.settings)
    raced: list[Lake] = []
    monkeypatch.setattr("smelt.lake.probe.require_conditional_writes", raced.append)
    create_run(recipe, {}, "two", lake.settings)
    monkeypatch.setattr(probe, "_kept", set())  # as in another process, which finds what the first has left
    create_run(recipe, {}, "three", lake.settings)
    assert raced == []


def test_check_refuses_the_store_where_a_lake_is_set(lake, liar, recipe, monkeypatch):
    for found, status in ((lake, 0), (liar, 1)):
        for name, value in {**found.settings.environment(), "SMELT_LAKE": found.url}.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(app, ["check", str(recipe)])
        assert (done.exit_code, isinstance(done.exception, LakeError)) == (status, bool(status)), done.output
