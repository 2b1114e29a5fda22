"""The spike guard: keeps an update that would do harm from the weights, and knows when to go back.

A step whose loss or gradient norm lies far above those of the steps before it is left out. The limits are known
before the step from the ones before it, so the device decides by itself and never waits. When several steps of one
block are left out, the block is at fault: training goes back to the last checkpoint, sets the block aside, and goes
on behind it with AdamW's betas lowered for a stretch, as long as the recipe's tries last.

Everything the guard knows is in the checkpoint, and going back is an event in the lake. Where training stands is thus
always plan + events, and a run that was killed in the middle of it all goes the same way.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from smelt.recipe.training import GuardConfig

MIN_STEPS = 16
"""Steps before the guard has an opinion."""
DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation, for normal noise."""
LEAST_DEVIATION = 0.01
"""Noise, as a share of the median loss, below which nothing counts as unusual however quiet the window was."""

Sight = Literal["spike", "drop"]


@dataclass(frozen=True)
class Limits:
    """What a step's loss and gradient norm may be at most for its update to be made."""

    loss: float = float("inf")
    grad_norm: float = float("inf")


class Guard:
    """Follows the losses of a phase's accepted steps."""

    def __init__(self, config: GuardConfig) -> None:
        self.config = config
        self._losses: deque[float] = deque(maxlen=config.window)
        self._norms: deque[float] = deque(maxlen=config.window)

    def limits(self) -> Limits:
        """For the next step."""
        if not self.config.enabled or len(self._losses) < MIN_STEPS:
            return Limits()
        middle, deviation = self._spread()
        return Limits(middle + self.config.loss_deviations * deviation, median(self._norms) * self.config.norm_factor)

    def see(self, loss: float | None, grad_norm: float | None, *, skipped: bool) -> Sight | None:
        """Take in a step; tells what was unusual about it."""
        if skipped or loss is None or grad_norm is None:
            return "spike"
        drop = False
        if self.config.enabled and len(self._losses) >= MIN_STEPS:
            middle, deviation = self._spread()
            drop = loss < middle - self.config.loss_deviations * deviation
        self._losses.append(loss)
        self._norms.append(grad_norm)
        return "drop" if drop else None

    def forget(self) -> None:
        """Start anew, at a phase border: another mixture or length has another loss."""
        self._losses.clear()
        self._norms.clear()

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"losses": list(self._losses), "norms": list(self._norms)}

    def load(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.forget()
        self._losses.extend(state["losses"])
        self._norms.extend(state["norms"])

    def _spread(self) -> tuple[float, float]:
        middle = median(self._losses)
        return middle, max(DEVIATION * median(abs(loss - middle) for loss in self._losses), LEAST_DEVIATION * middle)


@dataclass(frozen=True)
class Events:
    """The events of a run that changed its course: blocks set aside, each with the first step behind it."""

    set_aside: dict[str, int]

    @classmethod
    def read(cls, events: Iterable[dict[str, Any]]) -> "Events":
        """From the events as they lie in the lake."""
        return cls({event["block"]: event["end"] for event in events if event["kind"] == "rollback"})

    def lowered(self, step: int, config: GuardConfig) -> bool:
        """Whether step ``step`` (from 0) is made with lowered betas."""
        return any(end <= step < end + config.lowered_steps for end in self.set_aside.values())
