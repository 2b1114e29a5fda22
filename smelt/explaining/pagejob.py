"""A document's web page, read again by a Ray job for who reads no pages himself: Airflow's image has no extractor.

Entry point ``python -m smelt.explaining.pagejob --ingest FINGERPRINT --part PART --document ID``. What the job finds
is a line of its log: nothing is left in the lake, and it is there for as long as Ray knows the job.
"""

import argparse
import json
import shlex
import sys

from smelt import log
from smelt.engine.jobs import Jobs, failure_of
from smelt.errors import SmeltError, StageError
from smelt.explaining.find import Place
from smelt.explaining.page import SeenPage, seen_page
from smelt.identity import fingerprint
from smelt.lake import Artifact, Lake, Manifest

NAME = "page"
MOST = 2
"""Jobs at a time: they stand beside stages that work."""
_FOUND = "found: "


def main() -> int:
    """Exit status 0 when the page was found; else the last line says why not."""
    parser = argparse.ArgumentParser(prog="smelt.explaining.pagejob")
    for name in ("ingest", "part", "document"):
        parser.add_argument(f"--{name}", required=True)
    asked = parser.parse_args()
    log.start()
    try:
        lake = Lake.connect()
        manifest = Artifact("ingest", asked.ingest).manifest(lake)
        if manifest is None:
            raise StageError("no such artifact", where=f"ingest/{asked.ingest}", mend="`smelt artifacts` lists them")
        page = seen_page(lake, manifest, Place(id=asked.document, url="", part=asked.part, row=0))
    except SmeltError as error:
        log.logger.error("%s", error)
        return 1
    print(f"{_FOUND}{json.dumps(page.model_dump())}")  # in ASCII: one line, whatever reads the log
    return 0


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
    [found] = [line.removeprefix(_FOUND) for line in said.splitlines() if line.startswith(_FOUND)]
    return SeenPage.model_validate_json(found)


if __name__ == "__main__":
    sys.exit(main())
