"""The blocks and trainings of a run or an artifact, phase by phase, be they finished or not."""

from dataclasses import dataclass
from typing import Any

from smelt.artifacts import existing
from smelt.errors import StageError
from smelt.lake import Artifact, Lake, Manifest
from smelt.phases import trainings
from smelt.plan import Plan, Planned
from smelt.recipe.graph import STAGES
from smelt.run import load_run

_LISTED = 5


@dataclass(frozen=True)
class Making:
    """A stage's artifact: its address, its config as plain values, and its inputs' fingerprints by kind."""

    artifact: Artifact
    config: dict[str, Any]
    inputs: dict[str, str]

    @classmethod
    def of(cls, known: Manifest | Planned) -> "Making":
        """As a manifest has it, or a plan."""
        return cls(known.artifact, known.config, known.inputs)

    @property
    def unfinished(self) -> Manifest:
        """What is known of the artifact while it is being made: a manifest without parts, committed by nobody."""
        stage, fingerprint = self.artifact.stage, self.artifact.fingerprint
        version = next(spec.version for spec in STAGES if spec.kind == stage)
        named = {"stage": stage, "version": version, "fingerprint": fingerprint, "digest": ""}
        return Manifest(**named, config=self.config, inputs=self.inputs, parts=(), stats={})

    def input(self, lake: Lake, kind: str) -> Manifest:
        """The manifest of an input.

        Raises:
            StageError: when it is no longer in the lake.
        """
        artifact = Artifact(kind, self.inputs[kind])
        if (found := artifact.manifest(lake)) is None:
            raise StageError("an artifact is missing", where=artifact.root.rstrip("/"), mend="run the recipe again")
        return found


@dataclass(frozen=True)
class Traced:
    """The blocks of a phase, and its training where one is known."""

    blocks: Making
    train: Making | None = None


def phases_of(lake: Lake, name: str) -> dict[int, Traced]:
    """The phases of a run, of a training and those before it, or of blocks alone; by index in the recipe.

    Args:
        name: a run's id, or ``blocks/FINGERPRINT`` or ``train/FINGERPRINT``, of which the beginning will do.

    Raises:
        StageError: when there is no such run or artifact, or there are several.
    """
    if "/" not in name:
        return _of_plan(load_run(lake, name).plan)
    found = list(existing(lake, name)) if name.startswith(("blocks/", "train/")) else []
    if not found:
        mend = "give a run, blocks/FINGERPRINT or train/FINGERPRINT: `smelt artifacts` lists them"
        raise StageError("no such blocks or training", where=name, mend=mend)
    if len(found) > 1:
        listed = ", ".join(f"{one.stage}/{one.fingerprint}" for one in found[:_LISTED])
        raise StageError(f"{len(found)} artifacts match", where=name, mend=f"say which: {listed}")
    if found[0].stage == "blocks":
        return {found[0].config["first_phase"]: Traced(Making.of(found[0]))}
    trained = [Making.of(manifest) for manifest in trainings(lake, found[0])]
    return {one.config["first_phase"]: Traced(Making.of(one.input(lake, "blocks")), one) for one in trained}


def _of_plan(plan: Plan) -> dict[int, Traced]:
    made = {item.stage: Making.of(item) for item in plan.stages if item.kind in ("blocks", "train")}
    return {
        blocks.config["first_phase"]: Traced(blocks, made.get(f"train-{blocks.config['first_phase'] + 1}"))
        for blocks in made.values()
        if blocks.artifact.stage == "blocks"
    }
