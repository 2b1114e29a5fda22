"""Sequences of a block, as training reads them: which documents lie in one, where, and when it is trained on.

What a sequence holds is read by the code of ``blocks``, and which step reads it follows from that of ``train``; both
are imported by name.
"""

from collections.abc import Mapping
from collections.abc import Sequence as Several
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from smelt.errors import StageError
from smelt.explaining.traced import Traced
from smelt.lake import Lake
from smelt.phases import EVENTS
from smelt.takedown import Blocked

_LISTED = 5


class Stretch(BaseModel):
    """A document's tokens in a sequence.

    Attributes:
        part: of ``ingest``, which holds the document.
        group: of the mixture, for which it was drawn.
        use: which use of the document it is, from 1.
        start, end: its tokens in the sequence, the end left out.
        offset: of its first token in the document.
        length: tokens of the whole document.
        pieces: its text, token by token, with the ids; tokens that only together make a character are one piece. Empty
            where no text was asked for.
        taken_down: the entry of the list that the document falls under by now.
    """

    id: str
    url: str
    source: str
    part: str
    lang: str
    domain: str
    group: str
    use: int
    start: int
    end: int
    offset: int
    length: int
    pieces: list[tuple[str, list[int]]] = []
    taken_down: Blocked | None = None


class Read(BaseModel):
    """When a sequence is trained on.

    Attributes:
        step: from 1, as the metrics count.
        place: of the sequence in the step's batch, from 0.
        set_aside: whether the block is left out, so that the step was never made, or was undone.
    """

    step: int
    place: int
    set_aside: bool


class Sequence(BaseModel):
    """A sequence of a block.

    Attributes:
        number: its place in the block, from 0: it is the block's tokens from ``number * length`` on.
        phase: the phase's name.
        length: its tokens.
        padding: how many of them only fill it up, behind the documents.
        read: None where no training is known, or none comes so far.
    """

    block: str
    number: int
    phase: str
    length: int
    stretches: list[Stretch]
    padding: int = 0
    read: Read | None = None


class Trace(BaseModel):
    """What was asked about: a sequence, or all of a step in the order of its batch.

    Attributes:
        event: as the training's log has it, where one was asked about.
    """

    sequences: list[Sequence]
    event: dict[str, Any] | None = None


def trace_sequence(lake: Lake, phases: Mapping[int, Traced], block: str, number: int) -> Trace:
    """One sequence of a block, with its text.

    Args:
        phases: by index in the recipe.
        block: the block's name, such as ``0-00003``.

    Raises:
        StageError: when there is no such block, or it has no such sequence.
    """
    index = block.partition("-")[0]
    if not index.isdecimal() or int(index) not in phases:
        mend = f"blocks are named PHASE-NUMBER, from {min(phases)}-00000 on"
        raise StageError("no such block", where=block, mend=mend)
    phase = phases[int(index)]
    [sequence] = _sequences(lake, phase, block, [number], text=True)
    read = _steps().read_at(lake, phase, block, number) if phase.train else None
    return Trace(sequences=[sequence.model_copy(update={"read": read})])


def trace_step(lake: Lake, phases: Mapping[int, Traced], step: int, *, text: bool = False) -> Trace:
    """The sequences that a step reads.

    Args:
        step: from 1, as the metrics count.
        text: whether their text comes along.

    Raises:
        StageError: when no phase has such a step, or no training is known.
    """
    if not any(phase.train for phase in phases.values()):
        raise StageError("blocks alone know no steps", where=f"step {step}", mend="name a run, or train/FINGERPRINT")
    phase, block, numbers, reads = _steps().sequences_at(lake, phases, step)
    found = _sequences(lake, phase, block, numbers, text=text)
    return Trace(sequences=[one.model_copy(update={"read": read}) for one, read in zip(found, reads, strict=True)])


def trace_event(lake: Lake, phases: Mapping[int, Traced], name: str, *, text: bool = False) -> Trace:
    """The sequences of the step that an event of the training's log tells of.

    Args:
        name: the event's in the lake, such as ``0000123-spike``.

    Raises:
        StageError: when there is no such event.
    """
    events = {
        event: phase.train.artifact.key(EVENTS, event, ".json")
        for phase in phases.values()
        if phase.train
        for event in sorted(phase.train.artifact.records(lake, EVENTS))
        if int(event.partition("-")[0]) and not event.endswith("-after")
    }
    if name not in events:
        known = f"the last are: {', '.join(list(events)[-_LISTED:])}" if events else "there are none: ask with --step"
        raise StageError("no such event", where=name, mend=known)
    event = lake.get_json(events[name])
    return trace_step(lake, phases, event["step"], text=text).model_copy(update={"event": event})


def _sequences(lake: Lake, phase: Traced, block: str, numbers: Several[int], *, text: bool) -> list[Sequence]:
    found: list[Sequence] = import_module("tasks.blocks.looking").sequences(
        lake, phase.blocks, block, numbers, text=text
    )
    return found


def _steps() -> Any:
    return import_module("training.blocks.looking")
