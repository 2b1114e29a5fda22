"""What a person asks of an experiment: tokens until a score, what a doubled size or doubled data would give."""

from collections.abc import Mapping
from typing import Any

from smelt.experiments.fits.law import Fitted, percentiles
from smelt.experiments.fits.scores import FittedSteps


def doubled(fit: Fitted, parameters: float, tokens: float) -> dict[str, dict[str, float]]:
    """What twice the parameters, or twice the (new) tokens, would take off the loss, with 95 % intervals."""
    found = {}
    for name, place in (("parameters", (2 * parameters, tokens)), ("tokens", (parameters, 2 * tokens))):
        low, high = percentiles([draw.loss(*place) - draw.loss(parameters, tokens) for draw in fit.draws])
        found[name] = {
            "change": fit.law.loss(*place) - fit.law.loss(parameters, tokens),
            "low": low,
            "high": high,
        }
    return found


def tokens_until(fit: Fitted, steps: FittedSteps, parameters: float, accuracy: float) -> float | None:
    """Tokens on which so many parameters reach a benchmark's score; None where none suffice."""
    loss = steps.steps.loss_for(accuracy)
    return None if loss is None else fit.law.tokens_for(parameters, loss)


def sentences(found: Mapping[str, Any], fit: Fitted) -> list[str]:
    """The answers for the largest cell, as the page says them."""
    largest = max(found["points"], key=lambda point: (point["parameters"], point["tokens"]))
    parameters, tokens = largest["parameters"], largest["tokens"]
    said = []
    for name, change in doubled(fit, parameters, tokens).items():
        said.append(
            f"Twice the {name} of the largest cell ({parameters:,} parameters, {tokens:,} tokens) would change the "
            f"loss by {change['change']:+.4f} bits per byte (95 % {change['low']:+.4f} to {change['high']:+.4f})."
        )
    return said
