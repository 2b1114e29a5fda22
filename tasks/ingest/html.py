"""Text of web pages: the main content by the decision on each block, all of it, or what another extractor finds."""

import re
from typing import Literal, NamedTuple

from smelt.recipe.ingest import IngestOptions
from tasks.ingest.document import UnreadableError
from tasks.ingest.encodings.encoding import decode
from tasks.ingest.web import page
from tasks.ingest.web.metadata import Metadata, metadata_of
from tasks.ingest.web.tree.tree import parse

How = Literal["main", "all", "trafilatura", "resiliparse"]
"""Which text of a page; see ``IngestOptions.html``."""
MAX_DEPTH = 2000
"""Deepest nesting of elements that resiliparse and trafilatura get; their time grows with its square."""
MAX_ATTRIBUTES = 5000
"""Most attributes of an element that they get; the parser compares each with all before it."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_NEVER_NEST = frozenset(
    """area base br col embed hr img input link meta source track wbr
    p li td tr th dt dd option optgroup thead tbody tfoot colgroup rp rt html head body""".split()
)
"""Elements without content, and those that a next one of their kind closes."""


class Read(NamedTuple):
    """A page's text, what it says of itself, what was repaired in decoding it (see ``Document``), and of our own
    extractor the page's kind and the way that was taken."""

    text: str
    about: Metadata
    repaired: int
    kind: str | None = None
    extraction: str | None = None


def text_of(content: bytes, how: How, *, charset: str = "") -> str:
    """The text of a page as light Markdown; of another extractor, as that writes it.

    Args:
        how: which text; see ``IngestOptions.html``.
        charset: what the server said of its encoding.

    Raises:
        UnreadableError: when nothing in it is text, or it is made to keep another extractor busy.
    """
    return read(content, IngestOptions(html=how), charset=charset).text


def read(content: bytes, options: IngestOptions, *, charset: str = "", robots: str = "") -> Read:
    """The text of a page, and what is known of it.

    Args:
        charset, robots: what the server said of its encoding and of what robots may do (``X-Robots-Tag``).

    Raises:
        UnreadableError: as ``text_of``.
    """
    if options.html in ("trafilatura", "resiliparse"):
        decoded = decode(content, declared=(charset,), html=True)
        about = metadata_of(parse(decoded.utf8()), robots)
        made = Read(_by_another(decoded.text, options.html), about, decoded.repaired)
    else:
        found = page_of(content, options, charset=charset, robots=robots)
        made = Read(found.text, found.metadata, found.repaired, found.kind, found.extraction)
    if not made.text.strip():
        raise UnreadableError("html without text")
    return made


def page_of(content: bytes, options: IngestOptions, *, charset: str = "", robots: str = "") -> page.Page:
    """A page by our own extractor, with the decision on each of its blocks; the arguments are those of ``read``."""
    return page.read(
        content,
        charset=charset,
        robots=robots,
        everything=options.html == "all",
        markdown=options.structure == "markdown",
        alt=options.alt_text,
        references=options.reference_marks,
    )


def _by_another(content: str, how: str) -> str:
    if (depth := nesting(content)) > MAX_DEPTH:
        raise UnreadableError("hostile html", f"{depth} elements in each other, more than {MAX_DEPTH}")
    if (count := _attributes(content)) > MAX_ATTRIBUTES:
        raise UnreadableError("hostile html", f"an element with {count} attributes, more than {MAX_ATTRIBUTES}")
    if how == "trafilatura":
        from trafilatura import extract  # half a second to import

        return extract(content, include_comments=False, deduplicate=False) or ""
    from resiliparse.extract.html2text import extract_plain_text

    return str(extract_plain_text(content, preserve_formatting=True, main_content=True, alt_texts=False))


def nesting(page: str) -> int:
    """How deep elements lie in each other at most, as far as tags tell; no less than 0 and right where it matters."""
    if _nesting_at_most(page) <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for found in _TAG.finditer(page):
        if found[2].lower() not in _NEVER_NEST:
            depth = max(0, depth - 1) if found[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _nesting_at_most(page: str) -> int:
    """A bound that takes every tag for one that nests, and costs a tenth of knowing which do."""
    depth = deepest = 0
    for piece in page.split("</"):
        depth += piece.count("<")
        if depth > deepest:
            deepest = depth
        if depth:
            depth -= 1
    return deepest


def _attributes(page: str) -> int:
    """The most attributes of an element that is long enough to have too many."""
    pieces = page.split("<")
    if max(map(len, pieces)) < 3 * MAX_ATTRIBUTES:
        return 0
    return max((piece.partition(">")[0].count("=") for piece in pieces[1:] if piece[:1].isalpha()), default=0)
