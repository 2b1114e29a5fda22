"""What one more day costs a corpus, against a first run of all its days, from `ingest` to `select`.

A crawl of 30 days, a compressed file of JSON Lines each, goes through the stages in one process: at once in an empty
lake; and 29 days of it in another, to which the last is then added. Seconds are of the processor, so that neighbours
don't count; parts are those that were made and not taken over.

    python -m bench.growth --json FILE [--megabytes 60]
"""

import itertools
import json
import time
from typing import Any

import zstandard

from bench.command import command
from bench.store import own_store
from bench.texts import texts
from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake
from smelt.lake.artifact import RECORD
from smelt.lake.shared import SHARED
from smelt.plan import make_plan
from smelt.recipe import Recipe, parse_recipe
from smelt.settings import Settings
from smelt.sources.listing import kept_listing

STAGES = ("ingest", "clean", "score", "select")
DAYS = 30


def recipe_of(days: int, shortest: int) -> Recipe:
    """A recipe over the first days of the crawl, with a rule on how short a document may be (characters)."""
    dates = f"2026-11-01..2026-11-{days:02d}"
    return parse_recipe(
        {
            "name": "bench",
            "sources": [
                {"name": "crawl", "kind": "crawl", "paths": ["s3://smelt/raw/{date}/*"], "dates": [dates]},
            ],
            "select": {"groups": [{"rules": {"short": f"num_chars >= {shortest}"}}]},
            "model": {"preset": "tiny"},
            "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        },
        where="bench",
    )


def made(lake: Lake, days: int, shortest: int = 100) -> dict[str, Any]:
    """Seconds by stage, and how many parts that artifacts share were made, where the lake has some already or none."""
    recipe = recipe_of(days, shortest)
    files = kept_listing(recipe.file_sources, lake)
    before, seconds = parts(lake), {}
    for planned in make_plan(recipe, lake, listing_digest=files.digest).stages:
        start = time.process_time()
        make_artifact(planned, make_context(recipe, planned, lake), serially)
        if planned.stage in STAGES:
            seconds[planned.stage] = time.process_time() - start
        if planned.stage == STAGES[-1]:
            break
    return {"seconds": seconds, "total": sum(seconds.values()), "parts": parts(lake) - before}


def parts(lake: Lake) -> int:
    """Parts in the lake that artifacts share."""
    return sum(item.key.endswith(RECORD) for item in lake.objects(SHARED))


def write_crawl(settings: Settings, megabytes: float) -> None:
    """Write a file for each day, of so much text in all: English over and over where there is less."""
    raw = Lake(settings, url="s3://smelt/raw")
    rows = itertools.cycle(texts("en", megabytes).to_pylist())
    for day in range(1, DAYS + 1):
        lines: list[bytes] = []
        size = 0
        while size < megabytes * 1e6 / DAYS:
            lines.append(json.dumps({"text": next(rows)}).encode() + b"\n")
            size += len(lines[-1])
        raw.put(f"2026-11-{day:02d}/a.jsonl.zst", zstandard.compress(b"".join(lines)))


def measure(megabytes: float) -> dict[str, Any]:
    """What a first run, one more day, and a changed rule cost."""
    with own_store() as settings:
        write_crawl(settings, megabytes)
        made(Lake(settings, url="s3://smelt/warm-up"), 1)  # compiled code is loaded, and the model
        grown = Lake(settings, url="s3://smelt/grown")
        first = made(Lake(settings, url="s3://smelt/first"), DAYS)
        made(grown, DAYS - 1)
        found = {"first": first, "one_more_day": made(grown, DAYS), "another_rule": made(grown, DAYS, shortest=200)}
    cost = {name: value["total"] / first["total"] for name, value in found.items() if name != "first"}
    shares = {f"{name}_parts": value["parts"] / first["parts"] for name, value in found.items() if name != "first"}
    return {"ratios": {**cost, **shares}, "figures": {"days": DAYS, "megabytes": megabytes, **found}}


def table(figures: dict[str, Any]) -> list[str]:
    """Seconds of each stage, and parts."""
    return [
        f"{name:14} {figures[name]['total']:7.2f} s, {figures[name]['parts']:4} parts   "
        + "  ".join(f"{stage} {value:6.2f} s" for stage, value in figures[name]["seconds"].items())
        for name in ("first", "one_more_day", "another_rule")
    ]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=60.0)
