"""The process that keeps Great Expectations loaded, on a real Ray."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

from smelt.lake import Artifact, Lake, Manifest, PartRecord
from smelt.lake.artifact import PartFile
from smelt.services.state import State

DRIVER = """
import json, sys, ray
from smelt.errors import SmeltError
from smelt.gates.actor import gate_in_actor, warm_gate
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import GatesConfig

lake = Lake.connect()
ray.init(address=lake.settings.ray_address, namespace="smelt", logging_level="ERROR", log_to_driver=False)
warm_gate()
answers = []
for line in sys.stdin:
    try:
        result = gate_in_actor(lake, Manifest.model_validate_json(line), {}, GatesConfig())
    except SmeltError as error:
        answers.append([False, str(error)])
    else:
        answers.append([result.success, result.docs])
print(json.dumps(answers))
"""


def _fetched() -> Manifest:
    return Manifest(
        stage="fetch",
        version=1,
        fingerprint=uuid.uuid4().hex[:20],
        config={"sources": [{}]},
        inputs={},
        parts=(),
        stats={},
        digest="",
    )


def _driver(manifests: list[Manifest], stack: State) -> list[tuple[bool, str]]:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        input="\n".join(manifest.model_dump_json() for manifest in manifests),
        capture_output=True,
        text=True,
        env={**os.environ, **stack.settings.environment(), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"},  # loopback
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_gate_is_judged_in_the_warm_process_of_another_driver(stack: State) -> None:
    _driver([_fetched()], stack)
    ((success, docs),) = _driver([_fetched()], stack)  # another driver, the same process
    assert not success  # a recipe with packages must have files
    assert Lake(stack.settings).exists(docs)


def test_an_artifact_is_judged_once(stack: State) -> None:
    manifest = _fetched()
    first, second = _driver([manifest, manifest], stack)
    assert first == second
    assert Artifact("fetch", manifest.fingerprint).root in first[1]


def test_what_a_gate_raises_arrives_as_it_was_raised(stack: State) -> None:
    part = PartRecord(
        name="00000", round="parts", rows=1, files={".parquet": PartFile(bytes=9, sha256="0" * 64)}, digest="", stats={}
    )
    manifest = _fetched().model_copy(update={"stage": "ingest", "config": {"sources": []}, "parts": (part,)})
    ((success, line),) = _driver([manifest], stack)
    assert not success and line.endswith("/parts/00000.parquet: no such object") and "ray" not in line
