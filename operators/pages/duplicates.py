"""What dedup has found: the largest clusters, and a document beside the one that it went for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operators.pages.access import LakeDep
from operators.pages.data import LOOK_AGAIN_S, Attempt, Start

if TYPE_CHECKING:
    from smelt.explaining.duplicates import Better
    from smelt.lake import Lake

router = APIRouter()


@dataclass(frozen=True)
class Side:
    """A document of a pair: where it lies, what the stages say of it, and its cleaned text."""

    at: "Better"
    fields: Mapping[str, Mapping[str, Any]]
    text: str

    def __getitem__(self, name: str) -> Any:
        """What the latest stage says under that name; None where none does."""
        return next((values[name] for values in [*self.fields.values()][::-1] if name in values), None)


@router.get("/duplicates/{fingerprint}")
def clusters(fingerprint: str, request: Request, lake: LakeDep, attempt: Attempt = 1) -> Response:
    """The largest clusters of duplicates, which a Ray job looks for."""
    from operators.pages.draw import draw
    from operators.pages.found import manifest_of
    from operators.pages.jobs import look_at
    from operators.pages.summary import drops
    from smelt.explaining.duplicates import Clusters

    manifest = manifest_of(lake, "dedup", fingerprint)
    found, error = look_at(lake, "clusters", (fingerprint,), attempt, Clusters)
    return draw(
        request,
        "clusters.html.j2",
        manifest=manifest,
        reasons=drops(manifest),
        clusters=found.clusters if found else None,
        error=error,
        attempt=attempt,
        refresh=LOOK_AGAIN_S if found is None and not error else 0,
    )


@router.get("/duplicates/{fingerprint}/{part}/{row}")
def pair(
    fingerprint: str,
    part: str,
    row: int,
    request: Request,
    lake: LakeDep,
    better_part: str = "",
    better_row: Start = 0,
    attempt: Attempt = 1,
) -> Response:
    """A document beside the one that it went for, with what differs; a Ray job looks where that one lies, unless the
    address says it."""
    from operators.pages.difference import MAX_CHARS, side_by_side
    from operators.pages.documents import language_of
    from operators.pages.draw import draw
    from operators.pages.jobs import look_at
    from smelt.errors import StageError
    from smelt.explaining.duplicates import Better

    goes = _side(lake, Better(fingerprint=fingerprint, part=part, row=row))
    if goes["duplicate_of"] is None:
        raise StageError("went for no other document", where=f"row {row} of part {part}", mend="look at a duplicate")
    error, place = "", Better(fingerprint=fingerprint, part=better_part, row=better_row) if better_part else None
    if place is None:
        place, error = look_at(lake, "better", (fingerprint, part, str(row)), attempt, Better)
    stays = _side(lake, place) if place else None
    if stays and stays["id"] != goes["duplicate_of"]:
        raise StageError("is not what it went for", where=f"row {better_row} of part {better_part}")
    return draw(
        request,
        "pair.html.j2",
        goes=goes,
        stays=stays,
        pairs=side_by_side(stays.text, goes.text) if stays else [],
        lang=language_of(goes.fields),
        max_chars=MAX_CHARS,
        error=error,
        attempt=attempt,
        refresh=LOOK_AGAIN_S if stays is None and not error else 0,
    )


def _side(lake: "Lake", at: "Better") -> Side:
    from operators.pages.documents import fields_of
    from operators.pages.table import aligned

    part = aligned(lake, "dedup", at.fingerprint).part(at.part)
    fields = fields_of(part, *part.place(at.row))
    texts = [values["text"] for stage, values in fields.items() if stage in ("ingest", "clean")]
    return Side(at, fields, texts[-1] or "" if texts else "")
