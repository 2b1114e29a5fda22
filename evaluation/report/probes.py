"""Probes in the report: a small line each over all checkpoints, what rose and fell most, and the alarms."""

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.probed import alarms, decades
from smelt.charts import small_chart

MOVERS = 5
"""Probes that are named as the largest risers, and as the largest fallers."""
LEAST_MOVE = 0.05
"""Powers of ten below which a probe has not moved."""


def probe_rows(evaluations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row for each probe that the last checkpoint was asked.

    Returns:
        ``set``, ``answer`` (the last), ``chart`` over the tokens trained on, and ``moved``: from the first checkpoint
        to the last in powers of ten, of its probability, its place, or the margin.
    """
    rows = []
    for name, answers in sorted(evaluations[-1]["probes"].items()):
        for answer in answers:
            points: list[tuple[float, float | None]] = []
            for item in evaluations:
                own = _named(item, name, answer["words"])
                points.append((item["tokens"], None if own is None else decades(own)))
            known = [y for _, y in points if y is not None]
            level = 0.0 if answer["kind"] == "prefer" else None
            chart = small_chart(points, name=answer["words"], level=level)
            rows.append({"set": name, "answer": answer, "chart": chart, "moved": known[-1] - known[0]})
    return rows


def movers(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The rows that rose most, and those that fell most, the largest first."""
    by_move = sorted(rows, key=lambda row: row["moved"])
    fell = [row for row in by_move if row["moved"] < -LEAST_MOVE][:MOVERS]
    rose = [row for row in reversed(by_move) if row["moved"] > LEAST_MOVE][:MOVERS]
    return rose, fell


def probe_alarms(evaluations: Sequence[Mapping[str, Any]], max_fall: float) -> list[dict[str, Any]]:
    """The alarms of all checkpoints, as ``evaluation.probed.alarms`` gives them, with ``step`` and ``set``."""
    found = []
    for place, item in enumerate(evaluations):
        for name, answers in sorted(item["probes"].items()):
            before = [earlier["probes"][name] for earlier in evaluations[:place] if name in earlier["probes"]]
            told = alarms(before, answers, max_fall=max_fall)
            found += [{"step": item["step"], "set": name, **alarm} for alarm in told]
    return found


def _named(evaluation: Mapping[str, Any], name: str, words: str) -> Mapping[str, Any] | None:
    return next((own for own in evaluation["probes"].get(name, ()) if own["words"] == words), None)
