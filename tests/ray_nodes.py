"""Several Ray nodes as processes of this machine, which tests take away and add."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import ray
from ray._private import state  # no public call tells one node's free resources
from ray.cluster_utils import Cluster

HEAD = {
    "num_cpus": 0,
    "include_dashboard": False,
    "_system_config": {"health_check_period_ms": 1000},
}
STORE_BYTES = 100 * 2**20
AGENT_PORTS = ("metrics_agent_port", "metrics_export_port", "runtime_env_agent_port", "dashboard_agent_listen_port")
"""Given, a node starts without waiting for its agents to have found some, for which Ray has but 15 s patience."""


def ports() -> dict[str, int]:
    """Free ports for a node's agents."""
    with ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in AGENT_PORTS]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(AGENT_PORTS, sockets, strict=True)}


class Nodes:
    """A head that does no work, and nodes with one CPU each."""

    def __init__(self) -> None:
        head = {**HEAD, **ports(), "object_store_memory": STORE_BYTES}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
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
        node = self._cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, **ports(), **options)
        self.working.append(node)
        return node

    def fill(self, count: int) -> None:
        """Have so many nodes."""
        while len(self.working) > count:
            self.kill(self.working[-1])
        while len(self.working) < count:
            self.add()

    def busy(self) -> Any:
        """A node that works."""
        free = state.available_resources_per_node()
        return next(node for node in self.working if free.get(node.node_id, {}).get("CPU", 0) < 1)

    def kill(self, node: Any) -> None:
        """End a node without a word (SIGKILL), or what is left of one that has ended itself."""
        self.working.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        """End all."""
        self._cluster.shutdown()
