"""The Ray job that looks something up for a page in Airflow: see ``looking``.

Entry point ``python -m smelt.explaining.lookjob page INGEST PART DOCUMENT``, ``sequence BLOCKS BLOCK NUMBER``,
``clusters DEDUP``, or ``better DEDUP PART ROW``.
"""

import argparse
import json
import sys
from collections.abc import Callable

from pydantic import BaseModel

from smelt import log
from smelt.errors import SmeltError, StageError
from smelt.explaining.duplicates import Better, Clusters, better_of, largest
from smelt.explaining.find import Place
from smelt.explaining.looking import FOUND, Kind
from smelt.explaining.page import seen_page
from smelt.explaining.seen import SeenPage
from smelt.explaining.sequence import Trace, trace_sequence
from smelt.explaining.traced import phases_of
from smelt.lake import Artifact, Lake, Manifest


def page(lake: Lake, ingest: str, part: str, document: str) -> SeenPage:
    """A document's web page, read again: by the artifact's fingerprint, the part's name and the document's id."""
    return seen_page(lake, _made(lake, "ingest", ingest), Place(id=document, url="", part=part, row=0))


def sequence(lake: Lake, blocks: str, block: str, number: str) -> Trace:
    """A sequence of a block, with its text: by the artifact's fingerprint, the block's name and the place in it."""
    return trace_sequence(lake, phases_of(lake, f"blocks/{blocks}"), block, int(number))


def clusters(lake: Lake, dedup: str) -> Clusters:
    """The largest clusters of duplicates: by the artifact's fingerprint."""
    return largest(lake, _made(lake, "dedup", dedup))


def better(lake: Lake, dedup: str, part: str, row: str) -> Better:
    """Where the document lies that another one went for: by that one's artifact, part and row."""
    return better_of(lake, _made(lake, "dedup", dedup), part, int(row))


def _made(lake: Lake, stage: str, fingerprint: str) -> Manifest:
    manifest = Artifact(stage, fingerprint).manifest(lake)
    if manifest is None:
        raise StageError("no such artifact", where=f"{stage}/{fingerprint}", mend="`smelt artifacts` lists them")
    return manifest


LOOKS: dict[Kind, Callable[..., BaseModel]] = {
    "page": page,
    "sequence": sequence,
    "clusters": clusters,
    "better": better,
}


def main() -> int:
    """Exit status 0 when it was found; else the last line says why not."""
    parser = argparse.ArgumentParser(prog="smelt.explaining.lookjob")
    parser.add_argument("kind", choices=LOOKS)
    parser.add_argument("arguments", nargs="+")
    asked = parser.parse_args()
    log.start()
    try:
        found = LOOKS[asked.kind](Lake.connect(), *asked.arguments)
    except SmeltError as error:
        log.logger.error("%s", error)
        return 1
    print(f"{FOUND}{json.dumps(found.model_dump(mode='json'))}")  # in ASCII: one line, whatever reads the log
    return 0


if __name__ == "__main__":
    sys.exit(main())
