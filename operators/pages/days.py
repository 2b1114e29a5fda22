"""The calendar of a corpus: what has become of each day, from the lake and from what Airflow knows of its runs."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response

from operators.pages.access import LakeDep
from operators.pages.airflow_runs import AirflowRun, RecordsDep

if TYPE_CHECKING:
    from smelt.lake import Lake
    from smelt.sources.days import DayRun

router = APIRouter()
DAYS_SHOWN = 62
_AT_ONCE = 16


@dataclass(frozen=True)
class Day:
    """A day of a corpus.

    Attributes:
        state: ``made``, ``made again``, ``empty``, ``failed``, ``under way``, ``unfinished``, ``waited for``, ``late``
            or ``no run``.
        run: the run that has made it, or the newest that has not; "" where there is none in the lake.
        why: what there is to say of the state.
        read, kept: documents that were read, and that are left; of a day that is made.
        bytes: of the text of those that are left.
        tokens: of the same, about.
    """

    date: str
    state: str
    run: str = ""
    why: str = ""
    read: int | None = None
    kept: int | None = None
    bytes: int | None = None
    tokens: int | None = None


@router.get("/days/{recipe}")
def days(recipe: str, request: Request, lake: LakeDep, records: RecordsDep, start: int = 0) -> Response:
    """The days of the corpus that a recipe makes, newest first.

    Raises:
        StageError: when no run has been planned for a day.
    """
    from operators.pages.draw import draw
    from smelt.errors import StageError
    from smelt.recipe.sources import days_of
    from smelt.sources.days import runs_of_days

    start, runs = max(0, start), list(runs_of_days(lake, recipe))
    if not runs:
        mend = "the DAG `corpus` plans them: see docs/operate.md"
        raise StageError("no run of it was planned for a day", where=recipe, mend=mend)
    airflow = records.partitions()
    without = [run for run in airflow.values() if run.safe not in {day.run for day in runs}]
    said = records.errors(without, "plan", key="skipped") | records.errors(without, "plan")
    there = {day.date for day in runs} | set(airflow)
    dates = days_of([f"{min(there)}..{max(there)}"])[::-1]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        shown = dates[start : start + DAYS_SHOWN]
        found = list(threads.map(lambda day: _day(lake, day, runs, airflow.get(day), said), shown))
    return draw(
        request, "days.html.j2", recipe=recipe, days=found, start=start, total=len(dates), most=DAYS_SHOWN,
        refresh=any(run.going_on for run in airflow.values()),
    )  # fmt: skip


def _day(lake: "Lake", day: str, runs: "list[DayRun]", airflow: AirflowRun | None, said: Mapping[str, str]) -> Day:
    from smelt.sources.days import stands_at

    own = [run for run in runs if run.date == day]
    if made := [run for run in own if run.published]:
        return _made(lake, day, made)
    going_on = airflow is not None and airflow.going_on
    if own:
        at = stands_at(own[0], lake)
        failed = at.endswith("(gate failed)") or (airflow is not None and airflow.state == "failed")
        state = "under way" if going_on else "failed" if failed else "unfinished"
        return Day(day, state, own[0].run, f"stands at {at}" if at else "made, and not published")
    if airflow is None:
        return Day(day, "no run")
    state = "waited for" if going_on else "failed" if airflow.state == "failed" else "late"
    return Day(day, state, why=said.get(airflow.id, ""))


def _made(lake: "Lake", day: str, made: "list[DayRun]") -> Day:
    from operators.pages.found import find_manifest
    from smelt.supply.forecast import DECIDED

    newest = made[0]
    there = {
        kind: find_manifest(lake, kind, newest.stages[kind].fingerprint)
        for kind in ("ingest", "clean", "score", *DECIDED)
    }
    found = {kind: manifest for kind, manifest in there.items() if manifest is not None}
    if len(found) < len(there):
        return Day(day, "made", newest.run, "its artifacts were deleted")
    read, kept = found.pop("ingest"), found["decontaminate"]
    documents = kept.stats.get("documents", 0)
    state = "empty" if not documents else "made again" if len(made) > 1 else "made"
    why = f"by {len(made)} runs, of which this is the newest" if len(made) > 1 else ""
    tokens = _tokens(lake, tuple((kind, manifest.fingerprint) for kind, manifest in found.items())) if documents else 0
    return Day(day, state, newest.run, why, read.rows, documents, kept.stats.get("bytes", 0), tokens)


@lru_cache(maxsize=4096)
def _tokens(lake: "Lake", artifacts: tuple[tuple[str, str], ...]) -> int:
    """Tokens that artifacts, by kind and fingerprint, leave, about."""
    from operators.pages.found import manifest_of
    from smelt.supply.forecast import kept_tokens

    return kept_tokens(lake, {kind: manifest_of(lake, kind, fingerprint) for kind, fingerprint in artifacts})
