"""The spike guard's limits: what counts as a spike or a drop, and how far it may go by itself."""

from typing import Literal

from pydantic import Field

from smelt.recipe.base import Config
from smelt.recipe.training.optimizer import OptimizerConfig


class GuardConfig(Config):
    """What counts as unusual, and what is done about it, in order: leave out, go back, stop and ask.

    Deviations are robust ones: 1.4826 times the window's median absolute deviation.
    """

    enabled: bool = True
    """Whether unusual steps are acted upon. Updates from gradients that are not finite are left out in any case."""
    window: int = Field(default=64, ge=16)
    """Steps whose losses and gradient norms a step is compared with."""
    loss_deviations: float = Field(default=10.0, gt=0)
    """A loss so many deviations from the window's median is a spike, or a drop: its update is left out."""
    label_deviations: float = Field(default=12.0, gt=0)
    """The same for the loss of one label (language/domain), whose noise is that of the tokens it has in the step."""
    norm_deviations: float = Field(default=15.0, gt=0)
    """A gradient norm whose logarithm lies so many deviations above the window's is a spike too."""
    drops: Literal["act", "record"] = "act"
    """Whether a drop as sudden as a spike (text that repeats itself, leaked answers) is treated like one, or only
    written down."""
    patience: int = Field(default=3, ge=1)
    """Updates of one block that are left out before training goes back and sets the block aside."""
    max_rollbacks: int = Field(default=3, ge=0)
    """Times that training goes back before it stops and asks."""
    lowered_beta1: float = Field(default=0.85, ge=0, lt=1)
    """AdamW's beta1 for a stretch after going back, where its own is not lower."""
    lowered_beta2: float = Field(default=0.9, ge=0, lt=1)
    """AdamW's beta2 for a stretch after going back, likewise: the second moment forgets the spike sooner."""
    lowered_steps: int = Field(default=100, ge=0)
    """Length of that stretch."""

    def lowered(self, adam: OptimizerConfig) -> tuple[float, float]:
        """AdamW's betas in that stretch; never above its own."""
        return min(adam.beta1, self.lowered_beta1), min(adam.beta2, self.lowered_beta2)
