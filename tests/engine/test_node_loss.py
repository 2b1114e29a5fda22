"""Nodes that leave or are lost in the middle of a stage, on a real cluster of several."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import ray

from smelt import stage
from smelt.engine.drain import drain, leaving_nodes
from smelt.engine.make import Mapper, _do_rounds, serially
from smelt.engine.spread import over_ray
from smelt.lake import Lake, PartRecord
from smelt.lake.artifact import merge_stats
from smelt.recipe.dedup import DedupConfig
from smelt.recipe.resources import Resources
from smelt.stage import Context, Shard
from tasks.dedup import STAGE
from tests.ray_nodes import Nodes
from tests.tasks import refinery

NUM_PARTS = 8


def loses_a_node(nodes: Nodes) -> Mapper:
    """Over Ray; a node is killed as soon as the first part is there, with other parts under way."""
    lost: list[int] = []

    def mapper(context: Context, index: int, shards: list[Shard]) -> Iterator[PartRecord]:
        for record in over_ray(context, index, shards):
            yield record
            if not lost and len(shards) > 1:
                lost.append(index)
                nodes.kill(nodes.working[0])

    return mapper


def test_a_node_lost_during_dedup_changes_nothing(lake: Lake, nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "SMALL_BYTES", 0)  # little as it is, workers do it
    texts = ["".join(f"{word * (number % 3 + 7)} " for word in range(100)) for number in range(NUM_PARTS)]
    inputs = refinery.scored(lake, [[{"text": text}] for text in texts])
    given = refinery.context(lake, "dedup", DedupConfig(), inputs)
    everything, expected = _do_rounds(STAGE, given, serially)
    dropped = merge_stats([record.stats for record in everything])["dropped"]
    assert sum(figures["documents"] for figures in dropped.values()) == NUM_PARTS - 3
    disturbed = replace(refinery.context(lake, "dedup", DedupConfig(), inputs), resources=Resources(memory_gb=0.5))
    _, records = _do_rounds(STAGE, disturbed, loses_a_node(nodes))
    assert len(nodes.working) == 1
    assert [record.digest for record in records] == [record.digest for record in expected]


@ray.remote(num_cpus=1, max_retries=0)
def work(seconds: float) -> str:
    """Takes so long; says on which node."""
    time.sleep(seconds)
    return ray.get_runtime_context().get_node_id()


def test_a_leaving_node_finishes_its_work_and_gets_no_more(nodes: Nodes) -> None:
    leaving = nodes.add(resources={"leaving": 1})
    task = work.options(resources={"leaving": 0.5})
    ray.get(task.remote(0))
    begun = task.remote(4)
    time.sleep(1)
    assert drain(leaving.node_id, nodes.address, 60)
    assert leaving_nodes() <= {leaving.node_id}
    assert ray.get(begun, timeout=1) == leaving.node_id
    assert leaving.node_id not in ray.get([work.remote(0) for _ in range(4)], timeout=60)
