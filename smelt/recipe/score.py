"""Labels that models give to documents: language, domain, quality."""

from pydantic import Field

from smelt.recipe.base import Config


class ScoreConfig(Config):
    """Which models run over the cleaned text."""

    language_chars: int = Field(1000, ge=50)
    """Characters from the start of a document that language identification reads."""
    min_lang_score: float = Field(0.3, ge=0, le=1)
    """A language found with less confidence than this is written as ``und`` (undetermined)."""
