"""A web page looked at again: its text, and every block with the decision on it.

The page itself lies in no artifact: it is read again where its document came from, by the code of ``ingest``, which is
imported by name.
"""

from importlib import import_module

from smelt.engine.gather import of_day
from smelt.errors import StageError
from smelt.explaining.find import Place
from smelt.explaining.seen import SeenPage
from smelt.lake import Lake, Manifest
from smelt.plan import days_of
from smelt.recipe.graph import spec


def extract(address: str, wanted: str = "") -> SeenPage:
    """The page in a local file or an object (``s3://…``); of a crawl the one whose address is ``wanted``.

    Raises:
        SmeltError: when there is no such file or page in it, or there are several.
    """
    return import_module("tasks.ingest.looking").extract(address, wanted)


def seen_page(lake: Lake, ingest: Manifest, place: Place) -> SeenPage:
    """The page that a document was made of, or that was refused, read again from its source.

    Raises:
        SmeltError: when it is no web page, its raw file is gone, or another version of ``ingest`` read it.
    """
    if ingest.version != spec("ingest").version:
        raise StageError(
            f"version {ingest.version} of ingest read it, and this Smelt's is {spec('ingest').version}",
            where=place.url or place.id,
            mend="plan and run again, or ask without --blocks",
        )
    part = ingest.part(place.part)
    if days := days_of(ingest.inputs):
        ingest, part = of_day(lake, ingest, part, list(days.values()))
    return import_module("tasks.ingest.looking").seen_page(lake, ingest, part.name, place.id)
