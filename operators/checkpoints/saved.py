"""The asset of a checkpoint that was saved, and what Airflow sees it by: a watcher that looks into the lake.

The watcher runs in the triggerer, for as long as a DAG that is switched on waits for the asset.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import Asset, AssetWatcher
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

LOOK_EVERY_S = 5.0


class SavedTrigger(BaseEventTrigger):
    """Fires for each checkpoint that a training under way has saved, once."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Events with ``run``, ``stage``, ``phase`` and ``step``; a lake out of reach is looked into again."""
        while True:
            try:
                found = await asyncio.to_thread(_seen)
            except Exception as error:  # nobody would start it again
                self.log.warning("saved checkpoints could not be looked for: %s", error)
                found = []
            for payload in found:
                yield TriggerEvent(payload)
            await asyncio.sleep(LOOK_EVERY_S)


def _seen() -> list[dict[str, Any]]:
    from operators.jobs.patience import connect
    from smelt.saved import seen

    return [{"run": one.run, "stage": one.stage, "phase": one.phase, "step": one.step} for one in seen(connect())]


CHECKPOINT_SAVED = Asset(
    "checkpoint-saved", group="smelt", watchers=[AssetWatcher(name="checkpoint-saved", trigger=SavedTrigger())]
)
"""A checkpoint was saved, and its training goes on."""
