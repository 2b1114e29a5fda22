"""The spike guard: keeps an update that would do harm from the weights, and knows what was unusual about it.

A step is compared with a window of the steps before it: its loss, the loss of each label, and the logarithm of its
gradient norm, each by a robust z-score (median, and median absolute deviation). The loss of a label is a mean over
the tokens that the label has in the step, so its deviation is taken to shrink with the root of their number.

Text that repeats itself is learnt by heart step by step, and a moving window would follow it down and then take honest
text for a spike. So downwards a step is compared with the window as it was before its block, whose line is carried on:
a loss that falls as fast as it did before is no drop. And a loss that was usual before the last block is no spike.

The limits are known before the step from the steps before it, so the device decides by itself whether the update is
made, and never waits for the host. Everything the guard knows is in the checkpoint.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

import torch
from torch import Tensor

from smelt.recipe.training.guard import GuardConfig

MIN_STEPS = 16
"""Steps before the guard has an opinion."""
DEVIATION = 1.4826
"""Standard deviations in a median absolute deviation, for normal noise."""
LEAST_DEVIATION = 0.01
"""Noise, as a share of the median loss, below which nothing counts as unusual however quiet the window was."""
LEAST_NORM_DEVIATION = 0.2
"""The same for the logarithm of the gradient norm."""
ALL = "loss"
"""The track of the loss over all labels."""

Kind = Literal["spike", "drop"]


@dataclass(frozen=True)
class Spread:
    """Where the steps of a window lie: the median, how much it falls a step, and the deviation of one token's loss."""

    middle: float
    fall: float
    deviation: float


@dataclass(frozen=True)
class Bound:
    """What the mean loss of n tokens may be: up to ``above + rise/sqrt(n)``, down to ``below - drop/sqrt(n)``.

    ``up`` and ``down`` are the deviations of one token's loss that z is counted in.
    """

    above: float
    rise: float
    below: float
    drop: float
    up: float
    down: float

    def z(self, loss: float, tokens: int) -> float | None:
        """Robust standard deviations from the window (negative below it) of a loss that breaks the bound."""
        root = math.sqrt(tokens)
        if (loss - self.above) * root > self.rise:
            return (loss - self.above) * root / self.up
        return (loss - self.below) * root / self.down if (self.below - loss) * root > self.drop else None


FREE = Bound(math.inf, math.inf, -math.inf, math.inf, 1.0, 1.0)


@dataclass(frozen=True)
class Limits:
    """What a step must keep within for its update to be made.

    Attributes:
        losses: the bound of each track (``ALL`` and labels) that the guard has an opinion on.
        norm: the largest gradient norm.
        drops: whether a loss may not be too low either.
    """

    losses: Mapping[str, Bound] = field(default_factory=dict)
    norm: float = math.inf
    drops: bool = False

    def broken(self, labels: Sequence[str], sums: Tensor, norm: Tensor) -> Tensor:
        """Whether a step breaks them: a scalar on the device, where ``sums`` [2, labels] (losses, tokens) is too."""
        unusual = ~norm.isfinite() | (norm.double() > self.norm)
        known = [self.losses.get(track, FREE) for track in (ALL, *labels)]
        numbers = [(bound.above, bound.rise, bound.below, bound.drop) for bound in known]
        bounds = torch.tensor(numbers, dtype=torch.float64).to(sums.device, non_blocking=True)
        above, rise, below, drop = bounds.unbind(1)
        losses, tokens = torch.cat((sums.sum(dim=1, keepdim=True), sums), dim=1)
        mean, root = losses / tokens.clamp(min=1.0), tokens.sqrt()
        there = tokens > 0
        unusual |= (there & ((mean - above) * root > rise)).any() | ~losses[0].isfinite()
        if self.drops:
            unusual |= (there & ((below - mean) * root > drop)).any()
        return unusual


def read_limits(saved: dict[str, Any] | None) -> Limits | None:
    """Limits from a checkpoint."""
    if saved is None:
        return None
    return Limits({track: Bound(**bound) for track, bound in saved["losses"].items()}, saved["norm"], saved["drops"])


@dataclass(frozen=True)
class Sight:
    """Something unusual about a step: by how much, on which track (``grad_norm`` too); z is None where not finite."""

    kind: Kind
    track: str
    z: float | None


class Track:
    """A window of means over tokens: the loss of all labels, or of one."""

    def __init__(self, window: int) -> None:
        self.losses: deque[float] = deque(maxlen=window)
        self.tokens: deque[int] = deque(maxlen=window)

    def add(self, loss: float, tokens: int) -> None:
        """Take in a step."""
        self.losses.append(loss)
        self.tokens.append(tokens)

    def spread(self) -> Spread | None:
        """Where the window's steps lie; None while too few were seen."""
        if len(self.losses) < MIN_STEPS:
            return None
        losses = list(self.losses)
        middle, half, centre = median(losses), len(losses) // 2, (len(losses) - 1) / 2
        fall = max(0.0, (median(losses[:half]) - median(losses[half:])) / half)
        residuals = [
            abs(loss - middle + fall * (at - centre)) * math.sqrt(tokens)
            for at, (loss, tokens) in enumerate(zip(losses, self.tokens, strict=True))
        ]
        least = LEAST_DEVIATION * abs(middle) * math.sqrt(median(self.tokens))
        return Spread(middle, fall, max(DEVIATION * median(residuals), least))


