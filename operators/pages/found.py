"""What lies in the lake, remembered: runs, manifests and results do not change once they are there."""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from smelt.errors import StageError
from smelt.gates.result import GateResult
from smelt.lake import Artifact, Lake, Manifest
from smelt.plan import Plan, Planned
from smelt.recipe.graph import ARTIFACTS
from smelt.run import run_key


class RunHead(BaseModel):
    """A run as the pages show it; its recipe may be one that today's Smelt no longer reads.

    Attributes:
        id, recipe_path, overrides, created, plan: as in ``smelt.run.Run``.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    recipe_path: str
    overrides: dict[str, Any]
    created: str
    plan: Plan


def find_json(lake: Lake, key: str) -> Any | None:
    """The object parsed as JSON, or None while there is none."""
    try:
        return _json(lake, key)
    except KeyError:
        return None


def find_manifest(lake: Lake, stage: str, fingerprint: str) -> Manifest | None:
    """The manifest, or None while the artifact does not exist."""
    try:
        return _manifest(lake, Artifact(stage, fingerprint))
    except KeyError:
        return None


def manifest_of(lake: Lake, stage: str, fingerprint: str) -> Manifest:
    """The manifest of an artifact that an address names.

    Raises:
        StageError: when there is no such stage or artifact.
    """
    found = find_manifest(lake, stage, fingerprint) if stage in ARTIFACTS else None
    if found is None:
        raise StageError("no such artifact", where=f"{stage}/{fingerprint}", mend="`smelt artifacts` lists them")
    return found


def run_head(lake: Lake, run_id: str) -> RunHead:
    """The run of that id.

    Raises:
        StageError: when there is none, or it was written by a Smelt that had other plans.
    """
    found = find_json(lake, run_key(run_id))
    if found is None:
        raise StageError("no such run", where=run_id, mend="`smelt artifacts --runs` lists them")
    try:
        return RunHead.model_validate(found)
    except ValidationError:
        raise StageError("the run was written by a Smelt whose plans this one can't read", where=run_id) from None


def find_gate(lake: Lake, planned: Planned) -> GateResult | None:
    """What the gate that the run asks for said of the stage's artifact, or None while it has not run."""
    found = find_json(lake, planned.gate_key)
    return None if found is None else GateResult.model_validate(found)


@lru_cache(maxsize=4096)
def _json(lake: Lake, key: str) -> Any:
    if (found := lake.find_json(key)) is None:
        raise KeyError(key)  # unlike a None, it is not remembered
    return found


@lru_cache(maxsize=64)
def _manifest(lake: Lake, artifact: Artifact) -> Manifest:
    if (found := artifact.manifest(lake)) is None:
        raise KeyError(artifact)
    return found
