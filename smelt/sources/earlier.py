"""Which earlier days a day of a corpus is compared with by `dedup.against`: found when its run is planned.

Those that are made by then, each by the newest run that has published it, count: their artifacts of dedup are inputs of
the day's own, so that a plan is another once one of them is made again. A recipe that reads days as they were made
compares with none but these.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

from smelt.identity import canonical
from smelt.lake import Artifact, Lake
from smelt.recipe import Recipe
from smelt.recipe.corpus import CorpusDay
from smelt.recipe.graph import spec
from smelt.recipe.sources import CrawlSource
from smelt.sources.days import DayRun, found_days, not_made
from smelt.words import and_more

STAGE = "dedup"
_AT_ONCE = 16
_NAMED = 4


def compared(recipe: Recipe, lake: Lake) -> tuple[Recipe, list[str]]:
    """The recipe with the days before its own that it is compared with, and lines on them for whoever plans.

    A recipe that compares with none, or whose days are found already, is returned as it is.
    """
    if recipe.dedup.against is None or recipe.corpus is not None or recipe.earlier is not None:
        return recipe, []
    own = min(day for source in recipe.sources if isinstance(source, CrawlSource) for day in source.dates)
    made, begun = found_days(lake, recipe.name, lambda day: day < own)
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        wrong = dict(zip(made, threads.map(lambda day: _wrong(day, recipe, lake), made.values()), strict=True))
    there = [day for day in made.values() if not wrong[day.date]]
    earlier = tuple(
        CorpusDay(date=day.date, run=day.run, artifacts={STAGE: day.stages[STAGE].fingerprint}) for day in there
    )
    left = {day: line for day, line in wrong.items() if line}
    notes = [*_notes([day.date for day in there], left), *not_made(STAGE, [*made, own], begun, lake)]
    return recipe.model_copy(update={"earlier": earlier}), notes


def _wrong(day: DayRun, recipe: Recipe, lake: Lake) -> str:
    """Why a day can't be compared with; "" where it can."""
    asked = spec(STAGE)
    manifest = Artifact(STAGE, day.stages[STAGE].fingerprint).manifest(lake)
    if manifest is None:
        return "its artifacts were deleted"
    same = canonical(manifest.config) == canonical(asked.config(recipe).model_dump(mode="json"))
    return "" if same and manifest.version == asked.version else "made by another config or version of dedup"


def _notes(there: list[str], left: Mapping[str, str]) -> Iterator[str]:
    if there:
        yield f"{STAGE}: compared with {len(there)} earlier days, {there[0]} to {there[-1]}"
    else:
        yield f"{STAGE}: there is no earlier day to compare with"
    if left:
        named = ", ".join(f"{day} ({line})" for day, line in list(left.items())[-_NAMED:])
        yield f"{STAGE}: not compared with {named}{and_more(len(left), _NAMED)}"
