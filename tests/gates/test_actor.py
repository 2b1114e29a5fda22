"""The process that keeps Great Expectations loaded."""

import time

import pytest
import ray

from smelt.gates.actor import gate_in_actor, warm_gate
from smelt.lake import Artifact, Manifest
from smelt.recipe.gates import GatesConfig


@pytest.fixture(scope="module")
def cluster():
    ray.init(num_cpus=1, include_dashboard=False, namespace="smelt", logging_level="ERROR")
    yield
    ray.shutdown()


def _fetched(lake, name: str) -> Manifest:
    artifact = Artifact("fetch", name)
    record = artifact.write_part(lake, "parts", "a.b", files={".00000.parquet": b""}, rows=3, stats={})
    return Manifest(
        stage="fetch",
        version=1,
        fingerprint=name,
        config={"sources": [{}]},
        inputs={},
        parts=(record,),
        stats={},
        digest="",
    )


def test_a_gate_in_the_warm_actor_takes_no_time(lake, cluster):
    warm_gate()
    assert gate_in_actor(lake, _fetched(lake, "first"), {}, GatesConfig()).success
    started = time.monotonic()
    result = gate_in_actor(lake, _fetched(lake, "second"), {}, GatesConfig())
    wall = time.monotonic() - started
    assert result.success
    assert lake.exists(result.docs)
    assert wall < 3, wall  # loading the library alone takes some 8 s
    print(f"warm gate: {wall:.2f} s")
