"""The listing: which raw files a recipe's sources stand for, and the digest that names them.

Raw files can't be hashed before every plan, so their listing stands for them: source, path, size and
version (an object's ETag, a local file's modification time, a hub's content hash). A file that is
written again or added changes the digest, and with it every fingerprint that follows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.identity import digest
from smelt.lake import Lake
from smelt.recipe.sources import CrawlSource, HubSource, ListedSource
from smelt.settings import Settings
from smelt.sources import hub
from smelt.sources.globs import fixed_part, has_magic, matches
from smelt.sources.local import Walk, called
from smelt.words import listed

_NAMED = 5
"""Days that a note names, at most."""

LISTINGS = "listings/"


class ListedFile(BaseModel):
    """A raw file.

    Attributes:
        source: name of its source in the recipe.
        path: what it is called: relative to the checkout where it lies below it, else in full.
        uri: where it is read from: an absolute local path (``file:…`` where that isn't UTF-8), an ``s3://`` or an
            ``hf://`` address.
        bytes: its size.
        version: changes when the content does.
        date: the day of a crawl that it belongs to.
    """

    model_config = ConfigDict(frozen=True)
    source: str
    path: str
    uri: str
    bytes: int
    version: str
    date: str | None = None


class Listing(BaseModel):
    """The files of all listed sources, by source, date and path, and the digest over them.

    Attributes:
        notes: what whoever plans should know, such as days of a crawl that have no file yet, or links to nothing.
        held: days of a crawl whose marker isn't there yet.
    """

    model_config = ConfigDict(frozen=True)
    entries: tuple[ListedFile, ...]
    digest: str
    notes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The listing's key in the lake."""
        return listing_key(self.digest)


def listing_key(listing_digest: str) -> str:
    """Key of the listing of that digest in the lake."""
    return f"{LISTINGS}{listing_digest}.json"


def listing(sources: Sequence[ListedSource], settings: Settings) -> Listing:
    """List the files of ``sources``.

    Raises:
        RecipeError: when a path of a source matches nothing (a crawl's day may), or a hub refuses.
        LakeError: when an S3 address can't be listed.
    """
    found: dict[tuple[str, str], ListedFile] = {}
    notes: list[str] = []
    held: set[str] = set()
    for source in sources:
        if isinstance(source, CrawlSource):
            waiting = [day for day in source.dates if not _is_whole(source, day, settings)]
            held.update(waiting)
            entries = _dated(source, waiting, settings, notes)
        else:
            entries = _files(source, settings, notes)
        for entry in entries:
            found.setdefault((entry.source, entry.uri), entry)
    ordered = sorted(found.values(), key=lambda entry: (entry.source, entry.date or "", entry.path))
    named = [[entry.source, entry.path, entry.bytes, entry.version] for entry in ordered]
    return Listing(entries=tuple(ordered), digest=digest(named)[:20], notes=tuple(notes), held=tuple(sorted(held)))


def _files(source: ListedSource, settings: Settings, notes: list[str]) -> Iterator[ListedFile]:
    for path in source.paths:
        entries = list(_matching(source, path, settings, notes))
        if not entries:
            raise RecipeError(
                f"{path!r} matches no file",
                where=f"sources.{source.name}.paths",
                mend="check the path and the working folder",
            )
        yield from entries


def _is_whole(source: CrawlSource, day: str, settings: Settings) -> bool:
    """Whether the day's marker is there, where it has one."""
    if source.marker is None:
        return True
    address = _marker(source.marker, day)
    if not address.startswith("s3://"):
        return Path(address).exists()
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return Lake(settings, url=f"s3://{bucket}").exists(key)


def _marker(marker: str, day: str) -> str:
    """Where the marker of a day lies, as ``ListedFile.uri`` has it."""
    address = marker.replace("{date}", day)
    return address if address.startswith("s3://") else _located(address).as_posix()


def _located(path: str) -> Path:
    """A local path, which is relative to the checkout."""
    given = Path(path).expanduser()
    return given if given.is_absolute() else CHECKOUT / given


def _dated(source: CrawlSource, waiting: Sequence[str], settings: Settings, notes: list[str]) -> Iterator[ListedFile]:
    late = []
    for day in source.dates:
        if day in waiting:
            continue
        paths = [path.replace("{date}", day) for path in source.paths]
        entries = [entry for path in paths for entry in _matching(source, path, settings, notes)]
        if source.marker is not None:
            entries = [entry for entry in entries if entry.uri != _marker(source.marker, day)]
        if not entries:
            late.append(day)
        yield from (entry.model_copy(update={"date": day}) for entry in entries)
    later = "a run that is planned later looks again"
    if late:
        notes.append(f"sources.{source.name}: no file yet for {listed(late, _NAMED)}; {later}")
    if waiting:
        notes.append(f"sources.{source.name}: {source.marker} is not there yet for {listed(waiting, _NAMED)}; {later}")


def _matching(source: ListedSource, path: str, settings: Settings, notes: list[str]) -> Iterator[ListedFile]:
    if isinstance(source, HubSource):
        at = f"sources.{source.name}"
        data = hub.DataSet(source.repo, source.revision, f"{at}.repo", f"{at}.revision")
        return (
            ListedFile(source=source.name, path=file.path, uri=file.uri, bytes=file.bytes, version=file.version)
            for file in hub.files(data, path)
        )
    return _objects(source, path, settings) if path.startswith("s3://") else _local(source, path, notes)


def _local(source: ListedSource, glob: str, notes: list[str]) -> Iterator[ListedFile]:
    walk = Walk(_located(glob).as_posix())
    for name in walk.files():
        file, about = Path(name), Path(name).stat()
        path = file.relative_to(CHECKOUT) if file.is_relative_to(CHECKOUT) else file
        yield ListedFile(
            source=source.name,
            path=called(path.as_posix()),
            uri=called(name),
            bytes=about.st_size,
            version=str(about.st_mtime_ns),
        )
    if walk.left_out:
        shown, more = "; ".join(walk.left_out[:3]), len(walk.left_out) - 3
        notes.append(f"sources.{source.name}: left out: {shown}" + (f" and {more} more" if more > 0 else ""))


def _objects(source: ListedSource, address: str, settings: Settings) -> Iterator[ListedFile]:
    bucket, _, glob = address.removeprefix("s3://").partition("/")
    wanted = glob if has_magic(glob) else f"{glob}**"
    for item in Lake(settings, url=f"s3://{bucket}").objects(fixed_part(glob)):
        if item.bytes > 0 and (item.key == glob or matches(item.key, (wanted,))):
            uri = f"s3://{bucket}/{item.key}"
            yield ListedFile(source=source.name, path=uri, uri=uri, bytes=item.bytes, version=item.etag)
