"""What is counted while stages and the trainer run, under the names by which Prometheus gets it.

Ray carries the figures: a process that works for it hands them to its node's agent every 10 s and when it ends, and
each node serves all it was given at its metrics port, with ``ray_`` before the names. A process that no Ray runs in
(tests, ``training.local``) records nothing. Figures are for looking at: nothing that is decided, stored or
fingerprinted depends on them. ``helm/smelt/dashboards/smelt.json`` draws them.
"""

import math
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
"""Bounds of a histogram's buckets."""


@dataclass(frozen=True)
class Metric:
    """A counter (only ever added to), a gauge (the last value) or a histogram of seconds.

    Attributes:
        name: as code knows it.
        labels: what every value must say of itself.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...]

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the time series that Prometheus has of it."""
        suffixes = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
        return tuple(f"ray_{self.name}{suffix}" for suffix in suffixes[self.kind])


_STAGE, _TRAIN = ("run", "stage"), ("run",)

PROGRESS = Metric("smelt_stage_done_ratio", "gauge", "Share of a running stage's shards or steps that are done", _STAGE)
STAGE_SECONDS = Metric("smelt_stage_seconds", "counter", "Seconds that making artifacts took", _STAGE)
FIRST_STAGE = Metric("smelt_first_stage_seconds", "histogram", "From a run's plan to its first stage at work", ())
PART_SECONDS = Metric("smelt_part_seconds", "histogram", "From a shard to its committed part", _STAGE)
PART_FAILURES = Metric("smelt_part_failures", "counter", "Shards whose work raised an error", (*_STAGE, "error"))
PARTS_REUSED = Metric("smelt_parts_reused", "counter", "Parts that an earlier attempt or another artifact made", _STAGE)
DOCUMENTS = Metric("smelt_documents", "counter", "Documents in committed parts", _STAGE)
BYTES = Metric("smelt_bytes", "counter", "Bytes of objects in committed parts", _STAGE)
CACHE_HITS = Metric("smelt_cache_hits", "counter", "Artifacts that a run's plan or job found made", _STAGE)
GATES = Metric("smelt_gates", "counter", "Gates by verdict: passed or failed", (*_STAGE, "verdict"))

TRAIN_STEP = Metric("smelt_train_step", "gauge", "Steps done", _TRAIN)
TRAIN_LOSS = Metric("smelt_train_loss", "gauge", "Mean loss per token, nats", _TRAIN)
TRAIN_LABEL_LOSS = Metric("smelt_train_label_loss", "gauge", "The same by lang/domain", (*_TRAIN, "label"))
TRAIN_GRAD_NORM = Metric("smelt_train_grad_norm", "gauge", "Gradient norm before clipping", _TRAIN)
TRAIN_RATE = Metric("smelt_train_learning_rate", "gauge", "Learning rate", _TRAIN)
TRAIN_TOKENS = Metric("smelt_train_tokens", "counter", "Tokens trained on, by lang/domain", (*_TRAIN, "label"))
TRAIN_TFLOPS = Metric("smelt_train_tflops", "gauge", "TFLOP/s of each device", _TRAIN)
TRAIN_MFU = Metric("smelt_train_mfu", "gauge", "Share of the devices' peak rate", _TRAIN)
TRAIN_GOODPUT = Metric(
    "smelt_train_goodput", "gauge", "Share of the phase's time that went into steps which count", _TRAIN
)
TRAIN_STEP_SECONDS = Metric("smelt_train_step_seconds", "histogram", "Seconds of a step", _TRAIN)
TRAIN_WAIT_SECONDS = Metric("smelt_train_wait_seconds", "counter", "Seconds of steps spent waiting for data", _TRAIN)
TRAIN_MEMORY = Metric("smelt_train_memory_bytes", "gauge", "The most memory held, device's or main", _TRAIN)
TRAIN_EVENTS = Metric("smelt_train_events", "counter", "Spikes, drops, faults, rollbacks, alarms", (*_TRAIN, "kind"))

METRICS = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def record(metric: Metric, value: float | None = 1.0, **labels: str) -> None:
    """Add to a counter, set a gauge, or take a value into a histogram; None and what is not finite is left out.

    Raises:
        ValueError: where a label is missing.
    """
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized() or value is None or not math.isfinite(value):
        return
    if metric.kind == "counter":
        if value > 0:
            _in_ray(metric).inc(value, labels)
    elif metric.kind == "gauge":
        _in_ray(metric).set(value, labels)
    else:
        _in_ray(metric).observe(value, labels)


@cache
def _in_ray(metric: Metric) -> Any:
    """Ray's own object of the metric, one a process."""
    from ray.util import metrics

    if metric.kind == "histogram":
        return metrics.Histogram(metric.name, metric.description, list(SECONDS), metric.labels)
    kind = metrics.Counter if metric.kind == "counter" else metrics.Gauge
    return kind(metric.name, metric.description, metric.labels)
