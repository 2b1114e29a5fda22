"""Labels that models give to documents: language, domain, quality."""

import re
from collections.abc import Collection, Iterator
from typing import Self

from pydantic import Field, model_validator

from smelt.recipe.base import Config
from smelt.recipe.classifiers import POSITIVE
from smelt.recipe.select import nearest

DOMAIN = "domain"
"""The column that a class fills in for documents whose source gives no hint."""
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}|classifiers/[0-9a-f]{20}/[a-z0-9][a-z0-9_-]{0,40}")


class ModelScore(Config):
    """One model and the column that it fills."""

    model: str
    """A classifier of this recipe by its name, or ``classifiers/<fingerprint>/NAME`` of an earlier artifact."""
    column: str = Field(pattern=rf"^({DOMAIN}|score_[a-z0-9_]+)$")
    """``domain`` takes the likeliest class; ``score_<anything>`` a number: the probability of one class, or what a
    model of numbers predicts. Empty documents have none."""
    label: str = POSITIVE
    """The class whose probability a ``score_`` column holds; models of numbers have none."""
    min_confidence: float = Field(0.5, ge=0, le=1)
    """A domain found with less confidence than this is written as ``other``."""

    @model_validator(mode="after")
    def _a_reference(self) -> Self:
        if not _REFERENCE.fullmatch(self.model):
            raise ValueError(
                f"{self.model!r} names no model (write a classifier's name, or classifiers/<20 hex digits>/NAME)"
            )
        return self


class ScoreConfig(Config):
    """Which models run over the cleaned text."""

    language_chars: int = Field(1000, ge=50)
    """Characters from the start of a document that language identification reads."""
    min_lang_score: float = Field(0.3, ge=0, le=1)
    """A language found with less confidence than this is written as ``und`` (undetermined)."""
    models: tuple[ModelScore, ...] = ()
    """Classifiers to run, each into a column of its own."""

    @model_validator(mode="after")
    def _columns_differ(self) -> Self:
        if twice := {column for column in self.columns if self.columns.count(column) > 1}:
            raise ValueError(f"two models fill column {min(twice)!r} (give each its own)")
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that models fill."""
        return [item.column for item in self.models]

    def unknown(self, classifiers: Collection[str]) -> Iterator[str]:
        """Every model by name that is none of the recipe's classifiers, as ``path: what (mend)``."""
        for number, item in enumerate(self.models):
            if "/" not in item.model and item.model not in classifiers:
                mend = nearest(item.model, list(classifiers)) if classifiers else "add it to `classifiers`"
                yield f"score.models[{number}]: no classifier {item.model!r} ({mend})"
