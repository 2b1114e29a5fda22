"""The report's table of benchmarks: forms by checkpoints, with intervals, chance, and what is noise."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.benchmarks.statistics import trend
from smelt.comparing.bits import paired_bits
from smelt.comparing.paired import paired


def benchmark_rows(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each form of each benchmark that the last checkpoint was asked in.

    Returns:
        ``name``, ``form``, ``scores`` (the record of each checkpoint, oldest first), their ``trend``; ``change`` and
        ``bits``: the last checkpoint against the first on the same items, in right answers and in bits per byte of
        these, where there are two.
    """
    rows = []
    for name, forms in sorted(evaluations[-1]["benchmarks"].items()):
        for form, last in forms.items():
            judged = [item for item in evaluations if form in item["benchmarks"].get(name, {})]
            scores = [item["benchmarks"][name][form] for item in judged]
            right = [[mark == "1" for mark in score["right"]] for score in (scores[0], scores[-1])]
            rows.append(
                {
                    "name": name,
                    "form": form,
                    "scores": scores,
                    "trend": trend(
                        [item["step"] for item in judged],
                        [score["accuracy"] for score in scores],
                        last["chance"],
                        last["items"],
                    ),
                    "change": paired(*right) if len(scores) > 1 else None,
                    "bits": paired_bits(scores[0], scores[-1]) if len(scores) > 1 else None,
                }
            )
    return rows


def spreads(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How far the best form of each benchmark lies above the worst at the last checkpoint, where there are several."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row["scores"][-1]["accuracy"])
    return {name: max(values) - min(values) for name, values in found.items() if len(values) > 1}


def memories(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the memory check of the last checkpoint says, of each form that has it: ``name``, ``form``, ``was`` (before
    the question was read again, with ``memory`` and its interval), ``now`` and ``remembered``."""
    return [
        {
            "name": row["name"],
            "form": row["form"],
            "was": last["unseen"],
            "now": last,
            "remembered": (last["unseen"]["low"] or 0.0) > 0,
        }
        for row in rows
        if "unseen" in (last := row["scores"][-1])
    ]
