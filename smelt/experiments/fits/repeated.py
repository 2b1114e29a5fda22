"""Loss of a model that reads text more than once: repeats are worth less than new text, and less each time.

The law of Muennighoff et al. 2023 (*Scaling Data-Constrained Language Models*, equations 5 to 7) with the coefficients
that its authors fitted, unrounded, as the notebook in ``huggingface/datablations`` has them
(logs of E, A and B).
"""

import math

from smelt.experiments.fits.law import Law

R_D = 15.387756
"""R_D*: repetitions of the text in which a repeat's worth falls to 1/e."""
R_N = 5.309743
"""R_N*: the same of parameters beyond those that the unique tokens can use."""
LAW = Law(E=math.exp(0.6254804), A=math.exp(6.255414), B=math.exp(7.3049974), alpha=0.3526596, beta=0.3526596)
"""Their law without repeats, over C4; alpha and beta are tied."""


def effective(amount: float, unique: float, half: float) -> float:
    """What ``amount`` is worth when only ``unique`` of it is new: unique x (1 + r* (1 - exp(-r / r*))).

    Args:
        half: r*, ``R_D`` for tokens.
    """
    if amount <= unique:
        return amount
    repeats = amount / unique - 1
    return unique + unique * half * (1 - math.exp(-repeats / half))


def effective_tokens(tokens: float, unique: float) -> float:
    """New tokens that are worth as much as ``tokens`` of which only ``unique`` differ."""
    return effective(tokens, unique, R_D)


def loss(parameters: float, tokens: float, unique: float, law: Law = LAW) -> float:
    """Expected loss of a model trained on ``tokens`` of which only ``unique`` differ.

    Parameters too are worth less beyond those that are optimal for the unique tokens.
    """
    return law.loss(effective(parameters, _parameters_for(unique, law), R_N), effective_tokens(tokens, unique))


def _parameters_for(tokens: float, law: Law) -> float:
    """Parameters for which so many tokens are compute-optimal."""
    balance = (law.alpha * law.A / (law.beta * law.B)) ** (1 / (law.alpha + law.beta))
    return (tokens * balance) ** (law.beta / law.alpha) * balance
