"""What an event says of a step: its figures, what was unusual, and whether the data or a machine did it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch.distributed as dist

from training.spikes.guard import Sight
from training.steps.trainer import StepResult
from training.steps.validation import HeldOut

RERUN_TOLERANCE = 1e-3
"""Relative difference between two runs of one step on the same weights that the order of sums can explain."""


def of_step(
    kind: str,
    result: StepResult,
    sights: Sequence[Sight],
    again: StepResult | None,
    before: list[float],
    documents: list[str],
) -> dict[str, Any]:
    """An event that a step has led to. All processes ask for it, where the step was run again.

    Args:
        again: what the same step gave when it was run again on the same weights.
        before: losses of the steps before it, in nats a token.
        documents: those that it was trained on.
    """
    return {
        "kind": kind,
        "loss": result.loss,
        "grad_norm": result.grad_norm,
        "loss_by_label": result.loss_by_label,
        "unusual": [asdict(sight) for sight in sights],
        "again": None if again is None else {"loss": again.loss, "grad_norm": again.grad_norm},
        "machines": [] if again is None else _machines(result, again),
        "before": before,
        "documents": documents,
    }


def of_rises(heldout: HeldOut, rises: Mapping[str, float | None]) -> dict[str, Any]:
    """An event that says which labels' held-out losses rose, by how many nats a token; training goes on."""
    return {
        "kind": "heldout",
        "loss": heldout.loss,
        "grad_norm": None,
        "loss_by_label": heldout.loss_by_label,
        "unusual": [{"kind": "heldout", "track": label, "nats": rise} for label, rise in rises.items()],
        "labels": ", ".join(rises),
        "again": None,
        "machines": [],
        "before": [],
        "documents": [],
    }


def agree(first: StepResult, second: StepResult) -> bool:
    """Whether two runs of a step on the same weights gave the same: then the data did it, and no passing fault."""
    pairs = ((first.loss, second.loss), (first.grad_norm, second.grad_norm))
    return all(_near(one, two) for one, two in pairs)


def _near(one: float | None, two: float | None) -> bool:
    """Whether two figures of one step agree, as far as sums in another order can; None is one that is not finite."""
    return one is two if one is None or two is None else abs(one - two) <= RERUN_TOLERANCE * abs(two)


def _machines(first: StepResult, second: StepResult) -> list[str]:
    """The machines of the processes whose own share of a step's losses came out otherwise the second time."""
    own = (platform.node(), _near(first.own_loss, second.own_loss))
    found: list[tuple[str, bool]] = [own] * dist.get_world_size()
    dist.all_gather_object(found, own)
    return sorted({machine for machine, same in found if not same})
