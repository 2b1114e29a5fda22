"""Which jobs Ray knows, so that no link leads to one that it doesn't; and what a job looks up for a page."""

import asyncio
import re
import time
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smelt.explaining.looking import Kind
    from smelt.lake import Lake

_T = TypeVar("_T", bound=BaseModel)

PATIENCE_S = 3.0
"""Seconds that a page waits for Ray."""
REMEMBERED_S = 5.0
_NUMBERED = re.compile(r"(.+-[0-9a-f]{20})(-\d+)?")
_known: dict[str, tuple[float, dict[str, str]]] = {}


def known_jobs(lake: "Lake") -> dict[str, str]:
    """The newest job's id by the name that a stage's jobs have in common; none while Ray is out of reach."""
    address = lake.settings.ray_api
    if address not in _known or time.monotonic() - _known[address][0] > REMEMBERED_S:
        found = asyncio.run(_ask(lake))
        _known[address] = (time.monotonic(), found)
    return _known[address][1]


def newest_job(lake: "Lake", name: str) -> str | None:
    """Id of the newest job of that name, asked of Ray anew."""
    return asyncio.run(_ask(lake)).get(name)


def look_at(
    lake: "Lake", kind: "Kind", arguments: "Sequence[str]", attempt: int, model: type[_T]
) -> tuple[_T | None, str]:
    """What a job has looked up, see ``smelt.explaining.looking.look``; and why it failed. Neither while it goes on."""
    from smelt.engine.jobs import Jobs
    from smelt.errors import SmeltError
    from smelt.explaining.looking import look

    async def ask() -> _T | None:
        async with Jobs(lake.settings) as jobs:
            return await look(jobs, kind, arguments, attempt, model)

    try:
        return asyncio.run(ask()), ""
    except SmeltError as error:
        return None, str(error)


async def _ask(lake: "Lake") -> dict[str, str]:
    from smelt.engine.jobs import Jobs
    from smelt.errors import SmeltError

    try:
        async with Jobs(lake.settings) as jobs:
            ids = [job.id for job in await asyncio.wait_for(jobs.all(), PATIENCE_S)]
    except (SmeltError, TimeoutError):
        return {}
    found: dict[str, str] = {}
    for job_id in sorted(ids, key=lambda job_id: (len(job_id), job_id)):
        if named := _NUMBERED.fullmatch(job_id):
            found[named[1]] = job_id
    return found
