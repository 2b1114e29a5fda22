"""From a place to the next one, on or back, that has a document to show: over row groups and parts.

Only the columns that a filter asks about are read on the way, and the parts whose statistics hold no such document are
passed over. A search ends after ``MAX_LOOKED`` row groups; the page's links go on from there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from operators.pages.documents import ROWS_SHOWN, Filter, Shown, matching, shown
from operators.pages.table import Aligned, AlignedPart
from operators.pages.turning import Place, turns

MAX_LOOKED = 64


@dataclass(frozen=True)
class Found:
    """A page of documents.

    Attributes:
        matching: documents of the row group that the filter lets through.
        of: those of them that it chooses from, such as all that the stage took in.
        groups: row groups of the part.
        turns: where to look on, before and after; None at either end.
        ended: whether the search ended before it came to a match or to the end.
    """

    place: Place
    documents: list[Shown]
    matching: int
    of: int
    groups: int
    turns: tuple[Place | None, Place | None]
    ended: bool = False


def search(found: Aligned, names: Sequence[str], asked: Filter, place: Place) -> Found:
    """The page at a place, or where it has no match the next one that has: on, or back where the place says so.

    Args:
        names: of the parts that can have a match, in order.
        place: no part means the first; row group -1 the part's last.

    Raises:
        StageError: when there is no such part.
    """
    if not names and not place.part:
        return Found(place, [], 0, 0, 0, (None, None))
    first = found.part(place.part or names[0])
    groups = len(first.sizes)
    origin = Place(first.record.name, min(place.group, groups - 1) if place.group >= 0 else groups - 1, place.start)
    part, group, rows, of, start, looked = first, max(0, origin.group), np.array([], np.int64), 0, 0, 0
    for looked, (part, group) in enumerate(_way(found, names, first, origin.group, back=place.back)):
        rows, of = matching(part, group, asked)
        start = _last_page(len(rows)) if place.back else origin.start if looked == 0 else 0
        if start < len(rows) or looked + 1 == MAX_LOOKED:
            break
    else:
        if place.back:
            return search(found, names, asked, Place("", 0, 0))
        rows = rows[:0]
    here = Place(part.record.name, group, start if len(rows) else 0)
    before, after = turns(here, names, len(part.sizes), len(rows), ROWS_SHOWN)
    if looked and place.back:
        after = turns(origin, names, groups, 0, ROWS_SHOWN)[1]
    elif looked:
        before = turns(origin, names, groups, 0, ROWS_SHOWN)[0]
    documents = shown(part, group, rows[here.start : here.start + ROWS_SHOWN]) if len(rows) else []
    return Found(here, documents, len(rows), of, len(part.sizes), (before, after), looked + 1 == MAX_LOOKED)


def _way(
    found: Aligned, names: Sequence[str], first: AlignedPart, group: int, *, back: bool
) -> Iterator[tuple[AlignedPart, int]]:
    """Row groups from one on, or back, of its part and of those behind it."""
    name, groups = first.record.name, len(first.sizes)
    yield from ((first, one) for one in (range(group, -1, -1) if back else range(max(0, group), groups)))
    for other in [one for one in reversed(names) if one < name] if back else [one for one in names if one > name]:
        part = found.part(other)
        yield from ((part, one) for one in (reversed(range(len(part.sizes))) if back else range(len(part.sizes))))


def _last_page(matching: int) -> int:
    return max(0, matching - 1) // ROWS_SHOWN * ROWS_SHOWN
