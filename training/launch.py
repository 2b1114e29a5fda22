"""Launching the trainer's processes with Ray Train: one a GPU, or CPU workers with gloo.

When a process dies, Ray Train ends the others and starts all anew, and they go on from the last committed
checkpoint. As long as checkpoints are being committed it may try as often as it takes, and a few times without one,
since machines may well be lost twice while a long block lasts.

Processes whose node is going to be taken away (``smelt.engine.drain``) save where they are and leave; the stage then
launches again, with as many workers as the recipe asks for, or where it leaves that open (``workers``,
``min_workers``) as the cluster has by then.
"""

import logging
import os
import time

import ray
import torch
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer
from ray.train.v2.api.exceptions import TrainingFailedError, WorkerGroupError

from smelt import log
from smelt.disk import told_when_full
from smelt.engine.drain import leaving_nodes, watch_for_notice
from smelt.errors import SmeltError
from smelt.recipe.training.config import TrainConfig, layout_rules
from smelt.recipe.training.rules import broken
from smelt.stage import Context, Resources
from training.blocks.plan import require_layout

logger = logging.getLogger(__name__)

QUIET = {
    "RAY_TRAIN_ENABLE_STATE_ACTOR_RECONCILIATION": "0",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "1",
}
"""Ray Train's options: no helper actors that nobody asks, and a dead worker noticed within a second."""

COLLECTIVE_TIMEOUT_S = 1800
"""Seconds that a collective waits for the slowest process, which may be waiting for a block or writing a checkpoint;
longer than that, and the processes are ended and started anew from the last checkpoint."""
MAX_FAILURES = 4
"""Launches in a row that failed without a new checkpoint, which end the training."""
PAUSE_S = 10.0
"""After the first of them; twice as long after each that follows."""


def launch(context: Context) -> None:
    """Train with the workers that the resources say, to the end, or until a node of theirs is taken away.

    Raises:
        SmeltError: the one a worker raised, or that workers keep dying without getting any further.
    """
    os.environ.update(QUIET)
    done, failed = len(context.records("checkpoints")), 0
    while True:
        workers = num_workers(context.config, context.resources)
        require_layout(context.config, workers)
        if workers < (context.resources.workers or 0):
            logger.warning("training with %d of %d workers, all that there are", workers, context.resources.workers)
        try:
            _trainer(context, workers).fit()
            return
        except TrainingFailedError as error:
            raised = _cause(error)
            committed = len(context.records("checkpoints"))
            failed = failed + 1 if committed == done else 0
            if isinstance(raised, SmeltError) or failed == MAX_FAILURES:
                raise raised from None
            if failed:
                time.sleep(PAUSE_S * 2 ** (failed - 1))
            done = committed


def num_workers(config: TrainConfig, resources: Resources) -> int:
    """As many workers as asked for, if need be as few as ``min_workers``; unasked, the most that the cluster has.

    Fewer than all are as many as the recipe's sizes allow. Where not even the fewest are there, Ray waits for them.
    """
    if resources.workers and resources.min_workers is None:
        return resources.workers
    most = _places(resources)
    least = resources.min_workers or 1
    fits = [n for n in range(least, (resources.workers or most) + 1) if broken(layout_rules(config, workers=n)) is None]
    there = [n for n in fits if n <= most]
    return there[-1] if there else next(iter(fits), resources.workers or max(1, most))


def _places(resources: Resources) -> int:
    """Workers that the cluster has room for, but for nodes that are going to be taken away."""
    leaving = leaving_nodes()
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"] and node["NodeID"] not in leaving]
    kind, each = ("GPU", resources.gpus) if resources.gpus else ("CPU", resources.cpus)
    return int(sum(node.get(kind, 0) // each for node in nodes))


def _trainer(context: Context, workers: int) -> TorchTrainer:
    resources = context.resources
    each: dict[str, float] = {"CPU": resources.cpus, "memory": resources.memory_gb * 2**30}
    if resources.gpus:
        each["GPU"] = resources.gpus
    return TorchTrainer(
        _work,
        train_loop_config={"context": context},
        scaling_config=ScalingConfig(
            num_workers=workers,
            use_gpu=resources.gpus > 0,
            resources_per_worker=each,
            placement_strategy="PACK",  # nodes are filled one after the other: tensor-parallel neighbours share one
        ),
        torch_config=TorchConfig(backend="nccl" if resources.gpus else "gloo", timeout_s=COLLECTIVE_TIMEOUT_S),
        run_config=RunConfig(
            name=context.artifact.fingerprint,
            storage_path=str((context.lake.settings.home / "ray-train").resolve()),
            failure_config=FailureConfig(max_failures=0),
        ),
    )


def _work(given: dict) -> None:
    """One worker, in its own process; its process group exists already."""
    from training.model.processes import start_parallel
    from training.steps.loop import train

    context: Context = given["context"]
    log.start()
    if not torch.cuda.is_available():
        torch.set_num_threads(max(1, int(context.resources.cpus)))
    parallel = context.config.training.parallel
    start_parallel(tensor=parallel.tensor, pipeline=parallel.pipeline)
    with told_when_full(context.lake.settings.home):
        train(context, watch_for_notice())


def _cause(error: TrainingFailedError) -> BaseException:
    """What a worker raised, rather than Ray's account of it."""
    if isinstance(error, WorkerGroupError):
        for failure in error.worker_failures.values():
            cause = getattr(failure, "cause", None) or failure
            if isinstance(cause, SmeltError):
                return cause
    return error
