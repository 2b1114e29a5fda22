"""Which artifacts the lake holds."""

from collections.abc import Iterator

from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.graph import ARTIFACTS


def existing(lake: Lake, which: str = "") -> Iterator[Manifest]:
    """Manifests of artifacts that exist, in the pipeline's order.

    Args:
        which: all, or those of a ``STAGE``, or of ``STAGE/FINGERPRINT``, where the start of a fingerprint will do.
    """
    stage, _, start = which.partition("/")
    for kind in ARTIFACTS:
        if stage in ("", kind):
            for fingerprint in lake.folders(f"{kind}/"):
                manifest = Artifact(kind, fingerprint).manifest(lake) if fingerprint.startswith(start) else None
                if manifest is not None:
                    yield manifest
