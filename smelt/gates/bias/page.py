"""The page that shows whether the rules bias the corpus: heat maps, distributions, rejects and keeps at the margin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from smelt.gates.bias import figures, samples
from smelt.gates.bias.bands import BANDS, DIMENSIONS
from smelt.gates.figures import divergence, share
from smelt.gates.index import POLICY
from smelt.lake import Lake, Manifest
from smelt.recipe.gates import SelectGate

_HERE = Path(__file__).parent
MAX_COLUMNS = 14
"""Groups that a heat map shows: those with most documents."""
NAMES = {"lang": "language", "domain": "domain", "source": "source", "length": "length"}


@dataclass(frozen=True)
class Distribution:
    """A dimension before and after the rules: rows of label, documents before, after, and both shares."""

    dimension: str
    divergence: float
    tolerance: float
    rows: list[tuple[str, int, int, float, float]]


@dataclass(frozen=True)
class HeatMap:
    """Drop rates of rules (rows) by group (columns); a rate of None is of a rule that the group was not asked."""

    dimension: str
    columns: list[tuple[str, int]]
    rows: list[tuple[figures.Rule, list[tuple[str, float | None, int]]]]


def bias_page(lake: Lake, selected: Manifest, cleaned: Manifest, config: SelectGate) -> str:
    """The page as one file that runs no script and asks nothing of the network."""
    rules = figures.rules(selected.stats, selected.config)
    fired = [rule for rule in rules if rule.total_rate > 0]
    rejects, keeps = samples.choose(lake, selected, cleaned)
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"percent": percent, "shade": shade, "count": "{:,}".format}
    return environment.get_template("bias.html.j2").render(
        artifact=f"{selected.stage}/{selected.fingerprint}",
        policy=POLICY,
        style=(_HERE.parent / "pages.css").read_text() + (_HERE / "bias.css").read_text(),
        documents=(selected.rows, selected.stats.get("documents", 0)),
        distributions=[_distribution(selected.stats, name, config) for name in DIMENSIONS],
        named=figures.disproportions(rules),
        accepted=config.accepted_disproportions,
        ratio=config.max_rule_rate_ratio,
        maps=[heat_map(fired, selected.stats, name) for name in DIMENSIONS],
        silent=[rule.name for rule in rules if rule.total_rate == 0],
        expressions=_expressions(selected.config),
        rejects=sorted(rejects.items(), key=lambda item: (-_dropped(selected, item[0]), item[0])),
        dropped={reason: _dropped(selected, reason) for reason in rejects},
        keeps=keeps,
        names=NAMES,
    )


def heat_map(rules: Sequence[figures.Rule], stats: dict[str, Any], dimension: str) -> HeatMap:
    """Rates of the rules by the dimension's largest groups; bands of length in their order."""
    before, _ = figures.distributions(stats, dimension)
    columns = sorted(_ordered(before, dimension)[:MAX_COLUMNS], key=_place) if dimension == "length" else None
    columns = columns or _ordered(before, dimension)[:MAX_COLUMNS]
    rows = [
        (
            rule,
            [(label, rule.rate(dimension, label), rule.fired.get(dimension, {}).get(label, 0)) for label, _ in columns],
        )
        for rule in rules
    ]
    return HeatMap(dimension, columns, rows)


def percent(value: float) -> str:
    """A share in percent, short enough for a cell."""
    hundred = 100 * value
    return "0" if hundred == 0 else "<0.1" if hundred < 0.1 else f"{hundred:.1f}" if hundred < 10 else f"{hundred:.0f}"


def shade(rate: float) -> int:
    """The shade of a cell, 0 to 8: by the logarithm, since a rule that drops 1 % and one that drops 5 % differ."""
    return 0 if rate <= 0 else min(8, max(1, round(8 + 2.3 * math.log10(rate))))


def _distribution(stats: dict[str, Any], dimension: str, config: SelectGate) -> Distribution:
    before, after = figures.distributions(stats, dimension)
    total_before, total_after = sum(before.values()), sum(after.values())
    labels = _ordered(before, dimension)
    rows = [
        (label, number, after.get(label, 0), share(number, total_before), share(after.get(label, 0), total_after))
        for label, number in (sorted(labels, key=_place) if dimension == "length" else labels[:MAX_COLUMNS])
    ]
    name = "language" if dimension == "lang" else dimension
    return Distribution(dimension, divergence(before, after), getattr(config, f"max_{name}_divergence"), rows)


def _ordered(before: dict[str, int], dimension: str) -> list[tuple[str, int]]:
    return sorted(before.items(), key=lambda item: (-item[1], item[0]))


def _place(item: tuple[str, int]) -> int:
    return BANDS.index(item[0])


def _dropped(selected: Manifest, reason: str) -> int:
    return selected.stats["dropped"].get(reason, {"documents": 0})["documents"]


def _expressions(config: dict[str, Any]) -> dict[str, str]:
    """By rule: its expressions, where groups differ in them one after the other."""
    found: dict[str, list[str]] = {}
    for group in config["groups"]:
        for name, expression in group["rules"]:
            if expression is not None and expression not in found.setdefault(name, []):
                found[name].append(expression)
    return {name: "; ".join(expressions) for name, expressions in found.items()}
