"""Rules of shape: which sizes must divide which, as data.

A rule is evaluated once and used twice: a required one that does not hold makes the recipe invalid
(one line, before anything starts), and ``smelt check`` lists them all, advice included.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule of shape.

    Attributes:
        name: what must hold, in the recipe's own words.
        holds: whether it does.
        required: a recipe is invalid without it; otherwise it only costs speed.
        mend: what to change when it does not hold.
    """

    name: str
    holds: bool
    required: bool = True
    mend: str = ""


def divides(what: str, size: int, by: str, divisor: int, *, required: bool = True) -> Rule:
    """The rule that ``size`` is a multiple of ``divisor``; the mend names the nearest multiples."""
    below = size // divisor * divisor
    nearest = f"{below} or {below + divisor}" if below else f"{divisor}"
    return Rule(f"{what} {size} is a multiple of {by} {divisor}", size % divisor == 0, required, f"take {nearest}")


def broken(rules: Iterable[Rule]) -> Rule | None:
    """The first required rule that does not hold."""
    return next((rule for rule in rules if rule.required and not rule.holds), None)


def insist(rules: Iterable[Rule]) -> None:
    """Raise ``ValueError`` with one line for the first required rule that does not hold."""
    if rule := broken(rules):
        raise ValueError(f"does not hold: {rule.name} ({rule.mend})")
