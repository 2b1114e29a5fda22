"""Making an artifact: do the shards that have no record yet, then commit the manifest.

How shards are spread is the mapper's business (Ray in jobs, one after the other in tests); which
shards there are, what a part is called and what the manifest says do not depend on it. Nor do they depend on
whether a part was made for this artifact or is one that another has made of the same.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from smelt import log
from smelt.disk import told_when_full
from smelt.engine.gather import gather
from smelt.engine.manifest import manifest_of
from smelt.engine.sharing import shared_part
from smelt.errors import LakeError, SmeltError, StageError
from smelt.lake import Artifact, Lake, Manifest, PartRecord, held
from smelt.lake.artifact import merge_stats
from smelt.metrics import PARTS_REUSED
from smelt.metrics import record as count
from smelt.plan import Planned, is_kind
from smelt.recipe.graph import IMPLEMENTATION_OF_JUDGEMENT, JUDGEMENT, STAGES, spec
from smelt.recipe.recipe import Recipe
from smelt.stage import Context, Progress, Shard, Stage

CHECKED_AT_ONCE = 8
"""Objects of an earlier attempt that are read at the same time, some 8 MiB of memory each."""
Mapper = Callable[[Context, int, list[Shard]], Iterator[PartRecord]]
"""Works on the shards of a stage's n-th round and yields the records as they are written, in any order."""


def make_artifact(planned: Planned, context: Context, mapper: Mapper) -> Manifest:
    """Make what is missing of an artifact and commit it; an artifact that exists is returned as it is.

    Raises:
        StageError: when an input is not there, or no longer.
        SmeltError: as the stage's functions do.
    """
    if (found := context.artifact.manifest(context.lake)) is not None:
        return found
    if planned.drift:
        raise StageError(
            "the pinned artifact is not in the lake",
            where=f"pins.{planned.stage}: {planned.fingerprint}",
            mend="remove the pin, or restore the artifact",
        )
    started, began = time.time(), time.monotonic()
    stage = load_stage(planned.kind)
    try:
        with told_when_full(context.lake.settings.home):
            if planned.days:
                everything, final = gather(planned, context)
            elif stage.run is not None:
                final = stage.run(context)
                everything = final
            else:
                everything, final = _do_rounds(stage, context, mapper)
    except Exception as error:
        _require_inputs(planned, context.lake, error)
        raise
    stats = merge_stats([record.stats for record in everything])
    manifest = manifest_of(planned, final, stats, started, time.monotonic() - began)
    committed = context.artifact.commit(context.lake, manifest)
    shutil.rmtree(context.scratch, ignore_errors=True)
    return committed


def make_context(
    recipe: Recipe,
    planned: Planned,
    lake: Lake,
    report: Callable[[Progress], None] = lambda progress: None,
    *,
    run: str = "",
    unfinished: Mapping[str, Manifest] = MappingProxyType({}),
) -> Context:
    """The context of a planned stage.

    Args:
        unfinished: by kind, what is known of inputs that are still being made; all others must exist.

    Raises:
        StageError: when an input is not there.
    """
    inputs = dict(unfinished)
    for name, value in planned.inputs.items():
        if not is_kind(name) or name in unfinished:
            continue
        manifest = Artifact(name, value).manifest(lake)
        if manifest is None:
            raise _missing(planned, name)
        inputs[name] = manifest
    return Context(
        lake=lake,
        config=spec(planned.stage).config(recipe),
        resources=recipe.resources_of(planned.stage),
        inputs=inputs,
        external={name: value for name, value in planned.inputs.items() if not is_kind(name)},
        artifact=planned.artifact,
        report=report,
        run=run,
    )


def _require_inputs(planned: Planned, lake: Lake, error: Exception) -> None:
    """Tell an error by its cause where that is an input which somebody has taken away meanwhile."""
    for name, value in planned.inputs.items():
        try:
            gone = is_kind(name) and Artifact(name, value).manifest(lake) is None
        except LakeError:
            return  # what the stage has failed with is what counts
        if gone:
            raise _missing(planned, name) from error


def _missing(planned: Planned, name: str) -> StageError:
    return StageError(
        "an input is missing",
        where=f"{planned.stage} needs {name}/{planned.inputs[name]}",
        mend="start the run again: it makes what it lacks",
    )


def load_stage(kind: str) -> Stage:
    """The implementation of a kind of stage, imported by the name that its spec gives."""
    implementations = {stage.kind: stage.implementation for stage in STAGES} | {JUDGEMENT: IMPLEMENTATION_OF_JUDGEMENT}
    found: Stage = load(implementations[kind])
    return found


