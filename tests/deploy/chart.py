"""Rendering the chart, and the schemas that what it renders is held to."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

from smelt.checkout import CHECKOUT

CHART = CHECKOUT / "helm" / "smelt"
CASES = sorted((CHART / "ci").glob("*.yaml"))
HELM = Path(sys.executable).with_name("helm")
KUBERNETES = "1.33"


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm; its output is captured, and its failure left to the caller."""
    return subprocess.run([HELM, *arguments], capture_output=True, text=True)


@cache
def rendered(case: Path) -> tuple[dict[str, Any], ...]:
    """The objects that the chart makes of one values file, as release ``refine`` in namespace ``smelt``."""
    answer = helm("template", "refine", CHART, "--namespace=smelt", f"--values={case}")
    assert answer.returncode == 0, answer.stderr
    return tuple(item for item in yaml.load_all(answer.stdout, yaml.CSafeLoader) if item)


def ray_cluster(case: Path) -> dict[str, Any]:
    """The spec of the Ray cluster."""
    (found,) = [item for item in rendered(case) if item["kind"] == "RayCluster"]
    return found["spec"]


def pods(case: Path) -> dict[str, dict[str, Any]]:
    """The spec of every pod that comes of a values file, by what it is."""
    cluster = ray_cluster(case)
    found = {"head": cluster["headGroupSpec"]["template"]["spec"]}
    for group in cluster["workerGroupSpecs"]:
        found[f"worker {group['groupName']}"] = group["template"]["spec"]
    for item in rendered(case):
        if item["kind"] == "Deployment":
            found[item["metadata"]["name"]] = item["spec"]["template"]["spec"]
    return found


def check(item: dict[str, Any]) -> None:
    """Hold an object to its schema, KubeRay's CRD or Kubernetes' own; no unknown key passes."""
    if item["apiVersion"].startswith("ray.io/"):
        jsonschema.Draft202012Validator(_crd_schema(item["kind"])).validate(item)
    else:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


@cache
def _crd_schema(kind: str) -> dict[str, Any]:
    file = _schemas_folder() / f"ray.io_{kind.lower()}s.yaml"
    versions = yaml.load(file.read_text(), yaml.CSafeLoader)["spec"]["versions"]
    (served,) = [version for version in versions if version["name"] == "v1"]
    schema = _strict(served["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def _schemas_folder() -> Path:
    """``shared/schemas`` beside the checkout (or beside the folder of worktrees that it lies in)."""
    for parent in CHECKOUT.parents:
        if (folder := parent / "shared" / "schemas").is_dir():
            return folder
    raise FileNotFoundError(f"KubeRay's CRDs are not there: no shared/schemas in any folder above {CHECKOUT}")


def _strict(schema: Any) -> Any:
    """The schema with unknown keys refused: an API server would drop them without a word."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _strict(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        result.setdefault("additionalProperties", False)
    return result
