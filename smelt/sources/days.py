"""Which runs have made the days of a corpus, and what of theirs a recipe takes as it is: found when it is planned.

A day counts once its run has published the asset `corpus`; of several runs of a day, the newest that has. Documents,
text and columns are the days' whatever the recipe says, so every day must have them under the corpus's recipe as it is
now, with the same classifiers: scores are compared across days. Decisions are taken as far as all days have made them
under the same config, and are made anew behind the first that some day has not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from smelt.errors import RecipeError
from smelt.identity import canonical
from smelt.lake import Artifact, Lake
from smelt.plan import BEFORE, Plan, Planned, state_of
from smelt.plan import days_of as compared_with
from smelt.recipe import Recipe
from smelt.recipe.corpus import AS_MADE, DECIDING, KIND, OPEN, Corpus, CorpusDay
from smelt.recipe.graph import spec
from smelt.recipe.sources import CrawlSource, days_of
from smelt.words import listed

TAKEN = ("fetch", *AS_MADE)
"""Stages whose artifacts a recipe takes from every day."""
_MEND = "back-fill it (docs/operate.md), or leave it out"
_AT_ONCE = 16
_NAMED = 4


@dataclass(frozen=True)
class DayRun:
    """A run of one day.

    Attributes:
        stages: what it has planned, by kind.
        published: whether it has made its day.
    """

    date: str
    run: str
    stages: Mapping[str, Planned]
    published: bool


def resolved(recipe: Recipe, lake: Lake) -> tuple[Recipe, list[str]]:
    """The recipe with the days that it reads, and a line for whoever plans on each thing worth knowing.

    A recipe without a corpus, or whose days are found already, is returned as it is.

    Raises:
        RecipeError: one line for a day that is not there or unfinished, or that can't be taken beside the others.
    """
    corpus = recipe.corpus
    if corpus is None or corpus.days:
        return recipe, []
    where = f"sources.{corpus.source}.dates"
    made, begun = found_days(lake, corpus.recipe, corpus.asks_for)
    for day in corpus.dates:
        if not day.endswith(OPEN) and day not in made:
            line = unfinished(begun[day], lake) if day in begun else f"no run of {corpus.recipe} has made the day"
            raise RecipeError(line, where=f"{where}: {day}", mend=_MEND)
    if not made:
        line = "; ".join(f"{day}: {unfinished(found, lake)}" for day, found in list(begun.items())[-1:])
        line = line or f"no run of {corpus.recipe} has made any of these days"
        raise RecipeError(line, where=where, mend="back-fill them (docs/operate.md)")
    days = list(made.values())
    sources = tuple(
        source.model_copy(update={"dates": tuple(day.date for day in days)})
        if isinstance(source, CrawlSource)
        else source
        for source in recipe.sources
    )
    recipe = recipe.model_copy(update={"sources": sources})
    _insist_on_one_making(recipe, corpus, days, where)
    _insist_on_one_set_of_classifiers(lake, days, where)
    taken = [*TAKEN, *_decided(recipe, corpus, days)]
    found = tuple(
        CorpusDay(date=day.date, run=day.run, artifacts={kind: day.stages[kind].fingerprint for kind in taken})
        for day in days
    )
    recipe = recipe.model_copy(update={"corpus": corpus.model_copy(update={"days": found})})
    return recipe, list(_notes(recipe, corpus, days, begun, taken, lake))


def runs_of_days(lake: Lake, recipe: str, wanted: Callable[[str], bool] = lambda day: True) -> Iterator[DayRun]:
    """The runs of a corpus that were planned for one day, the newest first.

    Args:
        recipe: the name of the corpus's recipe.
        wanted: whether a day matters.
    """
    from smelt.run import listed_runs, published_key, run_key

    def look(run_id: str) -> DayRun | None:
        # plain JSON: its recipe may be one that this Smelt refuses
        run = lake.find_json(run_key(run_id)) or {}
        dates = [value for key, value in run.get("overrides", {}).items() if key.endswith(".dates")]
        if not dates or any(len(value) != 1 for value in dates) or not wanted(str(dates[0][0])):
            return None
        try:
            stages = {planned.kind: planned for planned in Plan.model_validate(run["plan"]).stages}
        except ValidationError:
            return None
        return DayRun(str(dates[0][0]), run_id, stages, lake.exists(published_key(run_id, KIND)))

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        yield from filter(None, threads.map(look, [run_id for _, run_id in listed_runs(lake, recipe)]))


def stands_at(day: DayRun, lake: Lake) -> str:
    """The first stage that a run has not brought behind it, and how far that is; "" where there is none."""
    states = ((kind, state_of(day.stages[kind], lake)) for kind in (*TAKEN, *DECIDING))
    return next((f"{kind} ({state})" for kind, state in states if state != "cached"), "")


def found_days(lake: Lake, recipe: str, wanted: Callable[[str], bool]) -> tuple[dict[str, DayRun], dict[str, DayRun]]:
    """Of the days that are asked for: those that are made, by the newest run that has published each, and of the
    others the newest run; both in order."""
    made: dict[str, DayRun] = {}
    begun: dict[str, DayRun] = {}
    for day in runs_of_days(lake, recipe, wanted):
        (made if day.published else begun).setdefault(day.date, day)
    return {day: made[day] for day in sorted(made)}, {day: begun[day] for day in sorted(begun) if day not in made}


def unfinished(day: DayRun, lake: Lake) -> str:
    """Where the run of a day that is not made stands."""
    at = stands_at(day, lake)
    return f"its run {day.run} " + (f"stands at {at}" if at else "has not published it")


def _insist_on_one_making(recipe: Recipe, corpus: Corpus, days: Sequence[DayRun], where: str) -> None:
    """Raises a RecipeError for a day that was read, cleaned or scored otherwise than the corpus's recipe says now."""
    for kind in TAKEN:
        for day in days:
            if not _same(recipe, kind, day):
                line = f"{kind} was made under another config or version than {corpus.recipe} has now"
                raise RecipeError(line, where=f"{where}: {day.date}", mend="back-fill that day, or leave it out")


