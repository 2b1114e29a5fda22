"""A recipe over the days that the DAG `corpus` has made: what its one source says, and what a plan makes of it.

Such a recipe has the sources and the data sections of the recipe that the days were made by, so that names, languages
and columns are checked as they are there; which runs have made which day is known when a run is planned
(``smelt.sources.days``).
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from smelt.errors import RecipeError
from smelt.recipe.base import Config
from smelt.recipe.sources import SourceName, days_of

KIND = "corpus"
"""Kind of the source, and name of the asset that a day's run publishes."""
AS_MADE = ("ingest", "clean", "classifiers", "score")
"""Sections that are the corpus's: its documents, text and columns."""
DECIDING = ("select", "dedup", "decontaminate")
"""Sections that a recipe may have of its own: these stages, and those of them that follow, decide anew."""
OPEN = ".."


def _open_days(value: Any) -> tuple[str, ...]:
    """Days in order, and last of all the first of those that are open at the end: ``2026-11-05..``."""
    if not isinstance(value, list | tuple):
        raise ValueError("write a list of days such as [2026-11-01, 2026-11-03..2026-11-05, 2026-11-09..]")
    opening = [str(item).removesuffix(OPEN) for item in value if str(item).endswith(OPEN)]
    if len(opening) > 1:
        raise ValueError(f"{opening[0]}{OPEN} and {opening[1]}{OPEN} are both open at the end (write the earlier one)")
    closed = days_of([item for item in value if not str(item).endswith(OPEN)])
    if not opening:
        return closed
    (first,) = days_of(opening)
    return (*(day for day in closed if day < first), f"{first}{OPEN}")


Dates = Annotated[tuple[str, ...], BeforeValidator(_open_days), Field(min_length=1)]


class CorpusSource(Config):
    """A source of kind ``corpus``: days that the DAG `corpus` has made, with their text, columns and decisions.

    It stands alone: the recipe's other data sections are those of ``recipe``, but for ``select``, ``dedup`` and
    ``decontaminate``, which decide anew over all days where the recipe has its own.
    """

    name: SourceName
    """What it is called in messages; documents carry the names of the corpus's own sources."""
    kind: Literal["corpus"] = "corpus"
    recipe: str
    """The recipe that the days were made by, as the DAG `corpus` was given it; relative to the checkout."""
    dates: Dates
    """Days and ranges of days, the last open at the end if you like: ``[2026-11-01..]`` is every day that is made
    when a run is planned."""


class CorpusDay(Config):
    """A day, the run that has made it, and its artifacts' fingerprints by kind of stage."""

    date: str
    run: str
    artifacts: dict[str, str]


class Corpus(Config):
    """The days that a recipe reads.

    Attributes:
        source: its name.
        recipe: name of the recipe that the days were made by.
        dates: as the source says them.
        anew: deciding sections that the recipe has of its own.
        days: set when a run is planned, which then reads these and no others; their artifacts are of those stages that
            decide nothing anew.
    """

    source: str
    recipe: str
    dates: Dates
    anew: tuple[str, ...] = ()
    days: tuple[CorpusDay, ...] = ()

    @property
    def first_open(self) -> str | None:
        """The first of the days that are open at the end, or None where all days are named."""
        return self.dates[-1].removesuffix(OPEN) if self.dates[-1].endswith(OPEN) else None

    def asks_for(self, day: str) -> bool:
        """Whether the day is read, once it is made."""
        return day in self.dates or (self.first_open is not None and day >= self.first_open)

    def made(self, kind: str) -> dict[str, str]:
        """What the days' runs have made of a kind, by day; nothing where it is made anew or no run is planned yet."""
        return {day.date: day.artifacts[kind] for day in self.days if kind in day.artifacts}


def expanded(raw: dict[str, Any], read: Callable[[str], dict[str, Any]], where: str) -> dict[str, Any]:
    """A recipe's mapping with the sources and sections of the corpus that it reads; one without such a source as it is.

    Args:
        read: gives the mapping of the recipe at a path.

    Raises:
        RecipeError: when something stands beside the source, or in a section that is the corpus's.
    """
    sources = [source for source in raw.get("sources") or () if isinstance(source, dict)]
    if not any(source.get("kind") == KIND for source in sources):
        return raw
    at = f"{where}: sources"
    if len(sources) > 1:
        raise RecipeError("a source of kind corpus stands alone", where=at, mend="put other sources into its recipe")
    if own := [section for section in AS_MADE if section in raw]:
        raise RecipeError("is the corpus's, as its days were made", where=f"{where}: {own[0]}", mend="leave it out")
    try:
        source = CorpusSource.model_validate(sources[0])
    except ValidationError as error:
        line, path = error.errors()[0]["msg"].removeprefix("Value error, "), error.errors()[0]["loc"]
        raise RecipeError(line, where=".".join(map(str, (f"{at}[0]", *path)))) from None
    made_by = read(source.recipe)
    read_by_days = [item for item in made_by.get("sources") or () if isinstance(item, dict)]
    if not any(item.get("kind") == "crawl" for item in read_by_days):
        raise RecipeError("has no source of kind crawl", where=source.recipe, mend="name a recipe of the DAG `corpus`")
    first = {"dates": [source.dates[0].removesuffix(OPEN)]}
    crawls = [{**item, **first} if item.get("kind") == "crawl" else item for item in read_by_days]
    anew = [section for section in DECIDING if section in raw]
    taken = {name: made_by[name] for name in (*AS_MADE, *DECIDING) if name in made_by and name not in anew}
    corpus = {"source": source.name, "recipe": made_by.get("name"), "dates": list(source.dates), "anew": anew}
    return {**raw, **taken, "sources": crawls, "corpus": corpus}
