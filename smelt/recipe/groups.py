"""Groups of documents that a section of the recipe has settings of their own for: the first that matches counts."""

from smelt.recipe.base import Config


class Matching(Config):
    """The documents of some languages, domains and sources."""

    lang: tuple[str, ...] = ()
    """Languages it is for; empty for all."""
    domain: tuple[str, ...] = ()
    """Domains it is for; empty for all."""
    source: tuple[str, ...] = ()
    """Sources it is for; empty for all."""
