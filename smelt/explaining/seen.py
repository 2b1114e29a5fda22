"""A web page as its extractor saw it, and how to have a Ray job see it (``pagejob``)."""

import shlex

from pydantic import BaseModel

from smelt.engine.jobs import Jobs, failure_of
from smelt.errors import StageError
from smelt.identity import fingerprint
from smelt.lake import Manifest

NAME = "page"
MOST = 2
"""Jobs at a time: they stand beside stages that work."""
FOUND = "found: "
"""What the line of a job's log begins with that holds the page."""


class Block(BaseModel):
    """A paragraph, heading, item, cell or piece of code of a page.

    Attributes:
        reason: the strongest reason for which it was kept or dropped.
        score: how likely it is content, from 0 to 1.
    """

    text: str
    kept: bool
    reason: str
    score: float


class SeenPage(BaseModel):
    """What became of a page.

    Attributes:
        text: what ``ingest`` takes of it; empty where the page has no text.
        kind, extraction: the columns ``page_kind`` and ``extraction``.
        blocks: all of its text, in the page's order.
    """

    url: str
    text: str
    kind: str
    extraction: str
    blocks: list[Block]


async def look(jobs: Jobs, ingest: Manifest, part: str, document: str, attempt: int) -> SeenPage | None:
    """The page as the job of that attempt found it; None while it goes on. The first who asks starts it.

    Args:
        part: where ``document``, an id, lies.
        attempt: from 1; a job that failed is started again as the next one.

    Raises:
        StageError: what the job failed for.
    """
    of = {"artifact": ingest.fingerprint, "part": part, "document": document, "attempt": str(attempt)}
    name = f"{NAME}-{fingerprint(stage=NAME, version=ingest.version, config=None, inputs=of)}"
    job = await jobs.find(name)
    if job is None:
        going = [other for other in await jobs.all() if other.id.startswith(f"{NAME}-") and not other.ended]
        if len(going) < MOST:
            arguments = ("--ingest", ingest.fingerprint, "--part", part, "--document", document)
            await jobs.submit(name, f"python -m smelt.explaining.pagejob {shlex.join(arguments)}", {})
        return None
    if not job.ended:
        return None
    said = await jobs.log(name)
    if job.status != "SUCCEEDED":
        raise StageError(failure_of(job, said))
    [found] = [line.removeprefix(FOUND) for line in said.splitlines() if line.startswith(FOUND)]
    return SeenPage.model_validate_json(found)
