"""News of a training: its spikes and the times it went back, told once each to whoever is notified.

The trainer writes its events into the lake (``training/events.py``), so that whoever follows the job only has to list a
folder now and then. An event is claimed by a small object beside it, by a conditional put: however many runs, tries
and triggerers follow the job, one of them tells it.
"""

import json
from typing import Any

from smelt.lake import Artifact, Lake

EVENTS, TOLD = "events", "told"
KINDS = ("spike", "rollback")
"""Kinds of events that are news; the others accompany these."""


def news(lake: Lake, artifact: Artifact) -> list[str]:
    """A line for each event that nobody has told yet, which the caller then has to tell (blocks)."""
    folder = f"{artifact.root}{EVENTS}/"
    names = {item.key.removeprefix(folder).removesuffix(".json") for item in lake.objects(folder)}
    lines = []
    for name in sorted(name for name in names if name.endswith(KINDS)):
        if lake.put_new(f"{artifact.root}{TOLD}/{name}", b""):
            lines.append(_line(json.loads(lake.get(f"{folder}{name}.json"))))
    return lines


def _line(event: dict[str, Any]) -> str:
    """Step, kind and figures of an event, without its lists."""
    figures = {name: value for name, value in event.items() if isinstance(value, int | float | str)}
    kind, step = figures.pop("kind"), figures.pop("step")
    rest = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    )
    return f"{kind} at step {step:,}" + (f": {rest}" if rest else "")
