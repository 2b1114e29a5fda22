"""The optimizer's settings: the recipe's, and a phase's own where it has some."""

from pydantic import Field

from smelt.recipe.base import Config


class OptimizerConfig(Config):
    """AdamW (Loshchilov & Hutter 2019). Norms and other vectors are never decayed."""

    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(default=0.95, ge=0, lt=1)
    """Decay of the mean of squared gradients; 0.95 is usual for language models."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Added to the root of the second moment."""
    weight_decay: float = Field(default=0.1, ge=0)
    """Decoupled weight decay of matrices."""
    decay_embeddings: bool = True
    """Whether embedding and output layer are decayed too; without it rare tokens keep their norm (OLMo 2)."""
    clip_grad: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient over all parameters."""
