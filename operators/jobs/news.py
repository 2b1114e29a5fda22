"""News, told once each to whoever is notified: of a training spikes, times it went back and alarms, of an evaluation
probes that fell or turned.

They are events in the lake (``training/spikes/events.py``, ``evaluation/stage.py``), so that whoever follows the job
only has to list a folder now and then. An event is claimed by a small object beside it, by a conditional put: however
many runs, tries and triggerers follow the job, one of them tells it. Who can't tell what he has claimed gives the
claim back.
"""

import json
from typing import Any

from smelt.lake import Artifact, Lake
from smelt.phases import ALARMS, EVENTS, TOLD

NEWS_OF = ("train", "evaluate")
"""Kinds of stages that write events."""
KINDS = ("spike", "rollback", "heldout", *ALARMS, "probe")
"""Kinds of events that are news; the others accompany these."""


def untold(lake: Lake, artifact: Artifact) -> list[str]:
    """Names of the events that are news and that nobody has claimed (blocks)."""
    names, told = (
        {item.key.removeprefix(folder).removesuffix(".json") for item in lake.objects(folder)}
        for folder in (f"{artifact.root}{EVENTS}/", f"{artifact.root}{TOLD}/")
    )
    return sorted(name for name in names - told if name.endswith(KINDS))


def claim(lake: Lake, artifact: Artifact, name: str) -> str | None:
    """The line of an event, for the caller to tell; None where somebody else has claimed it (blocks)."""
    line = _line(json.loads(lake.get(f"{artifact.root}{EVENTS}/{name}.json")))
    return line if lake.put_new(_claim_key(artifact, name), b"") else None


def claim_silence(lake: Lake, artifact: Artifact, heard: str) -> bool:
    """Whether the caller is the first to tell that a job is silent since it was heard of so (blocks)."""
    return lake.put_new(_claim_key(artifact, f"silent-{heard}"), b"")


def give_back(lake: Lake, artifact: Artifact, name: str) -> None:
    """Let others tell an event that the caller could not tell (blocks)."""
    lake.delete([_claim_key(artifact, name)])


def _claim_key(artifact: Artifact, name: str) -> str:
    return f"{artifact.root}{TOLD}/{name}"


def _line(event: dict[str, Any]) -> str:
    """Step, kind and figures of an event, without its lists."""
    figures = {name: value for name, value in event.items() if isinstance(value, int | float | str)}
    kind, step = figures.pop("kind"), figures.pop("step")
    rest = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    )
    return f"{kind} at step {step:,}" + (f": {rest}" if rest else "")
