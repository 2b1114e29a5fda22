"""Predictions in the lake: written down before a run is judged, and found by its report.

A prediction lies at the address of the evaluation that it is about; what is evaluated already is predicted no more.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from smelt.errors import StageError
from smelt.identity import digest
from smelt.lake import Artifact, Lake, Manifest, held
from smelt.plan import Plan

KIND = "prediction"
VERSION = 1
FILE = "/prediction.json"


def write(lake: Lake, plan: Plan, prediction: Mapping[str, Any]) -> Manifest:
    """Write it down; the first prediction of an evaluation is the one that counts.

    Raises:
        StageError: when the run is evaluated already.
    """
    evaluate = plan.planned("evaluate").artifact
    if evaluate.manifest(lake) is not None:
        raise StageError(
            "the run is evaluated already, and what is known can't be predicted",
            where=evaluate.root.rstrip("/"),
            mend="predict before `smelt run`, or name it as a held-out cell of the experiment",
        )
    artifact = Artifact(KIND, evaluate.fingerprint)
    if (manifest := artifact.manifest(lake)) is not None:
        return manifest
    content = json.dumps(prediction, ensure_ascii=False, sort_keys=True).encode()
    record = artifact.write_part(lake, "parts", KIND, files={FILE: content}, rows=1, stats={})
    stage, _, fingerprint = prediction["experiment"].partition("/")
    return artifact.commit(
        lake,
        Manifest(
            stage=KIND,
            version=VERSION,
            fingerprint=artifact.fingerprint,
            config={"evaluate": evaluate.fingerprint},
            inputs={stage: fingerprint},
            parts=(record,),
            stats={},
            digest=digest([record.digest]),
            provenance={"started": datetime.now(UTC).isoformat(timespec="seconds")},
        ),
    )


def find(lake: Lake, evaluate: Manifest) -> dict[str, Any] | None:
    """The prediction of an evaluation, with ``made``, when; None where nobody made one."""
    if (manifest := Artifact(KIND, evaluate.fingerprint).manifest(lake)) is None:
        return None
    return {**held.read_json(lake, manifest, KIND, FILE), "made": manifest.provenance["started"]}