def load(name: str) -> Any:
    """What ``module:attribute`` names; its libraries are imported only here."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def work_on(context: Context, round_index: int, shard: Shard) -> PartRecord:
    """One shard, from input to committed part, or to one of another artifact's that is the same. Runs in a worker.

    Raises:
        SmeltError: as the stage's function does; other errors are named with stage and shard.
    """
    current = load_stage(context.artifact.stage).rounds[round_index]
    try:
        shared = None
        if current.made_of is not None:
            of = current.made_of(context, shard)
            shared = shared_part(context, current.name, of, as_it_is=current.as_it_is)
        if shared and (found := shared.take_over(context.lake, context.artifact, current.name, shard.name)):
            count(PARTS_REUSED, 1, run=context.run, stage=context.artifact.stage)
            return found
        with told_when_full(context.lake.settings.home):
            part = current.work(context, shard)
    except SmeltError:
        raise
    except Exception as error:
        error.add_note(f"while {context.artifact.stage} worked on {current.name}/{shard.name}")
        raise
    record = context.artifact.write_part(
        context.lake,
        current.name,
        shard.name,
        files=part.files,
        rows=part.rows,
        stats=part.stats,
        content_digest=part.content_digest,
        shared=shared.root if shared else "",
    )
    for content in part.files.values():
        if isinstance(content, Path):
            content.unlink()
    return record


def serially(context: Context, round_index: int, shards: list[Shard]) -> Iterator[PartRecord]:
    """A mapper that works in this process, one shard after the other."""
    for shard in shards:
        yield work_on(context, round_index, shard)


def _do_rounds(stage: Stage, context: Context, mapper: Mapper) -> tuple[list[PartRecord], list[PartRecord]]:
    """All records of all rounds, and those of the last round in shard order."""
    everything: list[PartRecord] = []
    ordered: list[PartRecord] = []
    for index, current in enumerate(stage.rounds):
        shards = current.shards(context)
        if len({shard.name for shard in shards}) != len(shards):
            raise StageError("two shards have the same name", where=f"{stage.name}/{current.name}")
        records = _taken_over(context, current.name)
        missing = [shard for shard in shards if shard.name not in records]
        count(PARTS_REUSED, len(records), run=context.run, stage=stage.name)
        unit = "parts" if len(stage.rounds) == 1 else f"{current.name} ({index + 1} of {len(stage.rounds)})"
        tally = _Tally(context, len(shards), unit, list(records.values()))
        quiet = replace(context, report=_silent)
        for part in mapper(quiet, index, missing):
            records[part.name] = part
            tally.add(part)
        ordered = [records[shard.name] for shard in shards]
        everything += ordered
    return everything, ordered


def _taken_over(context: Context, round_name: str) -> dict[str, PartRecord]:
    """Records of parts that an earlier attempt has made, and whose objects still are what they were then.

    A part that was damaged or taken away since is made anew.
    """
    lake, artifact = context.lake, context.artifact
    records = artifact.records(lake, round_name)

    def wrong(record: PartRecord) -> str | None:
        for suffix, file in record.files.items():
            key = artifact.key_of(record, suffix)
            if found := held.checked(lake, key, file):
                return f"{lake.path(key)} {found}"
        return None

    with ThreadPoolExecutor(CHECKED_AT_ONCE) as threads:
        damages = dict(zip(records, threads.map(wrong, records.values()), strict=True))
    for name, damage in damages.items():
        if damage:
            log.logger.warning("part %s is made anew: %s", name, damage)
            del records[name]
    return records


class _Tally:
    """Adds up the figures that progress shows; what an earlier attempt has made is there from the first."""

    def __init__(self, context: Context, total: int, unit: str, made: list[PartRecord]) -> None:
        self.context, self.total, self.unit = context, total, unit
        self.done, self.figures = 0, dict[str, float]()
        for record in made:
            self._count(record)
        self._report()

    def add(self, record: PartRecord) -> None:
        self._count(record)
        self._report()

    def _report(self) -> None:
        self.context.report(Progress(self.done, self.total, self.unit, dict(self.figures)))

    def _count(self, record: PartRecord) -> None:
        self.done += 1
        for name in ("documents", "tokens", "bytes"):
            if isinstance(value := record.stats.get(name), int):
                self.figures[name] = self.figures.get(name, 0) + value


def _silent(progress: Progress) -> None:
    """Workers don't report: the driver does."""
