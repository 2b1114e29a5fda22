"""What probes' answers say over checkpoints."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Answer = dict[str, Any]
"""A probe and what a checkpoint says to it: ``words``, ``kind``, ``group``, ``tags``, ``note``, and its figures."""


def alarms(before: Sequence[Sequence[Answer]], now: Sequence[Answer], *, max_fall: float) -> list[dict[str, Any]]:
    """Preferences that have just reversed, and probabilities that have just fallen.

    Args:
        before: the answers of earlier checkpoints, oldest first.
        now: those of the one that is looked at.
        max_fall: by how much a probability may lie below its highest of earlier checkpoints.

    Returns:
        ``words``, ``kind``, ``was`` and ``now``: the margin at the checkpoint before and here, or the highest
        probability and that here. What stays so is told once.
    """
    found = []
    earlier = [{answer["words"]: answer for answer in answers} for answers in before]
    for answer in now:
        known = [answers[answer["words"]] for answers in earlier if answer["words"] in answers]
        if not known:
            continue
        if answer["kind"] == "prefer":
            was, here = known[-1]["margin"], answer["margin"]
            told = was > 0 >= here
        else:
            values = [one["prob"] for one in known]
            was, here = max(values), answer["prob"]
            told = was - here > max_fall and not (len(values) > 1 and max(values[:-1]) - values[-1] > max_fall)
        if told:
            found.append({"words": answer["words"], "kind": answer["kind"], "was": was, "now": here})
    return found


def decades(answer: Mapping[str, Any]) -> float:
    """The one figure that a probe is drawn by, in powers of ten: of its probability, its place, or the margin."""
    if answer["kind"] == "prefer":
        return float(answer["margin"]) / math.log(10)
    return -math.log10(answer["rank"]) if answer["kind"] == "rank" else math.log10(max(answer["prob"], 1e-12))
