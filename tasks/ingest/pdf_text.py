"""Text of PDFs: characters as pdfium finds them, lines put together to paragraphs again, and how good they are.

A PDF knows glyphs and places, not text. Three figures tell where what comes out is no text: the share of
characters that the fonts map to Unicode, the share of broken lines, and the share of lines that go on in another
column. Running heads and page numbers are lines that return on most pages; they are left out.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import pypdfium2

from tasks.ingest.pdf_characters import ideographs, numbered
from tasks.ingest.pdf_lines import HYPHEN, words_of
from tasks.ingest.pdf_lines import reflow as _reflow
from tasks.ingest.pdf_vertical import columns

_LEADERS = re.compile(r"(?:\. ?){8,}")  # a line of a table of contents
_CUT = re.compile("[\ufffe\x02]\n?(.?)")  # how pdfium marks a hyphen at a line's end, often without the line's end
_FEW_LINES = 20  # a share of fewer lines says nothing
_PROSE = 0.2  # narrower pieces of a line, as shares of the text's width, are labels and cells, not columns
_IN_GUTTER = 0.1  # share of the pieces that may lie across a gutter: headings, wide figures

Box = tuple[float, float, float, float]  # left, bottom, right, top in points


@dataclass(frozen=True)
class PdfText:
    """The text of a PDF and its figures.

    Attributes:
        mapped_share: share of the characters (whitespace aside) that are mapped to Unicode.
        broken_share: share of the lines that are a single character, letters set apart by blanks, or end in a
            hyphen that nothing follows.
        interleaved_share: share of the lines that go on in another column of their page.
    """

    text: str
    mapped_share: float
    broken_share: float
    interleaved_share: float


def read(content: bytes) -> PdfText:
    """The text of a PDF.

    Raises:
        pypdfium2.PdfiumError: when it can't be opened.
    """
    document = pypdfium2.PdfDocument(content)
    try:
        pages, switches, pieces = [], 0, 0
        for number in range(len(document)):
            lines, boxes = _page(document, number)
            pages.append(lines)
            switches += column_switches(boxes)
            pieces += len(boxes)
    finally:
        document.close()
    bodies = _with_cut_words(_without_running_heads(pages))
    words = words_of(bodies)
    text = "\n\n".join(filter(None, (_reflow(page, words) for page in bodies)))
    lines = [line.strip() for page in pages for line in page if line.strip()]
    num_broken = sum(_is_broken(line, after) for line, after in zip_longest(lines, lines[1:], fillvalue=""))
    broken = num_broken / max(len(lines), _FEW_LINES)
    return PdfText(text, mapped_share(text), broken, switches / max(pieces, _FEW_LINES))


def mapped_share(text: str) -> float:
    """Share of the characters (whitespace aside) that are mapped to Unicode, and aren't glyph numbers."""
    chars = [char for char in text if not char.isspace()]
    unmapped = sum(char < " " or char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in chars) + numbered(text)
    return 1 - unmapped / max(len(chars), 1)


def column_switches(boxes: list[Box]) -> int:
    """How often the pieces of lines, in the order of the text, go from one column to another.

    A page has two columns when a gutter parts its text: a vertical line in the middle half that few pieces lie
    across and that has a good share of them on either side. Text of one column after the other switches once.
    """
    if len(boxes) < 4:
        return 0
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    prose = [box for box in boxes if box[2] - box[0] >= _PROSE * (right - left)]
    best, gutter = len(prose) * _IN_GUTTER, None
    for step in range(25, 76):
        at = left + (right - left) * step / 100
        before, after = sum(box[2] <= at for box in prose), sum(box[0] >= at for box in prose)
        if min(before, after) >= len(prose) * 0.25 and len(prose) - before - after <= best:
            best, gutter = len(prose) - before - after, at
    if gutter is None:
        return 0
    sides = [box[0] >= gutter for box in prose if box[2] <= gutter or box[0] >= gutter]
    return sum(one != other for one, other in pairwise(sides))


def _is_broken(line: str, after: str = "") -> bool:
    words = line.split()
    spaced = len(words) >= 4 and 2 * sum(len(word) == 1 and word.isalpha() and word < "\u2e80" for word in words)
    cut = line.endswith(("-", "\u2010", HYPHEN)) and not (after[:1].islower() or after[:1].isdigit())
    return len(line) == 1 or spaced > len(words) or cut


def _page(document: pypdfium2.PdfDocument, number: int) -> tuple[list[str], list[Box]]:
    page = document[number]
    text_page = page.get_textpage()
    text = text_page.get_text_bounded()
    text = columns(text_page, text) or text
    boxes = _pieces([text_page.get_rect(i) for i in range(text_page.count_rects())])
    text_page.close()
    page.close()
    text = ideographs(_CUT.sub(_joined, text.replace("\r\n", "\n")))
    return [line.rstrip() for line in text.split("\n") if not _LEADERS.search(line)], boxes


def _joined(found: re.Match[str]) -> str:
    """The end of a line that goes on in the next: whether the hyphen is the word's, the document will say."""
    return f"{HYPHEN}\n{found[1]}"


def _with_cut_words(pages: list[list[str]]) -> list[list[str]]:
    """The pages, each of which ends with the line in which a word goes on that its last line cuts."""
    pages = [page.copy() for page in pages if any(page)]
    for page, following in pairwise(pages):
        if page[-1].endswith((HYPHEN, "-")) and following[0][:1].islower():
            page.append(following.pop(0))
    return pages


def _pieces(boxes: list[Box]) -> list[Box]:
    """Boxes of one line that follow each other closely, in one: a line's words and changes of font."""
    out: list[Box] = []
    for left, bottom, right, top in boxes:
        if out:
            last = out[-1]
            height = max(top - bottom, last[3] - last[1])
            overlap = min(top, last[3]) - max(bottom, last[1])
            if overlap > 0.3 * height and -height < left - last[2] < 0.8 * height:
                out[-1] = (last[0], min(bottom, last[1]), max(right, last[2]), max(top, last[3]))
                continue
        out.append((left, bottom, right, top))
    return out


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
