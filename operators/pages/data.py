"""The data browser: documents before and after a stage, one document, its web page, the quarantine, blocks."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from operators.pages.access import LakeDep

router = APIRouter()
MOST = 10**12
BLOCKS_SHOWN = 2_000
BLOCK_CHARS = 1_000
"""Of a web page, and of each of its blocks, what is shown at most."""
PIECES_SHOWN = 8_192
"""Of a sequence's text, at most."""
LOOK_AGAIN_S = 3
Attempt = Annotated[int, Query(ge=1, le=MOST)]
"""Which try it is to have something looked up."""
Start = Annotated[int, Query(ge=0, le=MOST)]
"""Rows that a page leaves out before its first."""


@router.get("/data/{stage}/{fingerprint}")
def documents(
    stage: str,
    fingerprint: str,
    request: Request,
    lake: LakeDep,
    part: str = "",
    group: Annotated[int, Query(ge=-1, le=MOST)] = 0,
    start: Start = 0,
    back: bool = False,
    verdict: str = "",
    reason: str = "",
    lang: str = "",
    source: str = "",
) -> Response:
    """Documents of a row group, under a filter."""
    from operators.pages.documents import Filter, labels_of
    from operators.pages.draw import draw
    from operators.pages.search import MAX_LOOKED, search
    from operators.pages.summary import documents_of, drops, quarantined
    from operators.pages.table import aligned
    from operators.pages.turning import Place

    found = aligned(lake, stage, fingerprint)
    asked = Filter(verdict, reason, lang, source)
    names = [record.name for record in found.last.parts if asked.may_have(found, record)]
    return draw(
        request,
        "documents.html.j2",
        manifest=found.last,
        asked=asked,
        listed=search(found, names, asked, Place(part, group, start, back=back)),
        looked=MAX_LOOKED,
        sizes=documents_of(found.last),
        parts=names,
        reasons=drops(found.last),
        quarantined=quarantined(found.last),
        langs=labels_of(found, "lang"),
        sources=labels_of(found, "source"),
    )


@router.get("/data/{stage}/{fingerprint}/{part}/{row}")
def document(stage: str, fingerprint: str, part: str, row: int, request: Request, lake: LakeDep) -> Response:
    """One document: its text before and after cleaning, its signals, and what each stage decided."""
    from operators.pages.difference import MAX_CHARS, side_by_side
    from operators.pages.documents import fates, fields_of, language_of
    from operators.pages.draw import draw
    from operators.pages.table import aligned

    here = aligned(lake, stage, fingerprint).part(part)
    group, at = here.place(row)
    fields = fields_of(here, group, at)
    web = "ingest" in fields and fields["ingest"].get("extraction")
    fate, reason = fates(here, group)
    texts = {name: values.pop("text") or "" for name, values in fields.items() if "text" in values}
    before, after = texts.get("ingest", ""), texts.get("clean", texts.get("ingest", ""))
    return draw(
        request,
        "document.html.j2",
        manifest=here.of.last,
        part=here.record,
        row=row,
        fields=fields,
        ingest=here.of.manifests["ingest"].fingerprint if web else "",
        duplicate_of=here.of.manifests["dedup"].fingerprint if fields.get("dedup", {}).get("duplicate_of") else "",
        lang=language_of(fields),
        fate=fate[at],
        reason=reason[at],
        pairs=side_by_side(before, after) if {"ingest", "clean"} <= texts.keys() else None,
        text=after[:MAX_CHARS],
        cut=max(len(before), len(after)) > MAX_CHARS,
        unchanged=before == after,
        max_chars=MAX_CHARS,
    )


@router.get("/pages/{fingerprint}/{part}/{document}")
def web_page(
    fingerprint: str,
    part: str,
    document: Annotated[str, Path(pattern="^[0-9a-f]{16}$")],
    request: Request,
    lake: LakeDep,
    attempt: Attempt = 1,
) -> Response:
    """The blocks of a document's web page, which a Ray job reads again."""
    from operators.pages.difference import MAX_CHARS
    from operators.pages.draw import draw
    from operators.pages.found import manifest_of
    from operators.pages.jobs import look_at
    from operators.pages.table import record_of
    from smelt.explaining.seen import SeenPage

    manifest = manifest_of(lake, "ingest", fingerprint)
    names = (fingerprint, record_of(manifest, part).name, document)
    page, error = look_at(lake, "page", names, attempt, SeenPage)
    return draw(
        request,
        "page.html.j2",
        manifest=manifest,
        document=document,
        page=page,
        error=error,
        attempt=attempt,
        shown=BLOCKS_SHOWN,
        block_chars=BLOCK_CHARS,
        text_chars=MAX_CHARS,
        refresh=LOOK_AGAIN_S if page is None and not error else 0,
    )


@router.get("/blocks/{fingerprint}/{part}/{number}")
def sequence(
    fingerprint: str,
    part: str,
    number: Annotated[int, Path(ge=0, le=MOST)],
    request: Request,
    lake: LakeDep,
    attempt: Attempt = 1,
) -> Response:
    """A sequence of a block: its documents, and their text with the tokens' borders, which a Ray job reads."""
    from operators.pages.draw import draw
    from operators.pages.found import manifest_of
    from operators.pages.jobs import look_at
    from operators.pages.table import record_of
    from smelt.explaining.sequence import Trace

    manifest = manifest_of(lake, "blocks", fingerprint)
    record = record_of(manifest, part)
    trace, error = look_at(lake, "sequence", (fingerprint, record.name, str(number)), attempt, Trace)
    return draw(
        request,
        "sequence.html.j2",
        manifest=manifest,
        block=record.name,
        number=number,
        sequence=trace.sequences[0] if trace else None,
        error=error,
        attempt=attempt,
        pieces_shown=PIECES_SHOWN,
        refresh=LOOK_AGAIN_S if trace is None and not error else 0,
    )


@router.get("/quarantine/{fingerprint}")
def quarantine(fingerprint: str, request: Request, lake: LakeDep, part: str = "", start: Start = 0) -> Response:
    """What ``ingest`` could not read, and why."""
    from operators.pages.draw import draw
    from operators.pages.found import manifest_of
    from operators.pages.quarantine import OF_PAGES, ROWS_SHOWN, list_refused
    from operators.pages.summary import quarantined
    from operators.pages.turning import Place, turns

    manifest = manifest_of(lake, "ingest", fingerprint)
    names, name, refused, total = list_refused(lake, manifest, part, start)
    at = Place(name, 0, start)
    return draw(
        request,
        "quarantine.html.j2",
        manifest=manifest,
        refused=refused,
        of_pages=OF_PAGES,
        reasons=quarantined(manifest),
        place=at,
        turns=turns(at, names, 1, total, ROWS_SHOWN),
    )


@router.get("/blocks/{fingerprint}")
def blocks(fingerprint: str, request: Request, lake: LakeDep, part: str = "", start: Start = 0) -> Response:
    """The segments of a block, in training order."""
    from operators.pages.blocks import ROWS_SHOWN, read_block
    from operators.pages.draw import draw
    from operators.pages.found import manifest_of
    from operators.pages.turning import Place, turns

    manifest = manifest_of(lake, "blocks", fingerprint)
    block = read_block(lake, manifest, part, start)
    at = Place(block.record.name, 0, start)
    names = [record.name for record in manifest.parts]
    return draw(
        request,
        "blocks.html.j2",
        manifest=manifest,
        block=block,
        place=at,
        number=names.index(block.record.name),
        turns=turns(at, names, 1, block.record.rows, ROWS_SHOWN),
    )
