"""Other runs whose trainings have their first steps in common with a run's: where they part.

A training writes down its course, a digest for each of its blocks (``training/checkpoints/trunk.py``). Two runs are
related where their trainings are the same artifact, or their courses begin alike.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache

from pydantic import ValidationError

from smelt.lake import Artifact, Lake
from smelt.phases import COURSE
from smelt.plan import Plan
from smelt.run import listed_runs, run_key

Course = tuple[tuple[int, str], ...]
"""Last step and digest of each block."""
Courses = dict[str, Course]

LOOKED_AT = 50
"""Runs that are looked at, the newest of the lake."""
SHOWN = 6
THREADS = 16


@dataclass(frozen=True)
class Relative:
    """A run that has its first steps in common with another.

    Attributes:
        run: its id.
        step: the last that they have in common.
        trainings: its own, phase by phase.
    """

    run: str
    step: int
    trainings: tuple[Artifact, ...]


def trainings_of(plan: Plan) -> tuple[Artifact, ...]:
    """The trainings of a plan, phase by phase."""
    return tuple(planned.artifact for planned in plan.stages if planned.kind == "train")


def relatives(lake: Lake, run_id: str, ours: Sequence[Artifact]) -> list[Relative]:
    """The newest runs that part from a run's course somewhere, by where they do; those that never do are the same.

    Args:
        run_id: of the run itself; "" for a plan that is no run yet.
        ours: its trainings.
    """
    others = [other for _, other in listed_runs(lake)[:LOOKED_AT] if other != run_id]
    courses = cache(lambda artifact: _courses(lake, artifact))

    def look(other: str) -> Relative | None:
        try:
            theirs = _trainings(lake, other)
        except KeyError:
            return None
        step = _parting(courses, ours, theirs)
        return None if step is None else Relative(other, step, theirs)

    with ThreadPoolExecutor(THREADS) as threads:
        related = [one for one in threads.map(look, others) if one is not None]
    return sorted(related[:SHOWN], key=lambda one: (one.step, one.run))


def _parting(
    courses: Callable[[Artifact], Courses], ours: Sequence[Artifact], theirs: Sequence[Artifact]
) -> int | None:
    """The last step that two runs' trainings share; None where they share none, or all of the shorter's."""
    common = 0
    for mine, yours in zip(ours, theirs, strict=False):
        if mine != yours:
            return max(common, _shared(courses(mine), courses(yours))) or None
        common = max((stations[-1][0] for stations in courses(mine).values()), default=common)
    return common if len(ours) != len(theirs) and common else None


def _shared(ours: Courses, theirs: Courses) -> int:
    """The last step of the blocks that two trainings have in common from their start; 0 where they have none."""
    step = 0
    for begins in ours.keys() & theirs.keys():
        for mine, yours in zip(ours[begins], theirs[begins], strict=False):
            if mine != yours:
                break
            step = mine[0]
    return step


@lru_cache(maxsize=1024)
def _trainings(lake: Lake, run_id: str) -> tuple[Artifact, ...]:
    """Of the run's plan, whatever its recipe says: that may be one that this Smelt refuses.

    Raises:
        KeyError: when there is no such plan; unlike an answer, it is not remembered.
    """
    try:
        return trainings_of(Plan.model_validate((lake.find_json(run_key(run_id)) or {}).get("plan")))
    except ValidationError:
        raise KeyError(run_id) from None


@lru_cache(maxsize=1024)
def _known(lake: Lake, artifact: Artifact, begins: str) -> Course:
    """A course, as its training has written it down."""
    found = lake.find_json(artifact.key(COURSE, begins, ".json")) or []
    return tuple((station["end"], station["digest"]) for station in found)


def _courses(lake: Lake, artifact: Artifact) -> Courses:
    """By how they begin; one of a training that has begun, none before."""
    found = {begins: _known(lake, artifact, begins) for begins in artifact.records(lake, COURSE)}
    return {begins: stations for begins, stations in found.items() if stations}
