"""A web page as a document: its text, what it says of itself, and whether its source may take it."""

from smelt.recipe.ingest import IngestOptions
from tasks.ingest import html
from tasks.ingest.document import Document, RawFile, RawPage, UnreadableError
from tasks.ingest.web.metadata import Metadata


def document_of(page: RawPage, raw: RawFile, options: IngestOptions) -> Document:
    """The document that a page is.

    Args:
        raw: the file it lies in; its source says which pages are refused.

    Raises:
        UnreadableError: when it has no text, or says what its source refuses.
    """
    if raw.reader is not None:
        return raw.reader(page)
    read = html.read(page.content, options, charset=page.charset, robots=page.robots)
    refuse_unwanted(read.about, raw.refuse)
    return Document(
        read.text,
        "html",
        page.place,
        page.url,
        about=read.about,
        page_kind=read.kind,
        extraction=read.extraction,
        raw_bytes=len(page.content),
        repaired=read.repaired,
    )


def refuse_unwanted(about: Metadata, refused: tuple[str, ...]) -> None:
    """Hold a page to what its source asks for.

    Raises:
        UnreadableError: with the reason, when the page says ``noai`` or ``noindex`` and its source refuses such pages,
            or names no licence and its source wants one.
    """
    said = set((about.robots or "").split(", "))
    if "noai" in refused and said & {"noai", "tdm-reservation"}:
        raise UnreadableError("noai", about.robots or "")
    if "noindex" in refused and "noindex" in said:
        raise UnreadableError("noindex", about.robots or "")
    if "unlicensed" in refused and about.licence is None:
        raise UnreadableError("unlicensed", "the page names no licence")
