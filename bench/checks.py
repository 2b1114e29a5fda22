"""What it costs to hold inputs to their records, as a share of the stages that read them, from `clean` to `select`.

A crawl goes through the stages in one process. Each row group that a stage reads is read again beside it, with the
checksums of its pages looked at and without: the difference is what the check costs. So is what it takes to hash a
footer once more. Seconds are of the processor, and those of the repetitions aren't the stage's.

    python -m bench.checks --json FILE [--megabytes 500]
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from weakref import WeakKeyDictionary

import pyarrow.parquet as pq

from bench.command import command
from bench.growth import DAYS, recipe_of, write_crawl
from bench.store import own_store
from smelt.engine.make import make_artifact, make_context, serially
from smelt.lake import Lake, Manifest, PartRecord, held
from smelt.lake.artifact import footer_length
from smelt.plan import make_plan
from smelt.sources.listing import kept_listing

STAGES = ("clean", "score", "select")
REPEATS = 4


class Cost:
    """Processor seconds of checks, and of the repetitions by which they are found.

    Attributes:
        checks: what the checks have taken so far.
        aside: what was spent beside the stage.
    """

    def __init__(self) -> None:
        self.checks = self.aside = 0.0

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is done meanwhile is none of the stage's work."""
        began = time.process_time()
        yield
        self.aside += time.process_time() - began

    def count(self, check: Callable[[], object], without: Callable[[], object] = lambda: None) -> None:
        """Add what ``check`` takes more than ``without``: of each the fastest of several, done in turns."""
        seconds = [[_seconds(repeat) for repeat in (check, without)] for _ in range(REPEATS)]
        checking, plain = map(min, zip(*seconds, strict=True))
        self.checks += checking - plain


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@contextmanager
def measured(cost: Cost) -> Iterator[None]:
    """Let what is read from Parquet meanwhile, held to its record, be counted."""
    open_parquet, read_row_group = held.open_parquet, held.HeldParquet.read_row_group
    contents: WeakKeyDictionary[held.HeldParquet, bytes] = WeakKeyDictionary()

    def opening(lake: Lake, manifest: Manifest, part: PartRecord | str, suffix: str = ".parquet") -> held.HeldParquet:
        file = open_parquet(lake, manifest, part, suffix)
        with cost.beside():
            record = manifest.part(part) if isinstance(part, str) else part
            contents[file] = content = lake.get(manifest.key(record, suffix))
            length = footer_length(content)
            assert length is not None
            footer = content[-length:]
            cost.count(lambda: hashlib.sha256(footer).digest())
        return file

    def reading(self: held.HeldParquet, *arguments: Any, **options: Any) -> Any:
        def again(verify: bool) -> Callable[[], object]:
            source = io.BytesIO(contents[self])
            file = pq.ParquetFile(source, metadata=self.metadata, pre_buffer=True, page_checksum_verification=verify)
            return lambda: file.read_row_group(*arguments, **options)

        with cost.beside():
            cost.count(again(True), again(False))
        return read_row_group(self, *arguments, **options)

    with patch.object(held, "open_parquet", opening), patch.object(held.HeldParquet, "read_row_group", reading):
        yield


def through(lake: Lake) -> dict[str, dict[str, float]]:
    """Processor seconds of each stage, and of the checks in it."""
    recipe = recipe_of(DAYS, 100)
    files = kept_listing(recipe.file_sources, lake)
    found = {}
    for planned in make_plan(recipe, lake, listing_digest=files.digest).stages:
        cost, began = Cost(), time.process_time()
        with measured(cost):
            make_artifact(planned, make_context(recipe, planned, lake), serially)
        if planned.stage in STAGES:
            found[planned.stage] = {"seconds": time.process_time() - began - cost.aside, "checks": cost.checks}
        if planned.stage == STAGES[-1]:
            break
    return found


def measure(megabytes: float) -> dict[str, Any]:
    """Seconds of stages and their checks, and the checks' shares."""
    with own_store() as settings:
        write_crawl(settings, 1)
        through(Lake(settings, url="s3://smelt/warm-up"))  # compiled code is loaded, and the model
        write_crawl(settings, megabytes)
        stages = through(Lake(settings, url="s3://smelt/measured"))
    everything = {name: sum(stage[name] for stage in stages.values()) for name in ("seconds", "checks")}
    shares = {name: stage["checks"] / stage["seconds"] for name, stage in {**stages, "all": everything}.items()}
    return {"ratios": shares, "figures": {"megabytes": megabytes, "stages": stages}}


def table(figures: dict[str, Any]) -> list[str]:
    """Seconds of each stage."""
    return [
        f"{name:8} {stage['seconds']:8.2f} s, of which checks {stage['checks']:6.3f} s"
        for name, stage in figures["stages"].items()
    ]


if __name__ == "__main__":
    command(__doc__, measure, table, megabytes=500.0)
