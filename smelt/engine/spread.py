"""Spreading shards over Ray tasks, with bounded work in flight."""

import time
from collections.abc import Iterator
from typing import Any

import ray

from smelt import log, metrics
from smelt.engine.make import load_stage, work_on
from smelt.lake import PartRecord
from smelt.metrics import record
from smelt.recipe.resources import Resources
from smelt.stage import Context, Shard


def over_ray(context: Context, round_index: int, shards: list[Shard]) -> Iterator[PartRecord]:
    """A mapper over Ray tasks; a shard whose worker dies is tried again on another.

    No more than two shards per worker are in flight, so that neither the driver nor the object store
    holds more than that, at any corpus size. Workers are counted anew as shards end: those that wait make
    an autoscaler add nodes, and nodes that were added are given shards. What costs less than to start a worker is done
    here (``Round.in_driver``).
    """
    if load_stage(context.artifact.stage).rounds[round_index].in_driver(context):
        yield from (work_and_tell(context, round_index, shard) for shard in shards)
        return
    resources = context.resources
    task = ray.remote(work_and_tell).options(
        num_cpus=resources.cpus,
        num_gpus=resources.gpus,
        memory=int(resources.memory_gb * 2**30),
        max_retries=resources.retries,
        name=f"{context.artifact.stage}:{round_index}",
    )
    shared = ray.put(context)
    waiting = iter(shards)
    flying: list[ray.ObjectRef] = []
    while True:
        while len(flying) < 2 * _num_workers(resources) and (shard := next(waiting, None)) is not None:
            flying.append(task.remote(shared, round_index, shard))
        if not flying:
            return
        done, flying = ray.wait(flying, num_returns=1)
        for ref in done:
            yield result_of(ref)


def work_and_tell(context: Context, round_index: int, shard: Shard) -> PartRecord:
    """``work_on``, with what the worker's log and metrics say of it."""
    log.start()
    run, stage = context.run, context.artifact.stage
    started = time.perf_counter()
    with log.bound(run=run, stage=stage, part=shard.name):
        try:
            made = work_on(context, round_index, shard)
        except Exception as error:
            record(metrics.PART_FAILURES, run=run, stage=stage, error=type(error).__name__)
            log.logger.debug("failed: %s: %s", type(error).__name__, error)
            raise
        seconds, num_bytes = time.perf_counter() - started, sum(item.bytes for item in made.files.values())
        log.logger.debug("%d rows, %d bytes in %.2f s", made.rows, num_bytes, seconds)
    record(metrics.PART_SECONDS, seconds, run=run, stage=stage)
    record(metrics.DOCUMENTS, made.stats.get("documents"), run=run, stage=stage)
    record(metrics.BYTES, num_bytes, run=run, stage=stage)
    return made


def _num_workers(resources: Resources) -> int:
    return resources.workers or max(1, int(ray.cluster_resources().get("CPU", 1) / max(resources.cpus, 0.1)))


def result_of(ref: ray.ObjectRef) -> Any:
    """What a task or an actor has made.

    Raises:
        Exception: what it raised, as it raised it: the first line of Ray's wrapping names the process alone.
    """
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if error.cause is not None else error from error
