"""What counts as a duplicate, and which of several stays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Literal, Self

from pydantic import Field, model_validator

from smelt.recipe.amounts import Amount
from smelt.recipe.base import Config
from smelt.recipe.groups import Matching

DUPLICATES = "duplicates"
"""The column of how many documents went for one that stays."""
DUPLICATE_DAY = "duplicate_day"
"""The column of the earlier day that a document's better one is of, where days are compared."""
Unit = Literal["paragraph", "line", "sentence"]
RUNGS = ("exact", "0.9", "0.8", "0.7", "paragraph", "sentence")
"""The ladder of levels that a target of tokens is met by, the mildest first: equal texts; near-duplicates from such a
similarity on, too; and at the last of these the repeated paragraphs, or sentences, of what stays."""
NEAR_RUNGS = RUNGS[:4]
"""Those at which whole documents go."""
SPAN_RUNGS = RUNGS[4:]
"""Those at which passages are cut."""


class MinHash(Config):
    """Near-duplicates by MinHash with banding (Broder 1997; Leskovec et al., *Mining of Massive Datasets*, ch. 3).

    Two documents whose shingle sets have Jaccard similarity ``s`` are proposed with probability
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


class Spans(Config):
    """Spans of text that many documents hold, or one holds many times: all but one occurrence are cut.

    Fenced and indented code, tables and quotations are left alone, and so are documents of code.
    """

    unit: Unit = "paragraph"
    """What is compared: paragraphs (empty lines part them), lines, or sentences."""
    times: int = Field(default=3, ge=2)
    """How often a span must occur in the documents that stay, within one too, for all but one to go."""
    min_bytes: int = Field(default=40, ge=1)
    """UTF-8 bytes that a span must have: short ones say different things in different places."""
    min_left: float = Field(default=0.3, ge=0, le=1)
    """A document of which a smaller share of bytes would be left goes whole."""


class Substrings(Config):
    """Passages that documents share to the byte, wherever they begin and end: all but one occurrence are cut.

    What `spans` leaves alone is left alone: code, tables, quotations.
    """

    min_bytes: int = Field(default=500, ge=128, le=65_536)
    """UTF-8 bytes that a passage must have. Every one of as many is found."""
    max_gap: int = Field(default=50, ge=0)
    """Bytes between two passages that are cut, up to which they go as well."""
    min_left: float = Field(default=0.3, ge=0, le=1)
    """A document of which a smaller share of bytes would be left goes whole."""


class DedupGroup(Matching):
    """Levels and a threshold for some documents; what is null is as the recipe has it for all.

    A level compares two documents when it is on for both, and the threshold is that of the one that would go.
    """

    urls: bool | None = None
    """Whether documents of one address are duplicates."""
    exact: bool | None = None
    """Whether equal texts are duplicates."""
    near: bool | None = None
    """Whether near-duplicates are looked for; needs `minhash`."""
    threshold: float | None = Field(default=None, gt=0, le=1)
    """The similarity from which a document goes."""
    spans: bool | None = None
    """Whether repeated spans are cut; needs `spans`."""
    substrings: bool | None = None
    """Whether shared passages are cut; needs `substrings`."""
    unit: Unit | None = None
    """What is compared in the place of `spans.unit`."""
    target_tokens: Amount | None = None
    """Tokens that must be left of its documents, about: they have a rung of their own, as `target_tokens` gives one to
    all others."""

    @property
    def written(self) -> list[str]:
        """The levels that the group says itself."""
        names = ("exact", "near", "threshold", "spans", "unit")
        return [name for name in names if getattr(self, name) is not None]


@dataclass(frozen=True)
class Levels:
    """What a document is compared by, the similarity from which it goes as a near-duplicate (of some rungs: infinite),
    by what it is cut, and whether the passages that it shares are."""

    urls: bool
    exact: bool
    near: bool
    threshold: float
    unit: Unit | None
    substrings: bool


class DedupConfig(Config):
    """How duplicates are removed: address, whole text, near-duplicates, each by choice.

    A document goes only for one that itself stays, and of two that are duplicates the better one stays: by the order
    of `sources`, then by `keep`, then the one with the smaller id.
    """

    urls: bool = False
    """Of documents of one address (but for scheme, `www.`, trackers, fragment and the order of the query) one stays.
    Only `http` and `https` addresses are compared."""
    exact: bool = True
    """Remove documents that are equal but for the amount of white space."""
    minhash: MinHash | None = MinHash()
    """Proposes near-duplicates; null leaves them in."""
    verify: Literal["jaccard", "containment", "signature"] = "jaccard"
    """How a proposed pair is verified: the Jaccard similarity of both sets of shingles, exactly; the share of the
    shingles of the one that would go that lie in the other, which must not have fewer; or the share of equal MinHashes
    of the two whole signatures, which estimates the first."""
    threshold: float = Field(default=0.75, gt=0, le=1)
    """The similarity from which a near-duplicate goes."""
    spans: Spans | None = None
    """Repeated paragraphs, lines or sentences of the documents that stay are cut; null leaves them in."""
    substrings: Substrings | None = None
    """Passages of 500 bytes and more that several of the documents that stay hold are cut; null leaves them in."""
    target_tokens: Amount | None = None
    """Tokens that must be left, about (by `num_tokens_estimate`), of the documents that no group with a target of its
    own takes. The strictest rung that leaves them is found and taken: exact, near-duplicates at 0.9, 0.8, 0.7, then
    also repeated paragraphs, or sentences. It says `threshold` and `spans.unit`, which must not be set beside it."""
    groups: tuple[DedupGroup, ...] = ()
    """Other levels and thresholds for some documents; the first group that matches a document counts."""
    sources: tuple[str, ...] = ()
    """Sources whose copy stays, the first one first; those that aren't named come after all that are."""
    keep: Literal["longest", "best", "latest", "first"] = "longest"
    """Which document of a pair stays, where `sources` doesn't say it: the one with most bytes of text, the one with
    the highest `best_by`, the one of the latest date (one without a date is older than any), or the first in the
    order of the sources' files."""
    against: Literal["days"] | None = None
    """``days``: a day of a corpus is compared with the days before it, too, that have been made when its run is
    planned, by what their own dedup has left for that. It needs `keep: first`: an older document stays as it is."""
    best_by: str = "score_quality"
    """Column of numbers that `keep: best` compares: of `score`, a signal, or a keyword list."""

    @model_validator(mode="after")
    def _groups_turn_on_what_there_is(self) -> Self:
        laddered = self.target_tokens is not None
        for number, group in enumerate(self.groups):
            if group.near and self.minhash is None:
                raise ValueError(f"groups[{number}].near is on and minhash is null (say how under minhash)")
            if group.spans and self.spans is None and not laddered:
                raise ValueError(f"groups[{number}].spans is on and spans is null (say which under spans)")
            if group.substrings and self.substrings is None:
                raise ValueError(f"groups[{number}].substrings is on and substrings is null (say how under substrings)")
            if group.unit and (group.spans is False or (self.spans is None and not laddered)):
                raise ValueError(f"groups[{number}].unit is set and its spans are off (remove it)")
        return self

    @model_validator(mode="after")
    def _a_rung_is_found_and_not_written(self) -> Self:
        if self.targets and self.substrings is not None:
            raise ValueError("target_tokens and substrings are set (no rung counts what these cut: remove one)")
        if self.targets and self.minhash is None:
            raise ValueError("target_tokens is set and minhash is null (the ladder has near-duplicates: say how)")
        for number, group in enumerate(self.groups):
            if group.target_tokens and group.written:
                said = ", ".join(group.written)
                raise ValueError(f"groups[{number}] has target_tokens and {said} (its rung says that: remove one)")
        if self.target_tokens:
            written = [] if self.exact else ["exact: false"]
            written += ["threshold"] if self.threshold != type(self).model_fields["threshold"].default else []
            written += ["spans.unit"] if self.spans and self.spans.unit != "paragraph" else []
            if written:
                raise ValueError(f"target_tokens and {', '.join(written)} are set (the rung says that: remove one)")
        return self

    @model_validator(mode="after")
    def _older_days_stay_as_they_are(self) -> Self:
        if self.against is None:
            return self
        if self.keep != "first":
            raise ValueError(f"against needs keep: first (by {self.keep} a new day would retire older documents)")
        if self.sources:
            raise ValueError("against and sources are set (a new day would retire older documents: remove one)")
        if self.targets:
            raise ValueError("against and target_tokens are set (each day would have a rung of its own: remove one)")
        if cutting := [name for name in ("spans", "substrings") if getattr(self, name) is not None]:
            raise ValueError(f"against and {cutting[0]} are set (no passage is compared across days: remove one)")
        return self

    @property
    def targets(self) -> dict[int, int]:
        """Tokens that must be left, by the number of the levels (0 for the recipe's, then each group's)."""
        asked = (self.target_tokens, *(group.target_tokens for group in self.groups))
        return {number: tokens for number, tokens in enumerate(asked) if tokens is not None}

    @property
    def pools(self) -> tuple[int, ...]:
        """For each of the levels, the number of those whose rung it follows: its own where it has a target, else 0."""
        return (0, *(number if group.target_tokens else 0 for number, group in enumerate(self.groups, 1)))

    @property
    def levels(self) -> tuple[Levels, ...]:
        """Of documents that no group matches, then of each group's."""
        return self.levels_at({})

    def levels_at(self, rungs: Mapping[int, str]) -> tuple[Levels, ...]:
        """As ``levels``, where some stand on a rung; what a group says itself holds on every rung.

        Args:
            rungs: of ``RUNGS``, by the number of the pool.
        """
        return tuple(self._levels(rungs))

    def _levels(self, rungs: Mapping[int, str]) -> Iterator[Levels]:
        unit = self.spans.unit if self.spans else None
        near, substrings = self.minhash is not None, self.substrings is not None
        written = Levels(self.urls, self.exact, near, self.threshold, unit, substrings)
        for group, pool in zip((DedupGroup(), *self.groups), self.pools, strict=True):
            whole = _on(written, rungs[pool]) if pool in rungs else written
            own: Unit | None = group.unit or whole.unit or unit or "paragraph"
            yield Levels(
                urls=whole.urls if group.urls is None else group.urls,
                exact=whole.exact if group.exact is None else group.exact,
                near=whole.near if group.near is None else group.near,
                threshold=whole.threshold if group.threshold is None else group.threshold,
                unit=own if (whole.unit is not None if group.spans is None else group.spans) else None,
                substrings=whole.substrings if group.substrings is None else group.substrings,
            )


_UNITS: dict[str, Unit] = {"paragraph": "paragraph", "sentence": "sentence"}


def _on(levels: Levels, rung: str) -> Levels:
    """The levels that a rung stands for; at ``exact`` near-duplicates are compared and none goes."""
    threshold = inf if rung == "exact" else float(NEAR_RUNGS[-1] if rung in SPAN_RUNGS else rung)
    return replace(levels, exact=True, threshold=threshold, unit=_UNITS.get(rung))
