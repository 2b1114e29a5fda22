"""Where shards are worked on: with little to read in the driver, and no worker is started for it."""

import pytest
import ray

from smelt import stage
from smelt.engine.make import serially
from smelt.engine.spread import over_ray
from smelt.lake import Lake
from smelt.recipe.dedup import DedupConfig
from smelt.stage import Shard
from tasks.dedup import STAGE
from tests.tasks import refinery

SIGNATURES = [one.name for one in STAGE.rounds].index("signatures")


def test_little_is_done_by_the_driver_and_much_by_workers(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = refinery.scored(lake, [[{"text": "a text of some words"}], [{"text": "another one"}]])
    shards = [Shard("00000"), Shard("00001")]
    one, two = (refinery.context(lake, "dedup", DedupConfig(), inputs) for _ in range(2))

    def refuse(*_: object) -> None:
        raise AssertionError("a worker is asked for")

    monkeypatch.setattr(ray, "put", refuse)
    made = list(over_ray(one, SIGNATURES, shards))
    assert [(record.name, record.rows, record.stats) for record in made] == [
        (record.name, record.rows, record.stats) for record in serially(two, SIGNATURES, shards)
    ]
    monkeypatch.setattr(stage, "SMALL_BYTES", sum(manifest.bytes for manifest in inputs.values()) - 1)
    with pytest.raises(AssertionError, match="a worker is asked for"):
        list(over_ray(one, SIGNATURES, shards))
