"""Spreading shards over Ray tasks, with bounded work in flight."""

from collections.abc import Iterator

import ray

from smelt.engine.make import work_on
from smelt.lake import PartRecord
from smelt.recipe.resources import Resources
from smelt.stage import Context, Shard


def over_ray(context: Context, round_index: int, shards: list[Shard]) -> Iterator[PartRecord]:
    """A mapper over Ray tasks; a shard whose worker dies is tried again on another.

    No more than two shards per worker are in flight, so that neither the driver nor the object store
    holds more than that, at any corpus size. Workers are counted anew as shards end: those that wait make
    an autoscaler add nodes, and nodes that were added are given shards.
    """
    resources = context.resources
    task = ray.remote(work_on).options(
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
            yield _result(ref)


def _num_workers(resources: Resources) -> int:
    return resources.workers or max(1, int(ray.cluster_resources().get("CPU", 1) / max(resources.cpus, 0.1)))


def _result(ref: ray.ObjectRef) -> PartRecord:
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if error.cause is not None else error from error