class Guard:
    """Follows a phase's steps; those whose update was left out don't count."""

    def __init__(self, config: GuardConfig) -> None:
        self.config = config
        self._tracks: dict[str, Track] = {}
        self._before: dict[str, Spread] = {}
        self._earlier: dict[str, Spread] = {}
        self._steps_in_block = 0
        self._norms: deque[float] = deque(maxlen=config.window)

    def enter_block(self) -> None:
        """Keep the window as it is beside those that move on."""
        found = {name: track.spread() for name, track in self._tracks.items()}
        self._earlier = self._before
        self._before = {name: spread for name, spread in found.items() if spread is not None}
        self._steps_in_block = 0

    def limits(self) -> Limits:
        """For the next step."""
        if not self.config.enabled or len(self._norms) < MIN_STEPS:
            return Limits()
        bounds = {name: self._bound(name, track.spread()) for name, track in self._tracks.items()}
        return Limits(
            bounds,
            math.exp(self._norm_middle() + self.config.norm_deviations * self._norm_deviation()),
            self.config.drops == "act",
        )

    def look(
        self, limits: Limits, losses: Mapping[str, float | None], tokens: Mapping[str, int], norm: float | None
    ) -> list[Sight]:
        """What is unusual about a step, worst first.

        Args:
            limits: those the step was made under.
            losses, tokens: by track, ``ALL`` among them.
            norm: the gradient norm; None where it was not finite.
        """
        sights: list[Sight] = []
        for track, loss in losses.items():
            if loss is None:
                sights.append(Sight("spike", track, None))
            elif track in limits.losses and (z := limits.losses[track].z(loss, tokens[track])) is not None:
                sights.append(Sight("spike" if z > 0 else "drop", track, z))
        if norm is None:
            sights.append(Sight("spike", "grad_norm", None))
        elif norm > limits.norm:
            z = (math.log(norm) - self._norm_middle()) / self._norm_deviation()
            sights.append(Sight("spike", "grad_norm", z))
        return sorted(sights, key=lambda sight: (sight.z is not None, -abs(sight.z or 0.0)))

    def take_in(self, losses: Mapping[str, float | None], tokens: Mapping[str, int], norm: float) -> None:
        """Add a step whose update was made."""
        for name, loss in losses.items():
            if loss is not None:
                self._tracks.setdefault(name, Track(self.config.window)).add(loss, tokens[name])
        self._norms.append(math.log(max(norm, 1e-30)))
        self._steps_in_block += 1

    def recent(self, count: int) -> list[float]:
        """The losses of the last steps taken in."""
        return list(self._tracks[ALL].losses)[-count:] if ALL in self._tracks else []

    def forget(self) -> None:
        """Start anew, at a phase border: another mixture or length has another loss."""
        self._tracks.clear()
        self._before.clear()
        self._earlier.clear()
        self._norms.clear()

    def state(self) -> dict[str, Any]:
        """For the checkpoint."""
        tracks = {name: [list(track.losses), list(track.tokens)] for name, track in self._tracks.items()}
        before = {name: [spread.middle, spread.fall, spread.deviation] for name, spread in self._before.items()}
        earlier = {name: [spread.middle, spread.fall, spread.deviation] for name, spread in self._earlier.items()}
        place = {"earlier": earlier, "steps_in_block": self._steps_in_block}
        return {"tracks": tracks, "norms": list(self._norms), "before": before, **place}

    def load(self, state: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.forget()
        self._norms.extend(state["norms"])
        self._before = {name: Spread(*numbers) for name, numbers in state["before"].items()}
        self._earlier = {name: Spread(*numbers) for name, numbers in state["earlier"].items()}
        self._steps_in_block = state["steps_in_block"]
        for name, (losses, tokens) in state["tracks"].items():
            track = self._tracks.setdefault(name, Track(self.config.window))
            track.losses.extend(losses)
            track.tokens.extend(tokens)

    def _bound(self, track: str, now: Spread | None) -> Bound:
        if now is None:
            return FREE
        deviations = self._deviations(track)
        highest = max((now, self._earlier.get(track, now)), key=lambda one: one.middle)
        above, rise = highest.middle, deviations * max(now.deviation, highest.deviation)
        before = self._before.get(track)
        if before is None:
            return Bound(above, rise, -math.inf, math.inf, rise / deviations, 1.0)
        ahead = self.config.window / 2 + min(self._steps_in_block, self.config.window)
        below, drop = before.middle - before.fall * ahead, deviations * before.deviation
        return Bound(above, rise, below, drop, rise / deviations, before.deviation)

    def _deviations(self, track: str) -> float:
        return self.config.loss_deviations if track == ALL else self.config.label_deviations

    def _norm_middle(self) -> float:
        return median(self._norms)

    def _norm_deviation(self) -> float:
        middle = self._norm_middle()
        return max(DEVIATION * median(abs(norm - middle) for norm in self._norms), LEAST_NORM_DEVIATION)
