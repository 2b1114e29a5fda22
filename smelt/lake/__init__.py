"""The lake: one S3 bucket and prefix that hold every artifact, and the protocol that commits them."""

from smelt.lake.artifact import Artifact, Manifest, PartRecord
from smelt.lake.store import Lake

__all__ = ["Artifact", "Lake", "Manifest", "PartRecord"]
