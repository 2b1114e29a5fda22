"""What planning, and the driver of `ingest`, take of memory where a store lists many files.

Made-up objects, in no order, stand in for what a store's pages say of a crawl of small files; the lake is a real
store. A process of its own sorts them, writes the listing down and plans, as the task `plan` does in an Airflow
worker; another divides the files into shards, as the driver of `ingest` does. Megabytes are of a process's resident
memory at its peak, libraries included.

    python -m bench.listing --json FILE [--files 10000000]
"""

import multiprocessing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.command import arguments_of, publish
from bench.made_up import BUCKET, made_up
from bench.memory import memory_mb
from bench.store import own_store
from smelt.engine.idle import commit_idle
from smelt.lake import Artifact, Lake
from smelt.plan import LISTING, make_plan
from smelt.recipe import Recipe, parse_recipe
from smelt.recipe.resources import Resources
from smelt.settings import Settings
from smelt.sources.listed import listing_key
from smelt.sources.listing import list_into
from smelt.stage import Context
from smelt.supply.forecast import forecast
from tasks.ingest.shards import pieces

FEWER = 100
"""The smaller listing is of one file in so many."""


def recipe_of() -> Recipe:
    """A recipe over all that the store lists."""
    return parse_recipe(
        {
            "name": "bench",
            "sources": [{"name": "pages", "kind": "files", "paths": [f"s3://{BUCKET}/2026/"]}],
            "model": {"preset": "tiny"},
            "phases": [{"name": "main", "tokens": 100_000, "sequence_length": 64, "global_batch_size": 8}],
        },
        where="bench",
    )


def planned(files: int, own: Settings) -> dict[str, Any]:
    """List and plan; the listing's digest and size in MB, and the peak."""
    recipe, lake = recipe_of(), Lake(own)
    with TemporaryDirectory() as folder, patch.object(Lake, "unsorted", lambda *_: made_up(files)):
        file = Path(folder, "listing")
        found = list_into(file, recipe.file_sources, own)
        lake.put(listing_key(found.digest), file)
        size = file.stat().st_size
    plan = make_plan(recipe, lake, listing_digest=found.digest)
    forecast(recipe, plan, lake)
    commit_idle(plan, lake)
    return {"digest": found.digest, "listing_mb": size / 1e6, "planning_mb": memory_mb("VmHWM")}


def divided(digest: str, own: Settings) -> dict[str, Any]:
    """Divide the listed files into shards; how many, and the peak."""
    artifact, config = Artifact("ingest", "bench"), recipe_of().ingest_config()
    shards = pieces(Context(Lake(own), config, Resources(), {}, {LISTING: digest}, artifact))
    return {"shards": len(shards), "driver_mb": memory_mb("VmHWM")}


def of(files: int) -> dict[str, Any]:
    """What so many files take."""
    spawn = multiprocessing.get_context("spawn")
    with own_store() as own:
        with spawn.Pool(1) as pool:
            found = pool.apply(planned, (files, own))
        with spawn.Pool(1) as pool:
            return {**found, **pool.apply(divided, (found["digest"], own))}


def measure(files: int) -> dict[str, Any]:
    """Both listings."""
    fewer, all_files = of(files // FEWER), of(files)
    figures = {"files": files, "fewer_files": files // FEWER, "fewer": fewer, "all": all_files}
    return {"ratios": {"planning_memory": all_files["planning_mb"] / fewer["planning_mb"]}, "figures": figures}


if __name__ == "__main__":
    parser = arguments_of(__doc__)
    parser.add_argument("--files", type=int, default=10_000_000, help="files of the larger listing")
    given = parser.parse_args()
    result = measure(given.files)
    for name in ("fewer", "all"):
        print(name, *(f"{key} {value}" for key, value in result["figures"][name].items()), sep="   ")
    publish(result, given)
