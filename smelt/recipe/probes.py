"""Probes: small questions about what a model has learned, written by hand in a YAML file, group by group.

facts:
  - prob: {after: 中国的首都是, of: 北京}      # how likely it goes on so
    tags: [zh]
    note: stands in the documents
positions:
  - prefer: [台湾属于中国, 台湾不属于中国]      # which sentence surprises it less
formats:
  - rank: {after: 以JSON输出, of: "{"}        # at which place its first token comes
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.reading import attached
from smelt.recipe.reading.complaints import as_error, complaints
from smelt.recipe.reading.plain import plain

Kind = Literal["prob", "prefer", "rank"]


class Continuation(Config):
    """What may follow a text; written as such, with its leading space where the language has one."""

    after: str = Field(min_length=1)
    """The text."""
    of: str = Field(min_length=1)
    """What may follow it."""


class Probe(Config):
    """One question: exactly one of `prob`, `prefer` and `rank`."""

    prob: Continuation | None = None
    """How likely a text goes on so."""
    prefer: tuple[str, str] | None = None
    """Two whole sentences, of which the first should have the lower perplexity."""
    rank: Continuation | None = None
    """At which place, from 1, the continuation's first token comes among all tokens."""
    tags: tuple[str, ...] = ()
    """Words to find it by."""
    note: str = ""
    """Why it is asked; stands in the report."""

    @model_validator(mode="after")
    def _one_kind(self) -> "Probe":
        given = [kind for kind in ("prob", "prefer", "rank") if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"asks {' and '.join(given) or 'nothing'} (write one of prob, prefer and rank)")
        if self.prefer is not None and (not all(self.prefer) or self.prefer[0] == self.prefer[1]):
            raise ValueError("prefer: the sentences are empty or the same (write two that differ)")
        return self

    @property
    def kind(self) -> Kind:
        """What it asks."""
        return "prob" if self.prob is not None else "prefer" if self.prefer is not None else "rank"

    @property
    def continuation(self) -> Continuation | None:
        """Of ``prob`` and ``rank``: what is asked about."""
        return self.prob or self.rank

    @property
    def words(self) -> str:
        """The probe in one line; what it is known by over checkpoints."""
        if self.prefer is not None:
            return " > ".join(self.prefer)
        assert self.continuation is not None
        return f"{self.continuation.after} → {self.continuation.of}"


class _File(Config):
    groups: dict[str, tuple[Probe, ...]]


class ProbeSet(Config):
    """A file of probes."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name, as it stands in the report."""
    path: str
    """YAML file: a path in the checkout, or `s3://bucket/key`."""
    digest: str = ""
    """SHA-256 of the file's bytes. Filled in from the file, so that edited probes are new ones."""

    def with_digest(self) -> "ProbeSet":
        """This set with the digest of its file."""
        return self.model_copy(update={"digest": attached.digest(self.path, where=self._where)})

    @property
    def _where(self) -> str:
        return f"evaluate.probes.{self.name}"

    def probes(self) -> list[tuple[str, Probe]]:
        """Each probe with its group, in the file's order.

        Raises:
            RecipeError: when the file is missing or not what ``digest`` says, says no probe, or one twice.
        """
        where = f"{self._where}: {self.path}"
        try:
            raw = plain(attached.read(self.path, where=self._where, digest=self.digest).decode(), where=where)
        except UnicodeDecodeError:
            raise RecipeError("not UTF-8", where=where, mend="give a YAML file") from None
        if not isinstance(raw, dict) or not raw:
            raise RecipeError("has no groups of probes", where=where, mend="write `facts:` and a list of probes below")
        found = list(self._read(raw, where))
        seen: set[str] = set()
        for _, probe in found:
            if probe.words in seen:
                raise RecipeError(f"asks twice: {probe.words}", where=where, mend="ask it once")
            seen.add(probe.words)
        return found

    def _read(self, raw: dict[str, Any], where: str) -> Iterator[tuple[str, Probe]]:
        try:
            groups = _File.model_validate({"groups": raw}).groups
        except ValidationError as error:
            found = complaints(_File, error, {"groups": raw})
            raise as_error([replace(one, place=one.place[1:]) for one in found], where) from None
        for group, probes in groups.items():
            yield from ((group, probe) for probe in probes)

    def insist(self) -> None:
        """See that there is something to ask.

        Raises:
            RecipeError: as ``probes`` does.
        """
        if not self.probes():
            raise RecipeError("asks nothing", where=f"{self._where}: {self.path}", mend="write a probe")
