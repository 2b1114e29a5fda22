"""A node that is about to be taken away, on a real cluster."""

import time

import ray

from smelt.engine.drain import drain, leaving_nodes
from tests.ray_nodes import Nodes


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
