"""What a ``Content-Type`` says of an answer: a page, something that never is one, or nothing that can be relied on.

Servers leave it out, write it wrongly (``text/htm``, ``html``, ``application/unknown``) or give one type for all. As
in browsers (https://mimesniff.spec.whatwg.org), the content decides then.
"""

from tasks.ingest.crawls.http import media_type
from tasks.ingest.encodings.encoding import looks_binary
from tasks.ingest.sniff import by_content

_PAGES = {"text/html": "html", "application/xhtml+xml": "html", "text/plain": "text"}
_UNKNOWN = ("", "unknown/unknown", "application/unknown", "application/x-unknown", "text/unknown", "text/text")
_NEVER = ("image", "audio", "video", "font", "model", "multipart", "message")
_NO_PAGES = frozenset(
    """application/json application/ld+json application/javascript application/x-javascript application/ecmascript
    application/pdf application/zip application/gzip application/x-gzip application/msword application/rss+xml
    application/atom+xml application/rdf+xml application/x-shockwave-flash application/x-font-woff
    application/font-woff application/x-protobuf text/css text/javascript text/csv text/calendar text/vcard
    text/x-component text/dns""".split()
)
_COUNTED = _NO_PAGES | {"application/octet-stream", "application/xml", "text/xml", "text/markdown"}


def form(declared: str, body: bytes) -> str | None:
    """``html`` or ``text`` where an answer of that ``Content-Type`` is a page, else None."""
    media = media_type(declared)
    if media in _PAGES:
        return _PAGES[media]
    if never_page(declared):
        return None
    shown = by_content(body)
    if shown == "html":
        return "html"
    known = media.partition("/")[0] in ("text", "application") and media not in _UNKNOWN and not media.endswith("*")
    return "text" if not known and shown == "text" and not looks_binary(body) else None


def never_page(declared: str) -> bool:
    """Whether an answer of that ``Content-Type`` is no page whatever is in it."""
    media = media_type(declared)
    return media.partition("/")[0] in _NEVER or media in _NO_PAGES


def kind(declared: str) -> str:
    """What an answer that is no page is counted as: one of a few dozen names, whatever servers write."""
    media = media_type(declared)
    if media in _COUNTED:
        return media
    top = media.partition("/")[0]
    return f"{top}/*" if top in (*_NEVER, "text", "application") else "no known Content-Type"
