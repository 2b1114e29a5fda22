"""What happened to a run beside its steps: spikes, drops, faults, going back, held-out losses that rose.

Events are parts of the ``train`` artifact's round ``events``, written before anything follows from them. Where
training stands is plan + events + the last checkpoint, so a run that is killed in the middle of it all goes the same
way. A block that is set aside is also noted in the lake, under ``set-aside/<blocks fingerprint>/``: a run on the same
blocks that begins later leaves it out from the start. What a run found there when it began is its first event, so that
its course does not change under it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from smelt.lake import Lake, Manifest
from smelt.phases import trainings
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.guard import GuardConfig
from smelt.stage import Context

ROUND = "events"
"""Round of the ``train`` artifact that holds what happened: one part an event."""
RESPECTED = "0000000-respected"
"""The event that a run begins with: the blocks that others or its recipe had set aside, and its policies."""
POLICIES = "policies"
"""Kind of the event that training goes on under other policies."""
AFTER = 8
"""Steps behind an event whose losses are written down beside it."""


@dataclass(frozen=True)
class Events:
    """The events of a run that changed its course.

    Attributes:
        set_aside: blocks that this run went back for, each with the first step behind it.
        respected: blocks that were set aside before it began.
    """

    set_aside: dict[str, int] = field(default_factory=dict)
    respected: tuple[str, ...] = ()

    @classmethod
    def read(cls, events: Iterable[dict[str, Any]]) -> "Events":
        """From the events as they lie in the lake."""
        found = list(events)
        aside = {event["block"]: event["end"] for event in found if event["kind"] == "rollback"}
        respected = [name for event in found if event["kind"] == "respected" for name in event["blocks"]]
        return cls(aside, tuple(respected))

    @property
    def left_out(self) -> set[str]:
        """Blocks that are not trained on."""
        return {*self.set_aside, *self.respected}

    def lowered(self, step: int, config: GuardConfig) -> bool:
        """Whether step ``step`` (from 0) is made with lowered betas."""
        return any(end <= step < end + config.lowered_steps for end in self.set_aside.values())


def read_events(context: Context) -> Events:
    """The events of a run so far that changed its course, those of the phases before included."""
    return Events.read(read_all(context).values())


def set_aside_folder(blocks: Manifest) -> str:
    """Where the set-aside blocks of a ``blocks`` artifact are listed."""
    return f"set-aside/{blocks.fingerprint}/"


def set_aside_blocks(lake: Lake, blocks: Manifest) -> list[str]:
    """The blocks that runs have set aside so far; to take one up again, delete its object."""
    keys = (item.key for item in lake.objects(set_aside_folder(blocks)))
    return sorted(key.rsplit("/", 1)[-1].removesuffix(".json") for key in keys)


def blocks_set_aside(context: Context) -> list[str]:
    """The blocks that a run on them leaves out from its start: by its recipe, or because a run has set them aside."""
    config: TrainConfig = context.config
    phases = list(enumerate(config.phases))[config.first_phase :]
    named = {f"{index}-{number:05d}" for index, phase in phases for number in phase.set_aside}
    return sorted({*set_aside_blocks(context.lake, context.inputs["blocks"]), *named})


def respected(context: Context, blocks: list[str]) -> dict[str, Any]:
    """The event that the run begins with."""
    return {"kind": "respected", "step": 0, "blocks": blocks, POLICIES: context.config.policies}


def read_all(context: Context) -> dict[str, dict[str, Any]]:
    """All events of the phases up to this one, by name."""
    lake, artifacts = context.lake, [context.artifact]
    if "train" in context.inputs:
        artifacts = [*(phase.artifact for phase in trainings(lake, context.inputs["train"])), context.artifact]
    places = [(artifact, name) for artifact in artifacts for name in sorted(artifact.records(lake, ROUND))]
    return {name: lake.get_json(artifact.key(ROUND, name, ".json")) for artifact, name in places}
