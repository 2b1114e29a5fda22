"""The way of the documents: what each stage kept, and what it dropped for which reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smelt.gates.bias import figures as bias
from smelt.gates.figures import counts, divergence, share
from smelt.lake import Manifest

DROPPING = ("select", "dedup", "decontaminate")
MAX_DISPROPORTIONS = 5


@dataclass(frozen=True)
class Step:
    """What was there after a stage."""

    stage: str
    what: str
    documents: int
    bytes: int
    dropped: int


@dataclass(frozen=True)
class Drop:
    """A reason for which a stage dropped documents.

    Attributes:
        by_lang: documents by language.
    """

    stage: str
    reason: str
    documents: int
    bytes: int
    by_lang: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Fate:
    """What became of the documents of a language, domain or source.

    Attributes:
        dropped: documents by stage and reason, largest first.
    """

    label: str
    came_in: int
    kept: int
    bytes: int
    dropped: list[tuple[str, str, int]]


@dataclass(frozen=True)
class Personal:
    """A kind of personal data.

    Attributes:
        replaced: in the corpus.
        recall, precision: on the labelled set, which has ``marked`` of it.
    """

    kind: str
    replaced: int
    recall: float
    precision: float
    marked: int


def steps(inputs: Mapping[str, Manifest]) -> list[Step]:
    """The stages that documents pass through, from those read to those that became tokens."""
    ingest, tokens = inputs["ingest"].stats, inputs["tokens"].stats
    found = [Step("ingest", "read from the sources", ingest["documents"], ingest["bytes"], 0)]
    found.append(_step(inputs, "clean", "cleaned", found[-1]))
    for stage, what in zip(DROPPING, ("kept by the rules", "without duplicates", "without benchmarks"), strict=True):
        found.append(_step(inputs, stage, what, found[-1]))
    found.append(Step("tokens", "cut into tokens", tokens["documents"], tokens["bytes"], 0))
    return found


def drops(inputs: Mapping[str, Manifest]) -> list[Drop]:
    """Every reason, in the order of the stages, the largest first.

    Reference steps run in ``clean``, before languages are known; ``select`` repeats their reasons with them.
    """
    references = set(inputs["clean"].stats.get("dropped", {}))
    found = []
    for stage in DROPPING:
        stats = inputs[stage].stats
        own = [
            Drop(
                "clean" if stage == "select" and reason in references else stage,
                reason,
                size["documents"],
                size["bytes"],
                {lang: n[reason] for lang, n in stats.get("dropped_by_lang", {}).items() if reason in n},
            )
            for reason, size in stats.get("dropped", {}).items()
        ]
        found += sorted(own, key=lambda drop: (drop.stage != "clean", -drop.documents, drop.reason))
    return found


def fates(inputs: Mapping[str, Manifest], kind: str) -> list[Fate]:
    """What became of each label's documents, largest first.

    Args:
        kind: ``lang``, ``domain`` or ``source``.
    """
    kept = inputs["tokens"].stats.get(f"by_{kind}", {})
    gone: dict[str, list[tuple[str, str, int]]] = {}
    for stage in DROPPING:
        for label, reasons in inputs[stage].stats.get(f"dropped_by_{kind}", {}).items():
            gone.setdefault(label, []).extend((stage, reason, number) for reason, number in reasons.items())
    found = []
    for label in {*kept, *gone}:
        own = sorted(gone.get(label, []), key=lambda item: (-item[2], item[1]))
        size = kept.get(label, {"documents": 0, "bytes": 0})
        came_in = size["documents"] + sum(number for _, _, number in own)
        found.append(Fate(label, came_in, size["documents"], size["bytes"], own))
    return sorted(found, key=lambda fate: (-fate.came_in, fate.label))


def languages(inputs: Mapping[str, Manifest]) -> list[tuple[str, dict[str, int], float]]:
    """Bytes by language after each stage, and how far documents moved from the languages' shares at first (bits)."""
    first = counts(inputs["score"].stats.get("by_lang"))
    found = []
    for stage in ("score", *DROPPING):
        sizes = inputs[stage].stats.get("by_lang", {})
        moved = divergence(first, counts(sizes))
        found.append((stage, {lang: size["bytes"] for lang, size in sizes.items()}, moved))
    return found


def disproportions(select: Manifest) -> list[bias.Disproportion]:
    """The rules that drop one group far more than the others, the worst first."""
    return bias.disproportions(bias.rules(select.stats, select.config))[:MAX_DISPROPORTIONS]


def personal(clean: Manifest) -> list[Personal]:
    """What was replaced, and how well it is found, by kind."""
    edits = clean.stats.get("edits", {})
    return [
        Personal(
            kind.replace("_", " "),
            edits.get(f"edit_{kind}", 0),
            share(counted["found"], counted["found"] + counted["missed"]),
            share(counted["found"], counted["found"] + counted["false"]),
            counted["found"] + counted["missed"],
        )
        for kind, counted in clean.stats.get("pii_quality", {}).items()
    ]


def _step(inputs: Mapping[str, Manifest], stage: str, what: str, before: Step) -> Step:
    stats: dict[str, Any] = inputs[stage].stats
    return Step(stage, what, stats["documents"], stats["bytes"], before.documents - stats["documents"])
