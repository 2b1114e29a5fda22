"""One web page looked at again, where it lies: its text, and its blocks with the decision on each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from smelt import settings
from smelt.errors import StageError
from smelt.explaining.seen import Block, SeenPage
from smelt.lake import Artifact, Lake, Manifest
from smelt.recipe.ingest import IngestConfig, IngestOptions
from smelt.recipe.resources import Resources
from smelt.stage import Context
from tasks.ingest import html
from tasks.ingest.document import Document, RawFile, RawPage, Refusal, document_id
from tasks.ingest.read import read
from tasks.ingest.shards import pieces
from tasks.ingest.stage import raw_files
from tasks.ingest.stored import Stored

_LISTED = 5


def extract(address: str, wanted: str = "") -> SeenPage:
    """The page in a file or object, under the options that a recipe has by default; see ``smelt.explaining.page``."""
    raw, options, refused = RawFile("", address, _content(address)), IngestOptions(), list[Refusal]()
    pages = pages_in(raw, options, refused.append)
    found = list(islice((page for page in pages if wanted in ("", page.url)), 1 if wanted else _LISTED + 1))
    if not found:
        why = f": {refused[0].reason} {refused[0].detail}".rstrip() if refused else ""
        mend = "addresses stand as the crawl has them" if wanted else "give a file of HTML, or a crawl and an address"
        raise StageError(f"no such page{why}" if wanted else f"no web page in it{why}", where=address, mend=mend)
    if len(found) > 1:
        some = ", ".join(page.url or f"#{page.place}" for page in found[:_LISTED])
        more = " and more" if len(found) > _LISTED else ""
        raise StageError("there are several pages", where=address, mend=f"write an address behind it: {some}{more}")
    return _seen(found[0], found[0].url or address, options)


def seen_page(lake: Lake, ingest: Manifest, part: str, name: str) -> SeenPage:
    """The page of the document of that id, from the raw files of its part; see ``smelt.explaining.page``."""
    config = IngestConfig.model_validate(ingest.config)
    inputs = {stage: fetched for stage in ("fetch",) if (fetched := _input(lake, ingest, stage)) is not None}
    context = Context(
        lake, config, Resources(), inputs, dict(ingest.inputs), Artifact(ingest.stage, ingest.fingerprint)
    )
    [shard] = (shard for shard in pieces(context) if shard.name == part)
    for raw in raw_files(context, shard.payload):
        for page in pages_in(raw, config):
            if document_id(raw.source, raw.path, page.place) == name:
                return _seen(page, page.url or raw.path, config)
    raise StageError("is no web page", where=name, mend="only web pages have blocks: ask without --blocks")


def pages_in(
    raw: RawFile, options: IngestOptions, refused: Callable[[Refusal], None] = lambda refusal: None
) -> Iterator[RawPage]:
    """The web pages in a raw file, as they lie there: none is made a document of."""
    found: list[RawPage] = []

    def hold(page: RawPage) -> Document:
        found.append(page)
        return Document("", "html", page.place)

    for item in read(replace(raw, reader=hold), options):
        yield from found
        found.clear()
        if isinstance(item, Refusal):
            refused(item)


def _seen(page: RawPage, url: str, options: IngestOptions) -> SeenPage:
    if options.html in ("trafilatura", "resiliparse"):
        raise StageError(f"{options.html} says nothing of blocks", where=url, mend="ask without --blocks")
    made = html.page_of(page.content, options, charset=page.charset, robots=page.robots)
    blocks = [Block(**passage._asdict()) for passage in made.passages()]
    return SeenPage(url=url, text=made.text, kind=made.kind, extraction=made.extraction, blocks=blocks)


def _input(lake: Lake, ingest: Manifest, stage: str) -> Manifest | None:
    return Artifact(stage, ingest.inputs[stage]).manifest(lake) if stage in ingest.inputs else None


def _content(address: str) -> Path | Stored:
    if address.startswith("s3://"):
        bucket, _, key = address.removeprefix("s3://").partition("/")
        lake = Lake(settings.load(), url=f"s3://{bucket}")
        return Stored(lake, key, lake.open(key).size)
    file = Path(address)
    if not file.is_file():
        raise StageError("no such file", where=address, mend="give the path of a file, or an address s3://bucket/key")
    return file
