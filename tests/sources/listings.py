"""What a listing says, for tests that ask for little."""

from smelt.recipe.sources import ListedSource
from smelt.settings import Settings
from smelt.sources.listed import ListedFile
from smelt.sources.listing import listing


def files_of(*sources: ListedSource, settings: Settings) -> tuple[list[ListedFile], tuple[str, ...]]:
    """The files of sources, in order, and the notes on them."""
    found = listing(sources, settings)
    return list(found.entries), found.notes


def digest_of(*sources: ListedSource, settings: Settings) -> str:
    """The digest over the files of sources."""
    return listing(sources, settings).digest
