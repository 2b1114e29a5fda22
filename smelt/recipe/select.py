"""Which documents are kept: rules as data, over columns that ``clean`` and ``score`` have measured.

A rule is a name and a ``drop_if`` expression (SQL, as polars reads it) over columns. Rules come in
groups; a document meets the rules of the first group that matches its language, domain and source, so
that a trusted source can stand above the rest with looser limits. A group takes presets and changes
them by rule name; after validation it holds the expressions themselves, so that what a preset means
is part of the artifact's identity.
"""

import difflib
import re

from pydantic import Field, field_serializer, field_validator, model_validator

from smelt.recipe.base import Config
from smelt.recipe.groups import Matching
from smelt.recipe.presets import PRESETS
from smelt.recipe.signals import COLUMNS

_SQL_WORDS = set(
    """and or not in is null true false between like case when then else end least greatest abs round
    coalesce cast as double float int bigint""".split()
)
MOST_WORDS = 500
"""In one expression. From twice as many on, polars overflows a thread's stack."""


def columns_of(expression: str) -> set[str]:
    """The column names that an SQL expression speaks of."""
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"'[^']*'", "", expression))
    return {word for word in words if word.lower() not in _SQL_WORDS}


def insist_on_few_words(name: str, expression: str) -> None:
    """Refuse an expression so long that what evaluates it would end the process: polars calls itself at each operator.

    Raises:
        ValueError: saying what is too long; values in quotes and numbers count nothing.
    """
    if len(re.findall(r"[A-Za-z_]\w*|[^\w\s,]+", re.sub(r"'[^']*'", "", expression))) > MOST_WORDS:
        raise ValueError(f"{name!r} has more than {MOST_WORDS} words and operators (write `column in (…)`, or two)")


def nearest(word: str, choices: list[str]) -> str:
    """The mend of a wrong name: the choice that is nearest to it."""
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.4)
    return f"did you mean {close[0]!r}?" if close else f"one of {', '.join(sorted(choices)[:8])} ..."


class RuleGroup(Matching):
    """Rules for the documents of some languages, domains and sources."""

    presets: tuple[str, ...] = ()
    """Rule sets to begin with, in order: the first rule that holds gives the reason."""
    rules: dict[str, str | None] = Field(default_factory=dict)
    """Rule name to ``drop_if`` expression; takes the place of the preset's rule of that name, null removes it."""

    @field_serializer("rules")
    def _in_order(self, rules: dict[str, str | None]) -> list[list[str | None]]:
        """As pairs: the first rule that holds gives the reason, so their order is part of the identity."""
        return [[name, expression] for name, expression in rules.items()]

    @field_validator("presets")
    @classmethod
    def _known_presets(cls, presets: tuple[str, ...]) -> tuple[str, ...]:
        for name in presets:
            if name not in PRESETS:
                raise ValueError(f"no preset {name!r} ({nearest(name, list(PRESETS))})")
        return presets

    @model_validator(mode="before")
    @classmethod
    def _write_out(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("rules"), list):
            values = {**values, "rules": dict(values["rules"])}  # as it was written out
        if not isinstance(values, dict) or not isinstance(values.get("rules") or {}, dict):
            return values
        written: dict[str, str | None] = {}
        for name in values.get("presets") or ():
            written.update(PRESETS.get(name, {}))
        return {**values, "rules": {**written, **(values.get("rules") or {})}}

    @field_validator("rules")
    @classmethod
    def _known_columns(cls, rules: dict[str, str | None]) -> dict[str, str | None]:
        for name, expression in rules.items():
            insist_on_few_words(name, expression or "")
            for column in sorted(columns_of(expression or "")):
                if column not in COLUMNS and not column.startswith(("score_", "keywords_")):
                    raise ValueError(f"rule {name!r} names no column {column!r} ({nearest(column, list(COLUMNS))})")
        return rules


class SelectConfig(Config):
    """What decides which documents are kept; a document that no group matches is kept."""

    groups: tuple[RuleGroup, ...] = (
        RuleGroup(lang=("code",), presets=("code",)),
        RuleGroup(lang=("zh",), presets=("zh-web",)),
        RuleGroup(lang=("en",), presets=("docs",)),
        RuleGroup(presets=("any",)),
    )
    blocked: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    """Digest of the list of documents that were taken down (`smelt block`). Filled in when a run is planned."""
