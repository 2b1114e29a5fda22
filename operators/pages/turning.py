"""Turning pages: from a place to the one before and the one after, over row groups and parts."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where a page of rows begins: part, row group, and how many matching rows of it come before.

    Attributes:
        group: -1 is the part's last.
        back: whether, where there is no match, to look before it rather than behind.
    """

    part: str
    group: int
    start: int
    back: bool = False


def turns(
    here: Place, parts: Sequence[str], groups: int, matching: int, shown: int
) -> tuple[Place | None, Place | None]:
    """The place before and the place after, or None at either end.

    Args:
        parts: names of the parts that can hold a row to show.
        groups: row groups of this part.
        matching: rows to show in this row group.
        shown: rows of a page.
    """
    before = [name for name in parts if name < here.part]
    after = [name for name in parts if name > here.part]
    back: Place | None
    if here.start > 0:
        back = Place(here.part, here.group, max(0, here.start - shown))
    elif here.group > 0:
        back = Place(here.part, here.group - 1, 0, back=True)
    else:
        back = Place(before[-1], -1, 0, back=True) if before else None
    if here.start + shown < matching:
        return back, Place(here.part, here.group, here.start + shown)
    if here.group + 1 < groups:
        return back, Place(here.part, here.group + 1, 0)
    return back, Place(after[0], 0, 0) if after else None
