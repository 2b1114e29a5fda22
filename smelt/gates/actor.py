"""A process that has Great Expectations loaded, so that a gate takes well under a second.

Importing it takes some 8 s and a run has a gate after each of a dozen stages. So a detached, named actor
lives beside the stages' jobs on the Ray cluster, holds the library and runs every gate. Its name carries
a digest of the gates' code, of the lake's and of the versions of what they use: changed code gets a process of its own.
"""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray

from smelt.engine.spread import result_of
from smelt.gates.result import GateResult
from smelt.gates.suite import result_key, suite_id
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import GatesConfig

NAMESPACE = "smelt"
MEMORY = 600 << 20
"""Bytes that Ray sets aside for the actor."""


class Gatekeeper:
    """The actor: loads the library when it starts, then runs gates one after the other."""

    def __init__(self) -> None:
        from smelt.gates.run import run_gate  # the import that takes its time

        self._run = run_gate

    def run(
        self, lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], gates_config: GatesConfig
    ) -> dict[str, Any]:
        """See ``smelt.gates.run.run_gate``."""
        return self._run(lake, manifest, inputs, gates_config).model_dump()


def warm_gate() -> Any:
    """Start the actor, or find it; returns its handle without waiting for the library."""
    actor = ray.remote(Gatekeeper).options(
        name=f"gatekeeper-{_code_digest()}",
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        memory=MEMORY,
        max_restarts=-1,
        max_task_retries=3,
    )
    return actor.remote()


def gate_in_actor(lake: Lake, manifest: Manifest, inputs: dict[str, Manifest], gates_config: GatesConfig) -> GateResult:
    """Run the gate in the actor; a result that is in the lake already is returned without it."""
    key = result_key(manifest.stage, manifest.fingerprint, suite_id(manifest.stage, gates_config))
    if (found := lake.find_json(key)) is not None:
        return GateResult.model_validate(found)
    return GateResult.model_validate(result_of(warm_gate().run.remote(lake, manifest, inputs, gates_config)))


@cache
def _code_digest() -> str:
    smelt = Path(__file__).parents[1]
    beside = [smelt / "recipe" / "gates.py", smelt / "invariants.py"]
    folders = (Path(__file__).parent, smelt / "lake")
    files = [*(file for folder in folders for file in sorted(folder.rglob("*.*"))), *beside]
    parts = [file.read_bytes() for file in files if file.is_file()]
    parts += [f"{package}=={version(package)}".encode() for package in ("great-expectations", "pandas", "pyarrow")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]
