"""How raw files become documents: one record of plain text each, or a place in the quarantine."""

from typing import Literal

from pydantic import Field

from smelt.recipe.base import Config
from smelt.recipe.sources import DebPackages, Source


class IngestOptions(Config):
    """The ``ingest`` section of a recipe."""

    html: Literal["main", "all"] = "main"
    """Text of a web page: its ``main`` content (resiliparse's rule-based extractor), or ``all`` of it."""
    min_pdf_mapped_share: float = Field(0.8, ge=0, le=1)
    """A PDF goes to quarantine when less than this share of its characters is mapped to Unicode."""
    max_line_bytes: int = Field(16 << 20, gt=0)
    """Longest line of text or JSON, in bytes; a longer one goes to quarantine."""
    max_file_bytes: int = Field(256 << 20, gt=0)
    """Largest file that is one document (html, pdf, text), in bytes after decompression."""
    shard_bytes: int = Field(32 << 20, gt=0)
    """Raw bytes per part; smaller parts spread better, larger ones cost less to manage."""


class IngestConfig(IngestOptions):
    """What decides the documents."""

    sources: tuple[Source, ...] = ()
    """All sources of the recipe."""


class FetchConfig(Config):
    """What decides the packages' files; hints are not among it, so that changing one fetches nothing."""

    sources: tuple[DebPackages, ...] = ()
    """The sources of kind ``deb``."""
