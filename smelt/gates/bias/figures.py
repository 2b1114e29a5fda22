"""Figures of bias, from what ``select`` has counted: drop rates by rule and group, and the rules to look at.

A rule is judged on its own, on the documents that it was asked of, whatever other rules said of them. It is
*disproportionate* to a group (a language, domain, source or length band) when it drops documents of that group
at several times the rate at which it drops all others, and this is no accident of small numbers: what is held
to the tolerance is the lower confidence limit of the rate ratio, by the log method of Katz et al. (Biometrics
34, 1978), with half a document added to each count so that a rate of zero has a ratio too (Walter 1975). The
limit is three standard errors down, since a page compares some hundreds of rates. A rule that drops less than 2 %
of a group is not named, however rarely it drops others, nor is a group of less than 1 % of the documents asked.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smelt.gates.bias.bands import DIMENSIONS
from smelt.gates.figures import counts, divergence, share

MIN_RATE = 0.02
MIN_SHARE = 0.01
STANDARD_ERRORS = 3.0
Counts = Mapping[str, Mapping[str, int]]
"""Documents by dimension and label."""


@dataclass(frozen=True)
class Rule:
    """A rule's own drops.

    Attributes:
        asked, fired: documents that the rule was asked of, and of which it held, by dimension and label.
        decided: documents whose reason it is: those that no rule before it had dropped.
    """

    name: str
    asked: Counts
    fired: Counts
    decided: int

    def rate(self, dimension: str, label: str) -> float | None:
        """Share of a group's documents of which the rule holds; None where it was asked of none."""
        asked = self.asked.get(dimension, {}).get(label, 0)
        return self.fired.get(dimension, {}).get(label, 0) / asked if asked else None

    @property
    def total_rate(self) -> float:
        """Share of all documents that the rule was asked of of which it holds."""
        return share(sum(self.fired.get("lang", {}).values()), sum(self.asked.get("lang", {}).values()))


@dataclass(frozen=True)
class Disproportion:
    """A rule that drops one group at a higher rate than all others.

    Attributes:
        rate, other_rate: shares of the group's documents, and of the others', of which the rule holds.
        ratio: rate over other rate, half a document added to each count.
        at_least: lower confidence limit of the ratio: what is held to the tolerance.
    """

    rule: str
    dimension: str
    label: str
    rate: float
    other_rate: float
    ratio: float
    at_least: float

    @property
    def name(self) -> str:
        """How a recipe's ``accepted_disproportions`` name it."""
        return f"{self.rule}/{self.dimension}/{self.label}"


def rules(stats: Mapping[str, Any], config: Mapping[str, Any]) -> list[Rule]:
    """The rules of a select artifact by name, those that drop most first.

    Args:
        stats: of the manifest.
        config: of the manifest: its groups say which rules were asked of whom.
    """
    asked: dict[str, dict[str, Counter[str]]] = {}
    fired: dict[str, dict[str, Counter[str]]] = {}
    for number, group in enumerate(config["groups"]):
        counted = stats.get("rules", {}).get(str(number), {})
        for name, expression in group["rules"]:
            if expression is not None:
                _add(asked.setdefault(name, {}), counted.get("asked", {}))
                _add(fired.setdefault(name, {}), counted.get("fired", {}).get(name, {}))
    decided = counts(stats.get("dropped"))
    found = [Rule(name, asked[name], fired[name], decided.get(name, 0)) for name in asked if asked[name]]
    return sorted(found, key=lambda rule: (-sum(rule.fired.get("lang", {}).values()), rule.name))


def distributions(stats: Mapping[str, Any], dimension: str) -> tuple[dict[str, int], dict[str, int]]:
    """Documents by label, before the rules and after them."""
    after = counts(stats.get(f"by_{dimension}"))
    before = Counter(after)
    for label, reasons in stats.get(f"dropped_by_{dimension}", {}).items():
        before[label] += sum(reasons.values())
    return dict(before), after


def divergences(stats: Mapping[str, Any]) -> dict[str, float]:
    """Jensen-Shannon divergence (bits) of each dimension's distribution after the rules from that before."""
    return {dimension: divergence(*distributions(stats, dimension)) for dimension in DIMENSIONS}


def disproportions(found: list[Rule]) -> list[Disproportion]:
    """Every rule and group of which the rule drops more than of the others, beyond chance; the worst first."""
    named = []
    for rule in found:
        for dimension in DIMENSIONS:
            asked, fired = rule.asked.get(dimension, {}), rule.fired.get(dimension, {})
            all_asked, all_fired = sum(asked.values()), sum(fired.values())
            for label, dropped in fired.items():
                others, others_dropped = all_asked - asked[label], all_fired - dropped
                if not others or dropped < MIN_RATE * asked[label] or asked[label] < MIN_SHARE * all_asked:
                    continue
                ratio, low = rate_ratio(dropped, asked[label], others_dropped, others)
                if low > 1:
                    rates = (dropped / asked[label], others_dropped / others)
                    named.append(Disproportion(rule.name, dimension, label, *rates, ratio, low))
    return sorted(named, key=lambda item: (-item.at_least, item.name))


def rate_ratio(dropped: int, asked: int, others_dropped: int, others: int) -> tuple[float, float]:
    """The ratio of two rates and its lower confidence limit, half a document added to each count."""
    a, n, b, m = dropped + 0.5, asked + 0.5, others_dropped + 0.5, others + 0.5
    ratio = (a / n) / (b / m)
    error = math.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    return ratio, ratio * math.exp(-STANDARD_ERRORS * error)


def _add(total: dict[str, Counter[str]], more: Counts) -> None:
    for dimension, labels in more.items():
        total.setdefault(dimension, Counter()).update(labels)
