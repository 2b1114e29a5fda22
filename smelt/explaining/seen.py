"""A web page as its extractor saw it."""

from pydantic import BaseModel


class Block(BaseModel):
    """A paragraph, heading, item, cell or piece of code of a page.

    Attributes:
        reason: the strongest reason for which it was kept or dropped.
        score: how likely it is content, from 0 to 1.
    """

    text: str
    kept: bool
    reason: str
    score: float


class SeenPage(BaseModel):
    """What became of a page.

    Attributes:
        text: what ``ingest`` takes of it; empty where the page has no text.
        kind, extraction: the columns ``page_kind`` and ``extraction``.
        blocks: all of its text, in the page's order.
    """

    url: str
    text: str
    kind: str
    extraction: str
    blocks: list[Block]
