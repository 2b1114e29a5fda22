"""How documents become token files."""

from pydantic import Field

from smelt.recipe.base import Config


class TokensConfig(Config):
    """Encoding and the split."""

    validation_share: float = Field(default=0.01, ge=0, lt=0.5)
    """Share of documents that are held out from training, by a hash of the document's id: the same documents in
    every recipe, and about the same share in every language and domain."""
