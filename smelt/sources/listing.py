"""The listing: which raw files a recipe's ``files`` sources stand for, and the digest that names them.

Raw files can't be hashed before every plan, so their listing stands for them: source, path, size and
version (an object's ETag, a local file's modification time). A file that is written again or added
changes the digest, and with it every fingerprint that follows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from smelt.errors import RecipeError
from smelt.identity import digest
from smelt.lake import Lake
from smelt.recipe.sources import FilesSource
from smelt.settings import Settings
from smelt.sources.globs import fixed_part, has_magic, matches


class ListedFile(BaseModel):
    """A raw file.

    Attributes:
        source: name of its source in the recipe.
        path: what it is called: relative to the working folder where it lies below it, else in full.
        uri: where it is read from: an absolute local path, or an ``s3://`` address.
        bytes: its size.
        version: changes when the content does.
    """

    model_config = ConfigDict(frozen=True)
    source: str
    path: str
    uri: str
    bytes: int
    version: str


class Listing(BaseModel):
    """The files of all ``files`` sources, by source and path, and the digest over them."""

    model_config = ConfigDict(frozen=True)
    entries: tuple[ListedFile, ...]
    digest: str

    @property
    def key(self) -> str:
        """The listing's key in the lake."""
        return listing_key(self.digest)


def listing_key(listing_digest: str) -> str:
    """Key of the listing of that digest in the lake."""
    return f"listings/{listing_digest}.json"


def listing(sources: Sequence[FilesSource], settings: Settings) -> Listing:
    """List the files of ``sources``.

    Raises:
        RecipeError: when a path of a source matches nothing.
        LakeError: when an S3 address can't be listed.
    """
    found = {(entry.source, entry.uri): entry for source in sources for entry in _files(source, settings)}
    entries = tuple(sorted(found.values(), key=lambda entry: (entry.source, entry.path)))
    named = [[entry.source, entry.path, entry.bytes, entry.version] for entry in entries]
    return Listing(entries=entries, digest=digest(named)[:20])


def _files(source: FilesSource, settings: Settings) -> Iterator[ListedFile]:
    for path in source.paths:
        entries = list(_objects(source, path, settings) if path.startswith("s3://") else _local(source, path))
        if not entries:
            raise RecipeError(
                f"{path!r} matches no file",
                where=f"sources.{source.name}.paths",
                mend="check the path and the working folder",
            )
        yield from entries


def _local(source: FilesSource, glob: str) -> Iterator[ListedFile]:
    here = Path.cwd()
    pattern = Path(glob).expanduser()
    full = (pattern if pattern.is_absolute() else here / pattern).as_posix()
    base = Path(fixed_part(full))
    if base.is_file():
        files = [base]
    else:
        wanted = full if has_magic(full) else f"{full.rstrip('/')}/**"
        files = [file for file in base.rglob("*") if matches(file.as_posix(), (wanted,)) and file.is_file()]
    for file in files:
        path = file.relative_to(here) if file.is_relative_to(here) else file
        about = file.stat()
        yield ListedFile(
            source=source.name, path=path.as_posix(), uri=str(file), bytes=about.st_size, version=str(about.st_mtime_ns)
        )


def _objects(source: FilesSource, address: str, settings: Settings) -> Iterator[ListedFile]:
    bucket, _, glob = address.removeprefix("s3://").partition("/")
    wanted = glob if has_magic(glob) else f"{glob}**"
    for item in Lake(settings, url=f"s3://{bucket}").objects(fixed_part(glob)):
        if item.bytes > 0 and matches(item.key, (wanted,)):
            uri = f"s3://{bucket}/{item.key}"
            yield ListedFile(source=source.name, path=uri, uri=uri, bytes=item.bytes, version=item.etag)
