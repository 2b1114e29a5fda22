"""What the trained model is written out as."""

from typing import Literal

from smelt.recipe.base import Config


class ExportConfig(Config):
    """A Hugging Face folder: config, weights as safetensors, tokenizer."""

    precision: Literal["fp32", "bf16"] | None = None
    """Number format of the exported weights; by default that of training."""
