"""The manifest of what was made, and where and when it was made."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.identity import digest
from smelt.lake import Manifest, PartRecord
from smelt.plan import Planned


def manifest_of(
    planned: Planned, parts: list[PartRecord], stats: dict[str, Any], started: float, wall_s: float
) -> Manifest:
    """The manifest of what was made of a plan's stage.

    Args:
        parts: records of the last round, in shard order.
        stats: of all rounds.
        started: POSIX time.
        wall_s: seconds that it took.
    """
    return Manifest(
        stage=planned.kind,
        version=planned.version,
        fingerprint=planned.fingerprint,
        config=planned.config,
        inputs=planned.inputs,
        parts=tuple(parts),
        stats=stats,
        digest=digest([[record.name, record.digest] for record in parts]),
        provenance=_provenance(started, wall_s),
    )


def _provenance(started: float, wall_s: float) -> dict[str, Any]:
    return {
        "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "wall_s": round(wall_s, 2),
        "code": _code_version(),
        "python": platform.python_version(),
    }


def _code_version() -> str:
    """The commit of the code that runs, ``+`` where it has changes: told by an image's build, else by git."""
    if (built := os.environ.get("SMELT_VERSION")) is not None:
        return built
    answer = subprocess.run(
        ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty=+", "--abbrev=12"], capture_output=True, text=True
    )
    return answer.stdout.strip()
