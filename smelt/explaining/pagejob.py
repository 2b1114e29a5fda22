"""A document's web page, read again by a Ray job for who reads no pages himself: Airflow's image has no extractor.

Entry point ``python -m smelt.explaining.pagejob --ingest FINGERPRINT --part PART --document ID``. What the job finds
is a line of its log: nothing is left in the lake, and it is there for as long as Ray knows the job.
"""

import argparse
import json
import sys

from smelt import log
from smelt.errors import SmeltError, StageError
from smelt.explaining.find import Place
from smelt.explaining.page import seen_page
from smelt.explaining.seen import FOUND
from smelt.lake import Artifact, Lake


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
    print(f"{FOUND}{json.dumps(page.model_dump())}")  # in ASCII: one line, whatever reads the log
    return 0


if __name__ == "__main__":
    sys.exit(main())
