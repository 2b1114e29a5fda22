"""The lake that triggers share, and waiting for Ray or the lake where they are out of reach."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar

from airflow.triggers.base import BaseTrigger

from smelt.engine.jobs import EngineError
from smelt.errors import LakeOutageError
from smelt.lake import Lake

_T = TypeVar("_T")

POLL_S = (0.5, 1.5)
"""Seconds between two looks at a job: at first, and in the long run."""
PATIENCE_S = 300.0
"""Seconds that Ray or the lake may be out of reach before the attempt fails."""


@cache
def connect() -> Lake:
    """One lake, and so one connection pool, for all triggers of the process."""
    return Lake.connect()


async def patiently(ask: Callable[[], Awaitable[_T]], trigger: BaseTrigger) -> _T:
    """Ask again for a while when Ray or the lake is out of reach: services restart."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await ask()
        except (EngineError, LakeOutageError) as error:
            if time.monotonic() > deadline:
                raise
            trigger.log.warning("%s; trying again", error)
            await asyncio.sleep(POLL_S[1])
