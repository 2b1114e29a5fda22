"""Experiments under way, told to the lake: garbage collection keeps what their cells have planned until all are done.

The mark of a name is that of the experiment that was begun under it last. It goes with the experiment's artifact, so
one that is given up keeps what it has made until its mark, ``experiments/<name>/unfinished.json``, is deleted.
"""

from collections.abc import Iterator
from typing import Any

from smelt.experiments.plan import ExperimentPlan
from smelt.experiments.results import cell_plan
from smelt.lake import Lake
from smelt.plan import Plan

ROOT, MARK = "experiments/", "/unfinished.json"


def begin(lake: Lake, plan: ExperimentPlan) -> dict[str, Plan]:
    """Plan every cell and leave the mark; the plans by cell."""
    plans = {cell.name: cell_plan(plan, cell, lake.settings) for cell in plan.cells}
    named = [{"stages": _named(planned)} for planned in plans.values()]
    lake.put_json(_key(plan.experiment.name), {"plans": named})
    return plans


def end(lake: Lake, name: str) -> None:
    """Take the mark away."""
    lake.delete([_key(name)])


def marked(lake: Lake) -> Iterator[dict[str, Any]]:
    """The plans of all cells of all experiments under way: of each stage its name, fingerprint and inputs."""
    for item in lake.objects(ROOT):
        if item.key.endswith(MARK) and (mark := lake.find_json(item.key)) is not None:
            yield from mark["plans"]


def _named(planned: Plan) -> list[dict[str, Any]]:
    return [item.model_dump(include={"stage", "fingerprint", "inputs"}) for item in planned.stages]


def _key(name: str) -> str:
    return f"{ROOT}{name}{MARK}"
