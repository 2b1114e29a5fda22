"""The figures of an artifact that expectations are about, computed from manifests alone.

A figure is a named number. Everything here reads statistics that the stages have counted while they
worked (see ``Part.stats``), so a gate costs the same for a thousand documents and for a billion.
"""

import math
from collections.abc import Mapping
from typing import Any

from smelt.invariants import INVARIANTS
from smelt.lake import Manifest

Sizes = Mapping[str, Mapping[str, int]]
"""Label to its ``documents`` and ``bytes``."""

SMALL_LANGUAGE = 0.01
"""Languages with less than this share of the documents are not looked at one by one."""


def divergence(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Jensen-Shannon divergence of two distributions, in bits: 0 to 1; 1 when one of them is empty.

    Args:
        before, after: weight by label; any scale.
    """
    total_before, total_after = sum(before.values()), sum(after.values())
    if not total_before or not total_after:
        return 0.0 if total_before == total_after else 1.0
    bits = 0.0
    for label in {*before, *after}:
        p, q = before.get(label, 0) / total_before, after.get(label, 0) / total_after
        middle = (p + q) / 2
        bits += sum(0.5 * share * math.log2(share / middle) for share in (p, q) if share)
    return max(0.0, bits)


def counts(sizes: Sizes | None) -> dict[str, int]:
    """Documents by label."""
    return {label: size["documents"] for label, size in (sizes or {}).items()}


def share(part: float, whole: float) -> float:
    """``part / whole``; 0 of nothing."""
    return part / whole if whole else 0.0


def common(manifest: Manifest) -> dict[str, float]:
    """Rows, parts and bytes, and whatever was counted at the top of the statistics."""
    counted = {name: value for name, value in manifest.stats.items() if _is_number(value)}
    return {**counted, "rows": manifest.rows, "parts": len(manifest.parts), "bytes_stored": manifest.bytes}


def dropped(manifest: Manifest) -> int:
    """Documents that the artifact's stage dropped."""
    return sum(counts(manifest.stats.get("dropped")).values())


def dropping(manifest: Manifest, source: Manifest) -> dict[str, float]:
    """How a stage that drops documents has changed the corpus that ``source`` had.

    Figures: ``dropped_share``, ``language_divergence``, ``domain_divergence``, and ``kept_share_<lang>`` for each
    language that had a share worth looking at.
    """
    before, after = counts(source.stats.get("by_lang")), counts(manifest.stats.get("by_lang"))
    gone = dropped(manifest)
    kept_shares = {
        f"kept_share_{lang}": after.get(lang, 0) / number
        for lang, number in sorted(before.items())
        if number >= SMALL_LANGUAGE * sum(before.values())
    }
    domains = counts(source.stats.get("by_domain")), counts(manifest.stats.get("by_domain"))
    return {
        "dropped_share": share(gone, gone + manifest.stats.get("documents", 0)),
        "language_divergence": divergence(before, after),
        "domain_divergence": divergence(*domains),
        **kept_shares,
    }


def violations(manifest: Manifest) -> dict[str, float]:
    """How many rows break each invariant of their stage, over all rows; NaN where it was not counted."""
    counted = manifest.stats.get("violations", {})
    return {name: counted.get(name, math.nan) for name in INVARIANTS[manifest.stage]}


def quarantined(manifest: Manifest) -> int:
    """Inputs in the artifact's quarantine."""
    return sum(value for value in manifest.stats.get("quarantined", {}).values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
