"""The Ray job of a stage: make its artifact, then run its gate.

Entry point ``python -m smelt.engine.job --run RUN --stage STAGE``; with ``--judge CHECKPOINT`` it judges a checkpoint
of that training, which goes on; with ``--last STAGE`` it starts what follows ahead, and with ``--ahead`` it was itself
(see ``ahead``). The last line of a failed job is ``error: ...``, which is what the operator shows.
"""

import argparse
import logging
import sys
import time
from datetime import UTC, datetime

import ray

from smelt import log, metrics, saved
from smelt.engine import ahead
from smelt.engine.make import load, make_artifact, make_context
from smelt.engine.progress import ProgressWriter
from smelt.engine.spread import over_ray
from smelt.errors import USER_ERROR, DiskFullError, LakeOutageError, SmeltError
from smelt.gates.actor import gate_in_actor, warm_gate
from smelt.lake import Lake
from smelt.metrics import record
from smelt.recipe.graph import EARLY
from smelt.run import Run, load_run, progress_key, run_key
from smelt.steering.stopping import STOPPED, StoppedError

TELLS_WITHIN_S = 5.0
"""Seconds that a store is waited for by a job that has failed, maybe for its absence."""


def main() -> int:
    """Exit status 0 when the artifact exists and its gate has a result; the gate task reads the verdict."""
    parser = argparse.ArgumentParser(prog="smelt.engine.job")
    parser.add_argument("--run", required=True)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--judge", default="")
    parser.add_argument("--last", default="")
    parser.add_argument("--ahead", action="store_true")
    arguments = parser.parse_args()
    log.start()
    with log.bound(run=arguments.run, stage=arguments.stage):
        try:
            if arguments.judge:
                judge(arguments.run, arguments.stage, arguments.judge)
            else:
                run_stage(arguments.run, arguments.stage, arguments.last, started_ahead=arguments.ahead)
        except StoppedError as stop:
            _tell_end(arguments.run, arguments.stage, "stopped", str(stop))
            log.logger.info("%s", stop)
            return STOPPED
        except SmeltError as error:
            if not arguments.judge:
                _tell_end(arguments.run, arguments.stage, "failed", str(error))
            log.logger.error("%s", error)
            return 1 if isinstance(error, LakeOutageError | DiskFullError) else USER_ERROR
        except Exception as error:
            line = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            if not arguments.judge:
                _tell_end(arguments.run, arguments.stage, "failed", line)
            log.logger.exception("%s", line)
            return 1
    return 0


def run_stage(run_id: str, stage: str, last: str = "", *, started_ahead: bool = False) -> None:
    """Make the artifact of one stage of a run, and its gate's result.

    Args:
        last: what follows, up to this stage, is started ahead; "" for nothing.
        started_ahead: whether this stage was.
    """
    lake = Lake.connect()
    run = load_run(lake, run_id)
    planned = run.planned(stage)
    log.logger.info("%s: artifact %s (%s)", stage, lake.path(planned.artifact.root), planned.reason)
    ray_api = _connect(lake)
    warm_gate()
    if started_ahead:
        if not ahead.goes(lake, run, stage):
            log.logger.info("%s was started ahead, and is not wanted yet", stage)
            return
        ahead.end_unless_followed(lake, run_id, stage)
    _count_start(lake, run, stage)
    report = ProgressWriter(lake, run_id, stage)
    context = make_context(run.recipe, planned, lake, report, run=run_id)
    started = time.perf_counter()
    if planned.kind == "train":
        saved.watch(lake, run_id, stage)
    manifest = make_artifact(planned, context, over_ray)
    if planned.kind == "train":
        saved.unwatch(lake, run_id, stage)
    record(metrics.STAGE_SECONDS, time.perf_counter() - started, run=run_id, stage=stage)
    sizes = f"{manifest.rows:,} rows, {manifest.bytes:,} bytes"
    log.logger.info("%s: %s, digest %s", stage, sizes, manifest.digest[:12])
    if last:
        ahead.start(lake, run, stage, last, ray_api)
    result = gate_in_actor(lake, manifest, context.inputs, run.recipe.gates)
    passed = sum(item.success for item in result.expectations)
    verdict = "passed" if result.success else "failed"
    record(metrics.GATES, run=run_id, stage=stage, verdict=verdict)
    log.logger.info("%s: gate %s: %d of %d expectations hold", stage, verdict, passed, len(result.expectations))


def judge(run_id: str, training: str, checkpoint: str) -> None:
    """Judge a checkpoint that waits for it, for a run whose training goes on.

    Raises:
        SmeltError: as the evaluation does.
    """
    lake = Lake.connect()
    run = load_run(lake, run_id)
    _connect(lake)
    planned, train = run.planned("evaluate"), run.planned(training)
    there = {name: value for name, value in planned.inputs.items() if name != train.kind}
    context = make_context(run.recipe, planned.model_copy(update={"inputs": there}), lake, run=run_id)
    log.logger.info("%s: judging %s", lake.path(train.artifact.root), checkpoint)
    load(EARLY)(context, train, checkpoint, over_ray)
    saved.judged(lake, train.artifact, checkpoint, planned.artifact)


def _connect(lake: Lake) -> str:
    """Join the cluster; the address of its Jobs API."""
    context = ray.init(
        address=lake.settings.ray_address,
        namespace="smelt",
        log_to_driver=True,
        logging_level=logging.WARNING,
        configure_logging=True,
        # in this form Ray passes on what workers print as they printed it
        logging_config=ray.LoggingConfig(encoding="JSON", log_level="WARNING") if log.structured() else None,
    )
    return f"http://{context.dashboard_url}"


def _count_start(lake: Lake, run: Run, stage: str) -> None:
    """The run's first job counts what its plan found cached, and how long it took to come to work; all count hits."""
    first = next(iter(run.plan.to_do), stage) == stage and "started" not in (
        lake.find_json(progress_key(run.id, stage)) or {}
    )
    if first:
        waited = datetime.now(UTC) - datetime.fromisoformat(run.created)
        record(metrics.FIRST_STAGE, max(0.0, waited.total_seconds()))  # of two machines' clocks
    for planned in run.plan.stages:
        hit = first if planned.cached else planned.stage == stage and planned.artifact.manifest(lake) is not None
        if hit:
            record(metrics.CACHE_HITS, run=run.id, stage=planned.stage)


def _tell_end(run_id: str, stage: str, state: str, line: str) -> None:
    """Leave in the stage's progress how it has ended and why, where the run is there and the lake can be written."""
    try:
        lake = Lake.connect(TELLS_WITHIN_S)
        if lake.exists(run_key(run_id)):
            key = progress_key(run_id, stage)
            before = lake.find_json(key) or {"stage": stage, "done": 0, "total": 0, "unit": "parts", "figures": {}}
            now = datetime.now(UTC).isoformat(timespec="seconds")
            lake.put_json(key, {**before, "state": state, "error": line, "updated": now, "eta_s": None})
    except Exception as error:  # what the job has failed with is what counts
        log.logger.warning("the end could not be told in the lake: %s", error)


if __name__ == "__main__":
    sys.exit(main())
