"""Other runs whose trainings have their first steps in common with a run's: where they part, and what became of them.

A training writes down its course, a digest for each of its blocks (``training/checkpoints/trunk.py``). Two runs are
related where their trainings are the same artifact, or their courses begin alike.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache

from operators.pages.found import RunHead, find_json, run_head
from smelt.errors import StageError
from smelt.lake import Artifact, Lake
from smelt.phases import COURSE
from smelt.plan import Plan, Planned
from smelt.run import listed_runs

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
        step: the last that they have in common.
    """

    head: RunHead
    step: int


def relatives(lake: Lake, head: RunHead) -> list[Relative]:
    """The newest runs that part from a run's course somewhere, by where they do; those that never do are the same."""
    others = [other for _, other in listed_runs(lake)[:LOOKED_AT]]
    courses = cache(lambda artifact: _courses(lake, artifact))

    def look(other: str) -> Relative | None:
        if other == head.id:
            return None
        try:
            found = run_head(lake, other)
        except StageError:
            return None
        step = _parting(courses, head.plan, found.plan)
        return None if step is None else Relative(found, step)

    with ThreadPoolExecutor(THREADS) as threads:
        related = [one for one in threads.map(look, others) if one is not None]
    return sorted(related[:SHOWN], key=lambda one: (one.step, one.head.id))


def _parting(courses: Callable[[Artifact], Courses], ours: Plan, theirs: Plan) -> int | None:
    """The last step that two plans' trainings share; None where they share none, or all of the shorter's."""
    common = 0
    one, two = _trainings(ours), _trainings(theirs)
    for mine, yours in zip(one, two, strict=False):
        if mine.fingerprint != yours.fingerprint:
            return max(common, _shared(courses(mine.artifact), courses(yours.artifact))) or None
        common = max((stations[-1][0] for stations in courses(mine.artifact).values()), default=common)
    return common if len(one) != len(two) and common else None


def _trainings(plan: Plan) -> list[Planned]:
    return [planned for planned in plan.stages if planned.kind == "train"]


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
def _known(lake: Lake, artifact: Artifact, begins: str) -> Course:
    """A course, as its training has written it down."""
    found = find_json(lake, artifact.key(COURSE, begins, ".json")) or []
    return tuple((station["end"], station["digest"]) for station in found)


def _courses(lake: Lake, artifact: Artifact) -> Courses:
    """By how they begin; one of a training that has begun, none before."""
    found = {begins: _known(lake, artifact, begins) for begins in artifact.records(lake, COURSE)}
    return {begins: stations for begins, stations in found.items() if stations}
