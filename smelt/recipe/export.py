"""What the trained model is written out as."""

from typing import Literal

from pydantic import Field

from smelt.recipe.base import Config


class ExportConfig(Config):
    """A Hugging Face folder: config, weights as safetensors, tokenizer."""

    precision: Literal["fp32", "bf16"] | None = None
    """Number format of the exported weights; by default that of training."""
    average: int = Field(default=1, ge=1)
    """How many of the last phase's checkpoints, from its end back, the exported weights are the mean of. At a constant
    rate a few of them are worth some of an anneal (Izmailov et al. 2018; Sanyal et al. 2023)."""
