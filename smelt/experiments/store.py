"""An experiment in the lake: what it says so far, and as an artifact once all of its cells are done."""

import json
from datetime import UTC, datetime
from typing import Any

from smelt.errors import StageError
from smelt.experiments.plan import ExperimentPlan
from smelt.identity import digest, fingerprint
from smelt.lake import Artifact, Lake, Manifest, held

KIND = "experiment"
VERSION = 1
OUTCOME, PAGE = "/outcome.json", "/page.html"


def page_key(name: str) -> str:
    """Key of the page that is rewritten as cells come."""
    return f"experiments/{name}/page.html"


def write(lake: Lake, plan: ExperimentPlan, outcome: dict[str, Any], page: str) -> Manifest:
    """The experiment as an artifact: the same cells with the same evaluations are the same one."""
    config = plan.experiment.model_dump(mode="json")
    inputs = {point["cell"]: point["artifact"] for point in outcome["points"]}
    artifact = Artifact(KIND, fingerprint(stage=KIND, version=VERSION, config=config, inputs=inputs))
    if (manifest := artifact.manifest(lake)) is None:
        content = json.dumps(outcome, ensure_ascii=False, sort_keys=True).encode()
        files = {OUTCOME: content, PAGE: page.encode()}
        record = artifact.write_part(lake, "parts", KIND, files=files, rows=len(inputs), stats={"cells": len(inputs)})
        manifest = artifact.commit(
            lake,
            Manifest(
                stage=KIND,
                version=VERSION,
                fingerprint=artifact.fingerprint,
                config=config,
                inputs=inputs,
                parts=(record,),
                stats=record.stats,
                digest=digest([record.digest]),
                provenance={"started": datetime.now(UTC).isoformat(timespec="seconds")},
            ),
        )
    lake.put_json(_last_key(plan.experiment.name), {"fingerprint": artifact.fingerprint})
    return manifest


def read(lake: Lake, name: str) -> tuple[Manifest, dict[str, Any]]:
    """The experiment of that name that was finished last, and its outcome.

    Raises:
        StageError: when none was.
    """
    last = lake.find_json(_last_key(name))
    manifest = Artifact(KIND, last["fingerprint"]).manifest(lake) if last else None
    if manifest is None:
        raise StageError(
            "no finished experiment of that name is in the lake", where=name, mend="`smelt experiment FILE` runs one"
        )
    return manifest, held.read_json(lake, manifest, KIND, OUTCOME)


def _last_key(name: str) -> str:
    return f"experiments/{name}/last.json"
