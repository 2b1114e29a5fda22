"""The base of all recipe models."""

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A frozen, strict model: an unknown key is an error, and nothing changes after validation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
