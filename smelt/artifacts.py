"""Which artifacts the lake holds."""

from collections.abc import Iterator

from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.graph import STAGES


def existing(lake: Lake, which: str = "") -> Iterator[Manifest]:
    """Manifests of artifacts that exist, in the pipeline's order.

    Args:
        which: all, or those of a ``STAGE``, or of ``STAGE/FINGERPRINT``, where the start of a fingerprint will do.
    """
    stage, _, start = which.partition("/")
    for spec in STAGES:
        if stage in ("", spec.name):
            for fingerprint in lake.folders(f"{spec.name}/"):
                manifest = Artifact(spec.name, fingerprint).manifest(lake) if fingerprint.startswith(start) else None
                if manifest is not None:
                    yield manifest
