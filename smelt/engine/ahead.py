"""A stage's job that is started ahead, while Airflow still comes to its task.

A job costs the starts of two or three processes, and Airflow some seconds from one task to the next. So the job that
has made an artifact starts the jobs of what follows it before it asks its gate. Such a job waits until every gate
before it has passed, and goes to work; Airflow's task finds it by its id, as it finds any job, and follows it.

What runs is Airflow's to decide as ever. The object ``runs/<run>/ahead/<stage>`` is there from the start of a job
ahead until the stage's task has come to it. A job whose task doesn't come within ``WAITS_S`` ends itself, so that a run
that was cancelled costs no more than that, and what it has made stays, as after any kill. Until its task has come,
nothing that follows it goes to work: a run is never more than one stage ahead. A training is never started ahead, since
the pool says whose turn it is.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator

from smelt import log
from smelt.errors import LakeError, SmeltError
from smelt.gates.result import GateResult
from smelt.lake import Lake
from smelt.plan import Planned
from smelt.pool import DEFAULT_POOL, pool_of
from smelt.recipe.graph import STAGES, direct_inputs, spec
from smelt.run import Run
from smelt.steering import stopping

WAITS_S = 120.0
"""Seconds for which a job ahead waits for the gates before it, and then works without its task."""
LOOKS_EVERY_S = 0.5


def start(lake: Lake, run: Run, stage: str, last: str, ray_api: str) -> None:
    """Start the jobs of what follows a stage whose artifact is there; what can't be started is left to its task.

    Args:
        last: the last stage of the DAG that the run is of.
        ray_api: address of the cluster's Jobs API.
    """
    try:
        if stopping.request_of(lake, run.id) is None:
            for planned in _followers(lake, run, stage, last):
                asyncio.run(_submit(lake, run, planned, last, ray_api))
    except SmeltError as error:
        log.logger.debug("nothing was started ahead: %s", error)


def goes(lake: Lake, run: Run, stage: str) -> bool:
    """Wait until a job ahead may go to work; whether it may.

    Not where a gate has failed, the run was asked to stop, or all that was waited for didn't come in time.
    """
    until = time.monotonic() + WAITS_S
    before = [name for name in direct_inputs(spec(stage)) if name in _names(run)]
    while time.monotonic() < until:
        if not is_ahead(lake, run.id, stage):
            return True  # its task is there, which starts no job before its time
        if stopping.request_of(lake, run.id) is not None:
            break
        verdicts = [_verdict(lake, run.planned(name)) for name in before]
        if False in verdicts:
            break
        if all(verdicts) and not any(is_ahead(lake, run.id, name) for name in before):
            return True
        time.sleep(LOOKS_EVERY_S)
    came(lake, run.id, stage)
    return False


def end_unless_followed(lake: Lake, run_id: str, stage: str) -> None:
    """From now on, end this process where the stage's task doesn't come in time."""
    threading.Thread(target=_watch, args=(lake, run_id, stage), daemon=True).start()


def came(lake: Lake, run_id: str, stage: str) -> None:
    """The task of a stage has come to it, or its job ahead isn't any more (blocks)."""
    lake.delete([_key(run_id, stage)])


def is_ahead(lake: Lake, run_id: str, stage: str) -> bool:
    """Whether a stage has a job that was started ahead, and its task hasn't come to it yet (blocks)."""
    return lake.exists(_key(run_id, stage))


def _followers(lake: Lake, run: Run, stage: str, last: str) -> Iterator[Planned]:
    """The stages to do that wait for this one, in this DAG, and for nothing else that isn't made."""
    order = [item.name for item in STAGES]
    there = {item.stage for item in run.plan.stages}
    for planned in run.plan.stages:
        item = spec(planned.stage)
        before = [name for name in direct_inputs(item) if name in there]
        if planned.cached or planned.drift or stage not in before or order.index(item.name) > order.index(last):
            continue
        made = (run.planned(name).artifact.manifest(lake) is not None for name in [*before, planned.stage])
        if pool_of(item) == DEFAULT_POOL and [*made] == [True] * len(before) + [False]:
            yield planned


async def _submit(lake: Lake, run: Run, planned: Planned, last: str, ray_api: str) -> None:
    from smelt.engine.jobs import Jobs, attempt_of, entrypoint_of, first_id  # with httpx, which not every job needs

    lake.put(_key(run.id, planned.stage), b"")
    name, own, found = first_id(planned), attempt_of(run.id, planned.stage, 1), None
    try:
        async with Jobs(lake.settings, ray_api) as jobs:
            if await jobs.find(name) is None:
                command = f"{entrypoint_of(run.id, planned.stage, last)} --ahead"
                found = await jobs.submit(name, command, own)
    finally:
        if found is None or found.metadata != own:
            came(lake, run.id, planned.stage)


def _verdict(lake: Lake, planned: Planned) -> bool | None:
    """Whether a stage's gate has passed; None where it has no result yet."""
    found = lake.find_json(planned.gate_key)
    return None if found is None else GateResult.model_validate(found).success


def _watch(lake: Lake, run_id: str, stage: str) -> None:
    until = time.monotonic() + WAITS_S
    while time.monotonic() < until:
        time.sleep(LOOKS_EVERY_S)
        try:
            if not is_ahead(lake, run_id, stage):
                return
        except LakeError:
            until += LOOKS_EVERY_S  # nobody can come while the store is away
    log.logger.warning("%s was started ahead, and nobody has asked for it since: it ends; what is made stays", stage)
    came(lake, run_id, stage)
    os._exit(0)  # a success without an artifact: whoever wants it starts the next job


def _names(run: Run) -> set[str]:
    return {item.stage for item in run.plan.stages}


def _key(run_id: str, stage: str) -> str:
    return f"runs/{run_id}/ahead/{stage}"
