"""What a Ray job looks up for a page in Airflow, whose image has neither extractor nor tokenizer (``lookjob``).

What it has found is a line of its log: nothing is left in the lake, and it is there for as long as Ray knows the job.
"""

import shlex
from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import BaseModel

from smelt.engine.jobs import Jobs, failure_of
from smelt.errors import StageError
from smelt.identity import digest

Kind = Literal["page", "sequence", "clusters", "better"]
"""What can be looked up: see ``lookjob``."""
MOST = 2
"""Jobs at a time: they stand beside stages that work."""
FOUND = "found: "
"""What the line begins with that holds what was found."""
_PREFIX = "look-"
_T = TypeVar("_T", bound=BaseModel)


async def look(jobs: Jobs, kind: Kind, arguments: Sequence[str], attempt: int, model: type[_T]) -> _T | None:
    """What the job of that attempt has found; None while it goes on. The first who asks starts it.

    Args:
        arguments: what ``kind`` takes.
        attempt: from 1; a job that failed is started again as the next one.
        model: what it finds.

    Raises:
        StageError: what the job failed for.
    """
    name = f"{_PREFIX}{digest([kind, *arguments])[:20]}-{attempt}"
    job = await jobs.find(name)
    if job is None:
        going = [other for other in await jobs.all() if other.id.startswith(_PREFIX) and not other.ended]
        if len(going) < MOST:
            await jobs.submit(name, f"python -m smelt.explaining.lookjob {shlex.join((kind, *arguments))}", {})
        return None
    if not job.ended:
        return None
    said = await jobs.log(name)
    if job.status != "SUCCEEDED":
        raise StageError(failure_of(job, said))
    [found] = [line.removeprefix(FOUND) for line in said.splitlines() if line.startswith(FOUND)]
    return model.model_validate_json(found)
