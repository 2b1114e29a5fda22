"""Text of PDFs: characters as pdfium finds them, lines put together to paragraphs again.

A PDF knows glyphs and places, not text. Where its fonts say nothing of Unicode the text is noise, and
the share of characters that are mapped tells so. Running heads and page numbers are lines that return
on most pages; they are left out.
"""

import re
from collections import Counter

import pypdfium2

from tasks.ingest.document import UnreadableError

_CJK = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
_ENDS = re.compile(r"[.!?:;。！？：；…]['\")」』”’）]*$")
_LEADERS = re.compile(r"(?:\. ?){8,}")  # a line of a table of contents
_ITEM = re.compile(r"^\s*(?:[•◦▪*–-]\s|\d+(?:\.\d+)*[.)]?\s|第\s*\d+)")


def text_of(content: bytes, *, min_mapped_share: float) -> str:
    """The text of a PDF.

    Raises:
        UnreadableError: when it can't be opened, holds no text, or too little of it is mapped to Unicode.
    """
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("broken pdf", str(error)) from error
    try:
        pages = [_page(document, number) for number in range(len(document))]
    except pypdfium2.PdfiumError as error:
        raise UnreadableError("broken pdf", str(error)) from error
    finally:
        document.close()
    text = "\n\n".join(filter(None, (_reflow(page) for page in _without_running_heads(pages))))
    if not text.strip():
        raise UnreadableError("pdf without text")
    if (share := mapped_share(text)) < min_mapped_share:
        raise UnreadableError("unmapped pdf", f"{share:.2f} of the characters are mapped to Unicode")
    return text


def mapped_share(text: str) -> float:
    """Share of the characters (whitespace aside) that are mapped to Unicode."""
    chars = [char for char in text if not char.isspace()]
    unmapped = sum(char < " " or char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in chars)
    return 1 - unmapped / max(len(chars), 1)


def _page(document: pypdfium2.PdfDocument, number: int) -> list[str]:
    page = document[number]
    text_page = page.get_textpage()
    text = text_page.get_text_bounded()
    text_page.close()
    page.close()
    text = (
        text.replace("\r\n", "\n")
        .replace("\ufffe\n", "")
        .replace("\ufffe", "")
        .replace("\x02\n", "")
        .replace("\x02", "")
    )
    return [line.rstrip() for line in text.split("\n") if not _LEADERS.search(line)]


def _without_running_heads(pages: list[list[str]]) -> list[list[str]]:
    if len(pages) < 4:
        return pages
    counts = Counter(key for page in pages for key in {_key(line) for line in _edges(page)})
    often = {key for key, count in counts.items() if count > max(3, 0.1 * len(pages))}
    return [
        [line for i, line in enumerate(page) if not ((i < 2 or i >= len(page) - 2) and _key(line) in often)]
        for page in pages
    ]


def _edges(page: list[str]) -> list[str]:
    return page[:2] + page[-2:]


def _key(line: str) -> str:
    return re.sub(r"\d+|[ivxlc]+$", "#", line.strip())


def _reflow(lines: list[str]) -> str:
    """Join lines that were broken at the right margin; a short line, an item or a sentence's end closes a paragraph."""
    widths = sorted(_width(line) for line in lines if line)
    full = widths[int(len(widths) * 0.9)] * 0.75 if widths else 0
    out: list[str] = []
    open_line = False
    for line in lines:
        if open_line and line and not _ITEM.match(line):
            glue = "" if re.search(f"[{_CJK}]$", out[-1]) and re.match(f"[{_CJK}]", line) else " "
            out[-1] += glue + line.lstrip()
        else:
            out.append(line)
        open_line = _width(line) >= full and not _ENDS.search(line)
    return "\n".join(out).strip()


def _width(line: str) -> int:
    return sum(2 if char >= "\u2e80" else 1 for char in line)
