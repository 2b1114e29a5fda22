"""What repeated text is worth: Muennighoff et al. (2023), *Scaling Data-Constrained Language Models*."""

import numpy as np

R_STAR = 15.387756
"""Repetitions by which repeated text has lost its worth by a factor of e: R_D*, section 6."""


def effective(tokens: np.ndarray, uses: np.ndarray) -> float:
    """New tokens that would be worth as much as these, each used so often: with R repetitions a token counts
    1 + R* (1 - exp(-R / R*)) times (equation 5)."""
    repeated = np.maximum(uses - 1.0, 0.0)
    worth = np.minimum(uses, 1.0) + R_STAR * -np.expm1(-repeated / R_STAR)
    return float((tokens * worth).sum())
