"""Documents before and after a stage: a page of them under a filter, and everything about one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from operators.pages.table import DECISIONS, Aligned, AlignedPart, record_of
from smelt.lake import PartRecord
from smelt.recipe.languages import FOUND_OUT

ROWS_SHOWN = 20
EXCERPT_CHARS = 240
UNKNOWN = "unknown"
"""What a null label is counted as in statistics."""


@dataclass(frozen=True)
class Filter:
    """Which documents are shown; an empty field asks for nothing.

    Attributes:
        verdict: ``kept`` after the stage, ``dropped`` by it, or ``gone`` before it; all that it took in by default.
    """

    verdict: str = ""
    reason: str = ""
    lang: str = ""
    source: str = ""

    def may_have(self, of: Aligned, part: PartRecord) -> bool:
        """Whether the part's statistics allow for such a document, so that it need not be opened to know."""
        stats, dropping = part.stats, self.verdict == "dropped" or self.reason
        if dropping and "dropped" in stats and not stats["dropped"]:
            return False
        if self.reason and self.reason not in stats.get("dropped", {self.reason: 1}):
            return False
        if self.verdict == "gone":  # what no later stage counts, select still did
            decided = of.manifests.get("select") if of.last.stage != "select" else None
            stats = record_of(decided, part.name).stats if decided is not None else {}
        for kind, label in (("lang", self.lang), ("source", self.source)):
            seen = {**stats.get(f"by_{kind}", {}), **stats.get(f"dropped_by_{kind}", {})}
            if label and f"by_{kind}" in stats and label not in seen:
                return False
        return True


@dataclass(frozen=True)
class Shown:
    """A document of the list.

    Attributes:
        row: its row in the part.
        fate: ``kept``, or the stage that dropped it.
    """

    row: int
    id: str
    source: str
    lang: str
    domain: str
    num_bytes: int | None
    fate: str
    reason: str
    excerpt: str


def matching(part: AlignedPart, group: int, asked: Filter) -> tuple[np.ndarray, int]:
    """Rows of a row group that the filter lets through, and of how many: those that the stage took in, or did not."""
    fate, reason = fates(part, group)
    stage = part.of.last.stage
    own = ("clean", "select") if stage == "select" else (stage,)  # select repeats the reasons of clean's steps
    took_in = (fate == "") | np.isin(fate, own)
    rows = base = ~took_in if asked.verdict == "gone" else took_in
    if asked.verdict == "kept":
        rows = fate == ""
    elif asked.verdict == "dropped" or asked.reason:
        rows = np.isin(fate, own)
    if asked.reason:
        rows = rows & (reason == asked.reason)
    for name in ("lang", "source"):
        if label := getattr(asked, name):
            rows = rows & (_labels(part, group, name) == label)
    return np.flatnonzero(rows), int(base.sum())


def shown(part: AlignedPart, group: int, rows: np.ndarray) -> list[Shown]:
    """What the list says of these rows of a row group."""
    fate, reason = fates(part, group)
    labels = {name: _labels(part, group, name) for name in ("source", "lang", "domain")}
    first = sum(part.sizes[:group])
    ids, texts, num_bytes = (_taken(part, group, name, rows) for name in ("id", "text", "num_bytes"))
    return [
        Shown(
            row=first + int(row),
            id=ids[at],
            source=labels["source"][row],
            lang=labels["lang"][row],
            domain=labels["domain"][row],
            num_bytes=num_bytes[at],
            fate=fate[row] or "kept",
            reason=reason[row],
            excerpt=excerpt(texts[at] or ""),
        )
        for at, row in enumerate(rows)
    ]


def fates(part: AlignedPart, group: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each row of a row group: the first stage that drops it, or nothing, and that stage's reason."""
    size = part.sizes[group]
    fate, why = np.full(size, "", object), np.full(size, "", object)
    for stage in part.of.manifests:
        if stage == "clean":
            found = part.column(group, "drop_reason", ["clean"])
            reason = _texts(found, size)
            gone = reason != ""
        elif stage in DECISIONS:
            keep = part.column(group, "keep", [stage])
            gone = ~np.asarray(keep.fill_null(True)) if keep is not None else np.zeros(size, np.bool_)
            reason = _texts(part.column(group, "reason", [stage]), size)
        else:
            continue
        fresh = gone & (fate == "")
        fate[fresh], why[fresh] = stage, reason[fresh]
    return fate, why


def fields_of(part: AlignedPart, group: int, row: int) -> dict[str, dict[str, Any]]:
    """Everything that each stage says of one document, its text included; by stage and column."""
    found = {}
    for stage, file in part.files.items():
        [found[stage]] = file.read_row_group(group).slice(row, 1).to_pylist()
    return found


def language_of(fields: Mapping[str, Mapping[str, Any]]) -> str:
    """What the latest stage that tells says of a document's language, as a page may say it; else nothing."""
    found = [str(values["lang"]) for values in fields.values() if values.get("lang")]
    return found[-1] if found and is_language(found[-1]) else ""


def is_language(label: str) -> bool:
    """Whether a label is a natural language's code."""
    return label in FOUND_OUT


def labels_of(of: Aligned, kind: str) -> list[tuple[str, int]]:
    """The labels that documents have and how many have them, the largest first, by the latest statistics that tell."""
    for manifest in reversed(of.manifests.values()):
        if sizes := manifest.stats.get(f"by_{kind}"):
            counts = {label: size["documents"] for label, size in sizes.items()}
            for label, reasons in manifest.stats.get(f"dropped_by_{kind}", {}).items():
                counts[label] = counts.get(label, 0) + sum(reasons.values())
            return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return []


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text[: 4 * EXCERPT_CHARS].split())
    return line[:EXCERPT_CHARS] + ("…" if len(line) > EXCERPT_CHARS or len(text) > 4 * EXCERPT_CHARS else "")


def _labels(part: AlignedPart, group: int, name: str) -> np.ndarray:
    found = _texts(part.column(group, name), part.sizes[group])
    found[found == ""] = UNKNOWN
    return found


def _texts(column: pa.ChunkedArray | None, size: int) -> np.ndarray:
    if column is None:
        return np.full(size, "", object)
    return pc.fill_null(column.cast(pa.string()), "").to_numpy(zero_copy_only=False)


def _taken(part: AlignedPart, group: int, name: str, rows: Sequence[int] | np.ndarray) -> list[Any]:
    column = part.column(group, name)
    return [None] * len(rows) if column is None else column.take(pa.array(rows, pa.int64())).to_pylist()
