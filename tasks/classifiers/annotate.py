"""A sample of a recipe's cleaned corpus, to be labelled by people or by a language model.

    python -m tasks.classifiers.annotate recipes/demo.yaml --documents 500 > sample.jsonl

Every line is a document: ``id``, ``text``, ``source``, ``url``, ``lang``; sources stand in it in proportion. The
same recipe gives the same sample. Write a ``label`` into each line (a word, or a number such as
FineWeb-Edu's 0 to 5) and name the file under a classifier's ``labels``; lines may then keep ``id`` alone
in place of ``text``.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from smelt import settings
from smelt.errors import SmeltError, StageError
from smelt.lake import Lake, Manifest
from smelt.run import preview
from tasks.classifiers.draw import documents_of, drawn
from tasks.sampling import share_out

COLUMNS = ["id", "text", "source", "url", "lang"]


def sample(lake: Lake, manifests: dict[str, Manifest], num_documents: int) -> Iterator[dict[str, Any]]:
    """So many documents, sources in proportion; shares are rounded up.

    Args:
        manifests: ``clean``; with ``score`` the language is the one found, else the source's hint.
    """
    there = documents_of(manifests["clean"])
    wanted = share_out(num_documents, {source: float(count) for source, count in there.items() if count}, there)
    yield from drawn(lake, manifests, wanted, COLUMNS, purpose="annotate").to_pylist()


def main() -> int:
    """Write the sample to stdout; exit status 2 and one line on stderr where there is no corpus."""
    parser = argparse.ArgumentParser(prog="tasks.classifiers.annotate", description="Documents to be labelled.")
    parser.add_argument("recipe")
    parser.add_argument("--documents", type=int, default=500)
    arguments = parser.parse_args()
    try:
        found = settings.load()
        lake = Lake(found)
        _, plan = preview(arguments.recipe, {}, found)
        made = {stage: plan.planned(stage).artifact.manifest(lake) for stage in ("clean", "score")}
        manifests = {stage: manifest for stage, manifest in made.items() if manifest is not None}
        if "clean" not in manifests:
            raise StageError("there is no cleaned corpus yet", where=arguments.recipe, mend="`smelt run` it first")
        for row in sample(lake, manifests, arguments.documents):
            print(json.dumps(row, ensure_ascii=False))
    except SmeltError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
