"""What training did: loss by step, by label and by phase, and the mixture it really saw."""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smelt.charts import Line, Mark
from smelt.comparing.family import Relative
from smelt.gates.figures import share
from smelt.lake import Lake, Manifest, held
from smelt.phases import step_of

GAP = 20
"""Steps in a row without a token of a label that are a gap in its line."""
Metrics = Sequence[Mapping[str, Any]]
"""Lines of ``metrics.jsonl``, step by step."""


@dataclass(frozen=True)
class Asked:
    """A group's share of a phase: asked, got, and how often its documents were read; of them, in all phases up to this
    one, the tokens read at all, and the new tokens that everything read of them is worth."""

    phase: str
    group: str
    asked: float
    got: float
    tokens: int
    epochs: float
    unique: int
    effective: float


def read_metrics(lake: Lake, train: Manifest, *, behind: int = 0) -> list[dict[str, Any]]:
    """The line of every step behind a step of a ``train`` artifact, in order."""
    parts = (part for part in train.parts if step_of(part) > behind)
    lines = (json.loads(line) for part in parts for line in held.read(lake, train, part, "/metrics.jsonl").splitlines())
    return [line for line in lines if line["step"] > behind]


def mixture(blocks: Manifest) -> list[Asked]:
    """Asked and got, of the phases whose blocks these are."""
    found = []
    for phase in blocks.config["phases"][blocks.config["first_phase"] :]:
        figures = blocks.stats["mixture"][phase["name"]]
        total = sum(figures["got"].values())
        for group, asked in sorted(figures["asked"].items(), key=lambda item: (-item[1], item[0])):
            tokens = figures["got"].get(group, 0)
            repeated = (figures[name].get(group, 0.0) for name in ("epochs", "unique", "effective"))
            found.append(Asked(phase["name"], group, asked, share(tokens, total), tokens, *repeated))
    return found


def labels(metrics: Metrics) -> list[str]:
    """Labels that were trained on, those with most tokens first."""
    tokens: dict[str, int] = defaultdict(int)
    for line in metrics:
        for label, number in line["tokens_by_label"].items():
            tokens[label] += number
    return sorted(tokens, key=lambda label: (-tokens[label], label))


def loss_line(metrics: Metrics) -> Line:
    """Training loss over tokens."""
    return Line("all", [(line["tokens"], line["loss"]) for line in metrics], 0)


def branch_lines(lake: Lake, branches: Sequence[Relative]) -> list[Line]:
    """Training loss over tokens of other runs, each from where it parts, as far as its trainings are done."""
    found = []
    for number, branch in enumerate(branches, start=1):
        made = [train for one in branch.trainings if (train := one.manifest(lake)) is not None]
        metrics = [line for train in made for line in read_metrics(lake, train, behind=branch.step)]
        if metrics:
            found.append(Line(branch.run, [(line["tokens"], line["loss"]) for line in metrics], number))
    return found


def label_lines(metrics: Metrics, order: Sequence[str], limit: int) -> list[Line]:
    """Training loss over tokens of the first ``limit`` labels."""
    return [
        Line(label, smooth([(line["tokens"], line["loss_by_label"].get(label)) for line in metrics]), number)
        for number, label in enumerate(order[:limit], start=1)
    ]


def perplexity_lines(metrics: Metrics, order: Sequence[str], limit: int) -> list[Line]:
    """Perplexity over tokens of the first ``limit`` labels, without the first tenth, beside which the rest is flat."""
    found = []
    for line in label_lines(metrics, order, limit):
        later = line.points[len(line.points) // 10 :]
        points = [(x, None if y is None else math.exp(min(y, 50.0))) for x, y in later]
        found.append(Line(line.name, points, line.colour))
    return found


def heldout_lines(metrics: Metrics, order: Sequence[str], limit: int) -> list[Line]:
    """Held-out loss that the trainer took on the way, over tokens: of all text, and of the first ``limit`` labels."""
    read = [(line["tokens"], line["heldout"]) for line in metrics if line.get("heldout")]
    if not read:
        return []
    of = [label for label in order if label in read[-1][1]["loss_by_label"]][:limit]
    whole = Line("all", [(tokens, found["loss"]) for tokens, found in read], 0, dots=True)
    return [whole] + [
        Line(label, [(tokens, found["loss_by_label"].get(label)) for tokens, found in read], number, dots=True)
        for number, label in enumerate(of, start=1)
    ]


def rate_line(metrics: Metrics) -> Line:
    """Learning rate over tokens."""
    return Line("rate", [(line["tokens"], line["lr"]) for line in metrics], 8)


def phase_marks(metrics: Metrics) -> list[Mark]:
    """Where each phase begins; none where there is but one."""
    marks: list[Mark] = []
    before, tokens = None, 0
    for line in metrics:
        if line["phase"] != before:
            marks.append(Mark(tokens or line["tokens"], line["phase"]))
            before = line["phase"]
        tokens = line["tokens"]
    return marks if len(marks) > 1 else []


def smooth(points: Sequence[tuple[float, float | None]], keep: float = 0.8) -> list[tuple[float, float | None]]:
    """An exponential mean over the points that have a y: a label has few tokens in a step, so its loss jumps about.

    Some steps have none of a rare label. Where ``GAP`` in a row have none, the line is broken and the mean begins anew.
    """
    mean: float | None = None
    found: list[tuple[float, float | None]] = []
    missing = 0
    for x, y in points:
        missing = 0 if y is not None else missing + 1
        if y is not None:
            mean = y if mean is None else keep * mean + (1 - keep) * y
            found.append((x, mean))
        elif missing >= GAP and found:
            mean = None
            found.append((x, None))
    return found
