"""Text of web pages: the main content, as resiliparse's rules find it."""

from resiliparse.extract.html2text import extract_plain_text

from tasks.ingest.document import UnreadableError
from tasks.ingest.encoding import decode_html


def text_of(content: bytes, *, main_content: bool) -> str:
    """The text of a page, with paragraphs, list items and preformatted blocks kept apart.

    Raises:
        UnreadableError: when nothing in it is text.
    """
    page = decode_html(content)
    text = str(extract_plain_text(page, preserve_formatting=True, main_content=main_content, alt_texts=False))
    if not text.strip():
        raise UnreadableError("html without text")
    return text
