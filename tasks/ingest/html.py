"""Text of web pages: the main content as resiliparse's rules find it, all of it, or as trafilatura finds it."""

import re
from typing import Literal

from resiliparse.extract.html2text import extract_plain_text

from tasks.ingest.document import UnreadableError
from tasks.ingest.encoding import decode_html

How = Literal["main", "all", "trafilatura"]
"""Which text of a page; see ``IngestOptions.html``."""
MAX_DEPTH = 2000
"""Deepest nesting of elements that is read; the time that main content takes grows with its square."""
MAX_ATTRIBUTES = 5000
"""Most attributes of an element; the parser compares each with all before it."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
_NEVER_NEST = frozenset(
    """area base br col embed hr img input link meta source track wbr
    p li td tr th dt dd option optgroup thead tbody tfoot colgroup rp rt html head body""".split()  # noqa: SIM905
)
"""Elements without content, and those that a next one of their kind closes."""


def text_of(content: bytes, how: How, *, charset: str = "") -> str:
    """The text of a page, with paragraphs, list items and preformatted blocks kept apart.

    Args:
        how: which text; see ``IngestOptions.html``.
        charset: what the server said of its encoding.

    Raises:
        UnreadableError: when nothing in it is text, or it is made to keep the parser busy.
    """
    page = decode_html(content, charset)
    if (depth := nesting(page)) > MAX_DEPTH:
        raise UnreadableError("hostile html", f"{depth} elements in each other, more than {MAX_DEPTH}")
    if (count := _attributes(page)) > MAX_ATTRIBUTES:
        raise UnreadableError("hostile html", f"an element with {count} attributes, more than {MAX_ATTRIBUTES}")
    if how == "trafilatura":
        from trafilatura import extract  # half a second to import

        text = extract(page, include_comments=False, deduplicate=False) or ""
    else:
        text = str(extract_plain_text(page, preserve_formatting=True, main_content=how == "main", alt_texts=False))
    if not text.strip():
        raise UnreadableError("html without text")
    return text


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
