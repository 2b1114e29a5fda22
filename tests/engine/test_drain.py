"""A node that is about to be taken away, on a real cluster of two."""

import os
import subprocess
import sys

BODY = """
import time
import ray
from ray.cluster_utils import Cluster
from smelt.engine.drain import drain

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
leaving = cluster.add_node(num_cpus=1, resources={"leaving": 1})
ray.init(address=cluster.address, log_to_driver=False)

@ray.remote(num_cpus=1, max_retries=0)
def work(seconds):
    time.sleep(seconds)
    return ray.get_runtime_context().get_node_id()

begun = work.options(resources={"leaving": 0.5}).remote(4)
time.sleep(2)
print("idle at the end:", drain(leaving.node_id, cluster.address, 60))
print("finished where it was:", ray.get(begun, timeout=1) == leaving.node_id)
print("new work goes elsewhere:", leaving.node_id not in ray.get([work.remote(0) for _ in range(4)], timeout=30))
ray.shutdown()
cluster.shutdown()
"""


def test_a_leaving_node_finishes_its_work_and_gets_no_more():
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    answer = subprocess.run([sys.executable, "-c", BODY], capture_output=True, text=True, env=environment, timeout=200)
    assert [line for line in answer.stdout.splitlines() if line.endswith(("True", "False"))] == [
        "idle at the end: True",
        "finished where it was: True",
        "new work goes elsewhere: True",
    ], answer.stderr[-2000:]
