"""How raw files become documents: one record of plain text each, or a place in the quarantine."""

from typing import Literal

from pydantic import Field

from smelt.recipe.base import Config
from smelt.recipe.sources import DebPackages, Source


class OcrConfig(Config):
    """What reads the PDFs whose own text is missing or bad: decides the text, so it is in the fingerprint.

    Where the service is reached (``SMELT_OCR_URL``, and ``SMELT_OCR_TOKEN``) is not. docs/sources.md has
    the request and the response.
    """

    model: str = Field(min_length=1)
    """The model's name, as the service knows it."""
    version: str = Field(min_length=1)
    """The model's version; the service must answer with the same."""


class IngestOptions(Config):
    """The ``ingest`` section of a recipe."""

    html: Literal["main", "all", "trafilatura", "resiliparse"] = "main"
    """Text of a web page: its ``main`` content, ``all`` of it, or its main content as ``trafilatura`` (slower by far)
    or ``resiliparse`` finds it, as plain text."""
    structure: Literal["markdown", "plain"] = "markdown"
    """Whether headings, lists, quotes, code and tables of web pages are marked as in Markdown; ``plain`` has the same
    lines without marks."""
    alt_text: bool = False
    """Keeps the alternative text of a page's images; that of formulas always is."""
    reference_marks: bool = False
    """Keeps the reference marks of wikis (``[6]``)."""
    min_pdf_mapped_share: float = Field(0.8, ge=0, le=1)
    """A PDF is refused when less than this share of its characters is mapped to Unicode."""
    max_pdf_broken_share: float = Field(0.3, ge=0, le=1)
    """A PDF is refused when more than this share of its lines is broken: a single character, letters set apart
    by blanks, or a word that is cut at the line's end and doesn't go on."""
    max_pdf_interleaved_share: float = Field(0.3, ge=0, le=1)
    """A PDF is refused when more than this share of its lines goes on in another column of the page, as text
    does that was taken across columns rather than down each of them."""
    ocr: OcrConfig | None = None
    """Sends refused PDFs to an OCR service rather than to quarantine; off by default."""
    max_line_bytes: int = Field(16 << 20, gt=0)
    """Longest line of text or JSON, in bytes; a longer one goes to quarantine."""
    max_file_bytes: int = Field(256 << 20, gt=0)
    """Largest file or record of a crawl that is one document (html, pdf, text), in bytes after decompression."""
    shard_bytes: int = Field(32 << 20, gt=0)
    """Most raw bytes per part, which has about half of it where files are small; smaller parts spread better, larger
    ones cost less to manage. A file that can be divided (jsonl, lines, parquet, WARC with a member per record) never
    puts more into a part, one that can't is a part of its own."""


class IngestConfig(IngestOptions):
    """What decides the documents."""

    sources: tuple[Source, ...] = ()
    """All sources of the recipe."""


class FetchConfig(Config):
    """What decides the packages' files; hints are not among it, so that changing one fetches nothing."""

    sources: tuple[DebPackages, ...] = ()
    """The sources of kind ``deb``."""
