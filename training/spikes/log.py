"""Writing a run's events down, by one process of all."""

import json
from typing import Any

import torch.distributed as dist

from smelt.stage import Context
from training.exporter import export_event
from training.spikes.events import (
    AFTER,
    POLICIES,
    RESPECTED,
    ROUND,
    blocks_set_aside,
    read_all,
    respected,
    set_aside_folder,
)


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
        written = read_all(self._context)
        back = [name for name, event in written.items() if event["kind"] == "rollback"]
        waiting: dict[str, list[float]] = {name: [] for name in back if f"{name}-after" not in written}
        self._watched = waiting | {name: list(losses) for name, losses in state.items()}

    def _write(self, name: str, event: dict[str, Any]) -> None:
        content = json.dumps(event, ensure_ascii=False).encode()
        self._context.artifact.write_part(self._context.lake, ROUND, name, files={".json": content}, rows=1, stats={})