def _insist_on_one_set_of_classifiers(lake: Lake, days: Sequence[DayRun], where: str) -> None:
    """Raises a RecipeError where scores of two days don't compare, or a day's artifacts were deleted."""
    fingerprints = {day.stages["classifiers"].fingerprint for day in days}
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        manifests = threads.map(lambda name: Artifact("classifiers", name).manifest(lake), fingerprints)
        found = dict(zip(fingerprints, manifests, strict=True))
    first = found[days[0].stages["classifiers"].fingerprint]
    for day in days:
        own = day.stages["classifiers"].fingerprint
        if (manifest := found[own]) is None:
            line = f"the artifacts of its run {day.run} were deleted"
            raise RecipeError(line, where=f"{where}: {day.date}", mend="back-fill that day, or leave it out")
        if first is not None and manifest.digest != first.digest:
            raise RecipeError(
                f"its classifiers are others than those of {days[0].date}, so scores don't compare",
                where=f"{where}: {day.date}",
                mend=f"set pins: {{classifiers: {first.fingerprint}}} in the corpus's recipe, and back-fill that day",
            )


def _decided(recipe: Recipe, corpus: Corpus, days: Sequence[DayRun]) -> Iterator[str]:
    """The deciding stages that decided on all days what the recipe asks for, up to the first that has not."""
    for kind in DECIDING:
        if kind in corpus.anew or not all(_same(recipe, kind, day) for day in days):
            return
        if kind == "dedup" and recipe.dedup.against and _compared_otherwise(days):
            return
        yield kind


def _compared_otherwise(days: Sequence[DayRun]) -> str:
    """The first day that was not compared with just those before it, as they are now, and how; "" where there is none:
    then the days' own decisions are those of one comparison of them all."""
    read: dict[str, str] = {}
    for day in days:
        dedup = day.stages["dedup"]
        compared = compared_with(dedup.inputs, BEFORE)
        if missed := [other for other in read if other not in compared]:
            return f"{day.date} was not compared with {missed[0]}"
        if more := [other for other in compared if other not in read]:
            return f"{day.date} was compared with {more[0]}, which is not read"
        if other := next((other for other, made in read.items() if compared[other] != made), ""):
            return f"{day.date} was compared with {other} as it was before it was made again"
        read[day.date] = dedup.fingerprint
    return ""


def _same(recipe: Recipe, kind: str, day: DayRun) -> bool:
    """Whether a day's run planned the stage as the recipe has it, but for the day."""
    planned, asked = day.stages[kind], spec(kind).config(recipe).model_dump(mode="json")
    return planned.version == spec(kind).version and _undated(planned.config) == _undated(asked)


def _undated(config: dict[str, Any]) -> bytes:
    sources = [{key: value for key, value in source.items() if key != "dates"} for source in config.get("sources", ())]
    return canonical({**config, "sources": sources})


def _notes(
    recipe: Recipe,
    corpus: Corpus,
    days: Sequence[DayRun],
    begun: Mapping[str, DayRun],
    taken: Sequence[str],
    lake: Lake,
) -> Iterator[str]:
    said = f"sources.{corpus.source}"
    yield f"{said}: {len(days)} days, {days[0].date} to {days[-1].date}, as the runs of {corpus.recipe} have made them"
    if anew := [kind for kind in DECIDING if kind not in taken]:
        yield f"{said}: {', '.join(anew)} decide anew, over all days"
    if anew[:1] == ["dedup"] and "dedup" not in corpus.anew and recipe.dedup.against:
        yield f"{said}: {_compared_otherwise(days)} (back-fill it, and its decisions are taken as they are)"
    yield from not_made(said, [day.date for day in days], begun, lake)


def not_made(said: str, days: Sequence[str], begun: Mapping[str, DayRun], lake: Lake) -> Iterator[str]:
    """A line on the days whose runs are not finished, and one on those between these days that no run was planned for.

    Args:
        said: what the lines begin with.
        days: those that are made, in order.
        begun: those that are not, and a run of each.
    """
    left = [f"{day} ({unfinished(found, lake)})" for day, found in list(begun.items())[-_NAMED:]]
    if left:
        more = f"; {len(begun) - len(left)} more" if len(begun) > len(left) else ""
        yield f"{said}: left out, being unfinished: {', '.join(left)}{more}"
    between = days_of([f"{days[0]}..{days[-1]}"]) if days else ()
    if gaps := [day for day in between if day not in days and day not in begun]:
        yield f"{said}: no run has made {listed(gaps, _NAMED)}"
