"""Several Ray nodes as processes of this machine, which tests take away and add."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.cluster_utils import Cluster

HEAD = {
    "num_cpus": 0,
    "include_dashboard": False,
    "_system_config": {"health_check_period_ms": 1000},
}
STORE_BYTES = 100 * 2**20


class Nodes:
    """A head that does no work, and nodes with one CPU each."""

    def __init__(self) -> None:
        self._cluster = Cluster(initialize_head=True, head_node_args={**HEAD, "object_store_memory": STORE_BYTES})
        self.working: list[Any] = []

    @property
    def address(self) -> str:
        """``host:port`` for drivers."""
        return self._cluster.address

    @contextmanager
    def driver(self) -> Iterator[None]:
        """This process as a driver."""
        ray.init(address=self.address, log_to_driver=False, logging_level="error")
        try:
            yield
        finally:
            ray.shutdown()

    def add(self, **options: Any) -> Any:
        """One more node."""
        node = self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, **options)
        self.working.append(node)
        return node

    def fill(self, count: int) -> None:
        """Have so many nodes."""
        while len(self.working) > count:
            self.kill(self.working[-1])
        while len(self.working) < count:
            self.add()

    def kill(self, node: Any) -> None:
        """End a node without a word (SIGKILL), or what is left of one that has ended itself."""
        self.working.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        """End all."""
        self._cluster.shutdown()
