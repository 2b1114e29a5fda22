"""Leaving the cluster in good order: a node that is going to be taken away gets no new work and finishes what it has.

``python -m smelt.engine.drain --seconds 50`` runs on the node itself, before its Ray processes are ended: a
Kubernetes ``preStop`` hook, which a spot node's notice, a drain and a scale-down all come to. Ray is told that the
node is being preempted and when, so schedulers leave it alone. Training learns of it within a second
(``watch_for_notice``), saves where it is and leaves; whatever still runs at the deadline is ended with the node and
done again elsewhere.
"""

import argparse
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import ray
from ray._private import state  # no public call tells one node's free resources

LOOK_EVERY_S = 1.0
WORK = ("CPU", "GPU")


def main() -> int:
    """Exit status 0 when the node is idle, 1 when it still works at the deadline."""
    parser = argparse.ArgumentParser(prog="smelt.engine.drain", description=main.__doc__)
    parser.add_argument("--seconds", type=int, required=True, help="time until the node's processes are ended")
    arguments = parser.parse_args()
    ray.init(address="auto", log_to_driver=False, logging_level=logging.ERROR)
    context = ray.get_runtime_context()
    return 0 if drain(context.get_node_id(), context.gcs_address, arguments.seconds) else 1


def drain(node_id: str, address: str, seconds: int) -> bool:
    """Take the node out of scheduling and wait for its work to end; whether it did in time.

    Args:
        address: ``host:port`` of the cluster's GCS.
        seconds: what Ray is told the node has left to live, and how long is waited at most.
    """
    deadline = time.monotonic() + seconds
    reason = ("--reason=DRAIN_NODE_REASON_PREEMPTION", "--reason-message=the node is being taken away")
    command = (
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "drain-node",
        f"--address={address}",
        f"--node-id={node_id}",
    )
    subprocess.run([*command, *reason, f"--deadline-remaining-seconds={seconds}"], check=True)
    while not (idle := _is_idle(node_id)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    return idle


def leaving_nodes() -> set[str]:
    """Ids of the nodes that Ray was told are going to be taken away."""
    return set(state.state.get_draining_nodes())


def watch_for_notice() -> Callable[[], bool]:
    """In a Ray worker: a question that costs nothing, whether this node is going to be taken away."""
    told = threading.Event()
    node_id = ray.get_runtime_context().get_node_id()

    def look() -> None:
        while not told.wait(LOOK_EVERY_S):
            if node_id in leaving_nodes():
                told.set()

    threading.Thread(target=look, daemon=True, name="notice").start()
    return told.is_set


def _is_idle(node_id: str) -> bool:
    total: dict[str, float] = next((node["Resources"] for node in ray.nodes() if node["NodeID"] == node_id), {})
    free = state.available_resources_per_node().get(node_id, {})
    return all(free.get(name, 0) >= total.get(name, 0) for name in WORK)


if __name__ == "__main__":
    sys.exit(main())
