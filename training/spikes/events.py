"""What happened to a run beside its steps: spikes, drops, faults, going back, held-out losses that rose.

Events are parts of the ``train`` artifact's round ``events``, written before anything follows from them. Where
training stands is plan + events + the last checkpoint, so a run that is killed in the middle of it all goes the same
way. A block that is set aside is also noted in the lake, under ``set-aside/<blocks fingerprint>/``: a run on the same
blocks that begins later leaves it out from the start. What a run found there when it began is its first event, so that
its course does not change under it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import torch.distributed as dist

from smelt.lake import Lake, Manifest
from smelt.phases import trainings
from smelt.recipe.training.config import TrainConfig
from smelt.recipe.training.guard import GuardConfig
from smelt.stage import Context
from training.exporter import export_event

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
    return Events.read(_read(context).values())


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


class EventLog:
    """Writes a run's events, each with the losses before it and, when they are known, those after it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._watched: dict[str, list[float]] = {}

    def begin(self) -> None:
        """Fix which blocks the run leaves out because others set them aside; once for all."""
        context = self._context
        if dist.get_rank() == 0 and RESPECTED not in context.records(ROUND):
            self._write(RESPECTED, respected(context, blocks_set_aside(context)))
        dist.barrier()

    def note_policies(self, step: int) -> None:
        """Write down that training goes on behind ``step`` under other policies than before, where it does."""
        if dist.get_rank() > 0:
            return
        own = self._context.records(ROUND)
        told = [self._context.lake.get_json(self._context.artifact.key(ROUND, name, ".json")) for name in own]
        known = [event for event in told if POLICIES in event]
        known.sort(key=lambda event: (event["step"], event["kind"] == POLICIES))
        now = self._context.config.policies
        if known and (before := known[-1][POLICIES]) != now:
            self._write(f"{step:07d}-{POLICIES}", {"kind": POLICIES, "step": step, "before": before, POLICIES: now})

    def tell(self, event: dict[str, Any], *, watched: bool = True) -> None:
        """Write an event of kind ``event["kind"]`` at ``event["step"]``; a block that is set aside is listed too.

        Args:
            watched: whether the losses of the steps behind it belong to it.
        """
        name = f"{event['step']:07d}-{event['kind']}"
        if watched:
            self._watched[name] = []
        if dist.get_rank() > 0:
            return
        self._write(name, event)
        export_event(self._context.run, event["kind"])
        if event["kind"] == "rollback":
            context = self._context
            key = f"{set_aside_folder(context.inputs['blocks'])}{event['block']}.json"
            context.lake.put_json(key, event | {"run": context.artifact.fingerprint})

    def take_in(self, loss: float) -> None:
        """Add a step's loss to the events that wait for what comes after them."""
        for name, losses in list(self._watched.items()):
            losses.append(loss)
            if len(losses) == AFTER:
                del self._watched[name]
                if dist.get_rank() == 0:
                    self._write(f"{name}-after", {"kind": "after", "of": name, "losses": losses})

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {name: list(losses) for name, losses in self._watched.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """From the checkpoint; and going back is still waited on, which no step repeats."""
        written = _read(self._context)
        back = [name for name, event in written.items() if event["kind"] == "rollback"]
        waiting: dict[str, list[float]] = {name: [] for name in back if f"{name}-after" not in written}
        self._watched = waiting | {name: list(losses) for name, losses in state.items()}

    def _write(self, name: str, event: dict[str, Any]) -> None:
        content = json.dumps(event, ensure_ascii=False).encode()
        self._context.artifact.write_part(self._context.lake, ROUND, name, files={".json": content}, rows=1, stats={})


def _read(context: Context) -> dict[str, dict[str, Any]]:
    """All events of the phases up to this one, by name."""
    lake, artifacts = context.lake, [context.artifact]
    if "train" in context.inputs:
        artifacts = [*(phase.artifact for phase in trainings(lake, context.inputs["train"])), context.artifact]
    places = [(artifact, name) for artifact in artifacts for name in sorted(artifact.records(lake, ROUND))]
    return {name: lake.get_json(artifact.key(ROUND, name, ".json")) for artifact, name in places}
