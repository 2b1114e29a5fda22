"""What a listing says, for tests that ask for little."""

from pathlib import Path
from tempfile import TemporaryDirectory

from smelt.recipe.sources import ListedSource
from smelt.settings import Settings
from smelt.sources.listed import ListedFile, read
from smelt.sources.listing import listing


def files_of(*sources: ListedSource, settings: Settings) -> tuple[list[ListedFile], tuple[str, ...]]:
    """The files of sources, in order, and the notes on them."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "listing")
        found = listing(sources, settings, file)
        files = read(file)
        assert (len(files), files.notes) == (found.files, found.notes)
        return list(files), found.notes


def digest_of(*sources: ListedSource, settings: Settings) -> str:
    """The digest over the files of sources."""
    with TemporaryDirectory() as folder:
        return listing(sources, settings, Path(folder, "listing")).digest
