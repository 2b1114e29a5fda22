"""The phases of a training, each an artifact of its own that goes on from the one before."""

from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest, PartRecord

EVENTS, TOLD, COURSE = "events", "told", "course"
"""Folders of a training's artifact: what happened, of what somebody has been told, a digest of each block's steps."""

PADDING = ""
"""Label of tokens that only fill a sequence up, on which no loss is taken; in a block's segments their id too."""

ALARMS = ("slow", "waits", "drift", "disk")
"""Kinds of events that say how training goes on, and are about no step."""


def step_of(record: PartRecord) -> int:
    """Steps that led to a checkpoint."""
    return int(record.name.removeprefix("step-"))


def has_weights(record: PartRecord) -> bool:
    """Whether a checkpoint still has its weights, or was tidied down to its metrics."""
    return any(suffix.endswith(".distcp") for suffix in record.files)


def trainings(lake: Lake, last: Manifest) -> list[Manifest]:
    """The ``train`` artifacts of all phases up to the one of ``last``, in the order in which they were trained.

    Raises:
        StageError: when one is no longer in the lake.
    """
    found = [last]
    while (before := found[0].inputs.get("train")) is not None:
        found.insert(0, _manifest(lake, Artifact("train", before)))
    return found


def with_phases(lake: Lake, inputs: dict[str, Manifest]) -> dict[str, Manifest]:
    """The inputs of a stage by stage name, with the blocks and the training of every phase.

    Args:
        inputs: by kind, as ``smelt.stage.Context`` has them; ``train`` leads to all phases.

    Raises:
        StageError: when the artifact of a phase is no longer in the lake.
    """
    found: dict[str, Manifest] = {}
    trained = trainings(lake, inputs["train"])
    for kind, manifest in inputs.items():
        if kind == "train":
            found |= {f"train-{place}": one for place, one in enumerate(trained, start=1)}
        elif kind == "blocks":
            blocks = [_manifest(lake, Artifact("blocks", one.inputs["blocks"])) for one in trained]
            found |= {f"blocks-{place}": one for place, one in enumerate(blocks, start=1)}
        else:
            found[kind] = manifest
    return found


def _manifest(lake: Lake, artifact: Artifact) -> Manifest:
    if (found := artifact.manifest(lake)) is None:
        raise StageError("an artifact is missing", where=artifact.root.rstrip("/"), mend="run the recipe again")
    return found
