"""What training tells Prometheus: each step's figures, and the events beside them. Called on one process of all."""

from typing import Any

from smelt import metrics
from smelt.metrics import record

FIGURES = {
    "step": metrics.TRAIN_STEP,
    "loss": metrics.TRAIN_LOSS,
    "grad_norm": metrics.TRAIN_GRAD_NORM,
    "lr": metrics.TRAIN_RATE,
    "tflops": metrics.TRAIN_TFLOPS,
    "mfu": metrics.TRAIN_MFU,
    "goodput": metrics.TRAIN_GOODPUT,
    "step_s": metrics.TRAIN_STEP_SECONDS,
    "data_wait_s": metrics.TRAIN_WAIT_SECONDS,
}
"""Fields of a step's line of ``metrics.jsonl``."""


def export_step(run: str, line: dict[str, Any]) -> None:
    """Hand on a step's line."""
    for name, metric in FIGURES.items():
        record(metric, line[name], run=run)
    record(metrics.TRAIN_MEMORY, line["memory_gb"] * 2**30, run=run)
    for label, tokens in line["tokens_by_label"].items():
        record(metrics.TRAIN_TOKENS, tokens, run=run, label=label)
        record(metrics.TRAIN_LABEL_LOSS, line["loss_by_label"][label], run=run, label=label)


def export_event(run: str, kind: str) -> None:
    """Count an event."""
    record(metrics.TRAIN_EVENTS, run=run, kind=kind)
