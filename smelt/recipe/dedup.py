"""What counts as a duplicate, and which of several stays."""

from typing import Literal

from pydantic import Field

from smelt.recipe.base import Config


class MinHash(Config):
    """Near-duplicates by MinHash with banding (Broder 1997; Leskovec et al., *Mining of Massive Datasets*, ch. 3).

    Two documents whose shingle sets have Jaccard similarity ``s`` are found with probability
    ``1 - (1 - s ** rows) ** bands``: an S-curve that is steepest at ``threshold``.
    """

    bands: int = Field(default=14, ge=1, le=256)
    """Bands; two documents are candidates when all hashes of one band agree. 14 × 8 is FineWeb's choice."""
    rows: int = Field(default=8, ge=1, le=32)
    """MinHash values in a band."""
    shingle_words: int = Field(default=5, ge=1, le=32)
    """Words in a shingle, in languages that part words by spaces, and in code."""
    shingle_characters: int = Field(default=8, ge=1, le=64)
    """Units in a shingle of Chinese text: an ideograph is one unit, so is a word in Latin letters."""

    @property
    def num_hashes(self) -> int:
        """MinHash values in a signature."""
        return self.bands * self.rows

    @property
    def threshold(self) -> float:
        """The Jaccard similarity at which the S-curve is steepest, about ``(1 / bands) ** (1 / rows)``."""
        return (1 / self.bands) ** (1 / self.rows)


class DedupConfig(Config):
    """How duplicates are removed."""

    level: Literal["document"] = "document"
    """What is compared: whole documents."""
    exact: bool = True
    """Remove documents that are equal but for the amount of white space."""
    minhash: MinHash | None = MinHash()
    """Near-duplicates; null leaves them in."""
    keep: Literal["longest", "best", "first"] = "longest"
    """Which document of a group of duplicates stays: the one with most bytes of text, the one with the
    highest `best_by`, or the first in the order of the sources. Ties go to the smaller id."""
    best_by: str = "score_quality"
    """Column of numbers that `keep: best` compares: of `score`, a signal, or a keyword list."""
