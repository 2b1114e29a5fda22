"""The listing: which raw files a recipe's sources stand for, and the digest that names them.

Raw files can't be hashed before every plan, so their listing stands for them: source, path, size and
version (an object's ETag, a local file's modification time, a hub's content hash). A file that is
written again or added changes the digest, and with it every fingerprint that follows.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.identity import FINGERPRINT_LENGTH, canonical
from smelt.lake import Lake
from smelt.recipe.sources import CrawlSource, HubSource, ListedSource
from smelt.settings import Settings
from smelt.sources import hub
from smelt.sources.globs import fixed_part, has_magic, matches
from smelt.sources.listed import ListedFile, listing_key, read, written
from smelt.sources.local import Walk, called
from smelt.sources.ordering import in_order
from smelt.words import listed

_NAMED = 5
"""Days that a note names, at most."""
_HASHED_AT_ONCE = 1000


@dataclass(frozen=True)
class Listing:
    """The files of all listed sources, by source, date and path, and the digest over them.

    Attributes:
        files: how many they are; ``smelt.sources.listed`` reads them.
        notes: what whoever plans should know, such as days of a crawl that have no file yet, or links to nothing.
    """

    files: int
    digest: str
    notes: tuple[str, ...]


class ListingAtHand(NamedTuple):
    """A listing with its files in memory."""

    entries: tuple[ListedFile, ...]
    digest: str
    notes: tuple[str, ...]


class Search:
    """Looks for the files of sources, and holds none of them.

    Attributes:
        notes: as ``Listing`` has them, complete once all files are found.
        held: days of a crawl whose marker isn't there yet, likewise.
    """

    def __init__(self, sources: Sequence[ListedSource], settings: Settings) -> None:
        self._sources, self._settings = sources, settings
        self.notes: list[str] = []
        self.held: set[str] = set()

    def files(self) -> Iterator[ListedFile]:
        """The files as they are found, those that two paths match twice.

        Raises:
            RecipeError: when a path of a source matches nothing (a crawl's day may), or a hub refuses.
            LakeError: when an S3 address can't be listed.
        """
        for source in self._sources:
            if isinstance(source, CrawlSource):
                waiting = [day for day in source.dates if not _is_whole(source, day, self._settings)]
                self.held.update(waiting)
                yield from _dated(source, waiting, self._settings, self.notes)
            else:
                yield from _files(source, self._settings, self.notes)


def kept_listing(sources: Sequence[ListedSource], lake: Lake) -> Listing:
    """List the files of ``sources``, and keep the listing in the lake.

    Raises:
        RecipeError, LakeError: as ``Search.files``.
    """
    with TemporaryDirectory(prefix="smelt-listing-") as folder:
        file = Path(folder, "listing")
        found = list_into(file, sources, lake.settings)
        lake.put(listing_key(found.digest), file)
    return found


def listing(sources: Sequence[ListedSource], settings: Settings) -> ListingAtHand:
    """List the files of ``sources`` that are few, for who wants to see them all.

    Raises:
        RecipeError, LakeError: as ``Search.files``.
    """
    with TemporaryDirectory(prefix="smelt-listing-") as folder:
        file = Path(folder, "listing")
        found = list_into(file, sources, settings)
        return ListingAtHand(tuple(read(file)), found.digest, found.notes)


def list_into(file: Path, sources: Sequence[ListedSource], settings: Settings) -> Listing:
    """List the files of ``sources``, into a local file; what is sorted lies beside it meanwhile.

    Raises:
        RecipeError, LakeError: as ``Search.files``.
    """
    search = Search(sources, settings)
    files = _each_once(in_order(search.files(), _place, file.parent))
    if any(isinstance(source, CrawlSource) for source in sources):
        files = in_order(files, _dated_place, file.parent)
    hashed = _Hashed(files)
    count = written(hashed, search.notes, file)
    return Listing(count, hashed.digest(), tuple(search.notes))


def _place(file: ListedFile) -> tuple[str, ...]:
    return file.source, file.path, file.uri


def _dated_place(file: ListedFile) -> tuple[str, ...]:
    return file.source, file.date or "", file.path


def _each_once(files: Iterable[ListedFile]) -> Iterator[ListedFile]:
    """Of files by place, the first at each."""
    last = None
    for file in files:
        if (place := _place(file)) != last:
            yield file
        last = place


class _Hashed:
    """Files, and the digest of what names them, once all of them are taken."""

    def __init__(self, files: Iterable[ListedFile]) -> None:
        self._files, self._digest, self._begun = files, sha256(b"["), False

    def __iter__(self) -> Iterator[ListedFile]:
        waiting = iter(self._files)
        while some := list(islice(waiting, _HASHED_AT_ONCE)):
            named = canonical([[file.source, file.path, file.bytes, file.version] for file in some])
            self._digest.update(b"," * self._begun + named[1:-1])
            self._begun = True
            yield from some

    def digest(self) -> str:
        """Of the canonical JSON of a list of them all."""
        whole = self._digest.copy()
        whole.update(b"]")
        return whole.hexdigest()[:FINGERPRINT_LENGTH]


def _files(source: ListedSource, settings: Settings, notes: list[str]) -> Iterator[ListedFile]:
    for path in source.paths:
        found = False
        for entry in _matching(source, path, settings, notes):
            found = True
            yield entry
        if not found:
            raise RecipeError(
                f"{path!r} matches no file",
                where=f"sources.{source.name}.paths",
                mend="check the path and the working folder",
            )


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
        marker, found = _marker(source.marker, day) if source.marker else "", False
        for path in source.paths:
            for entry in _matching(source, path.replace("{date}", day), settings, notes):
                if entry.uri != marker:
                    found = True
                    yield entry._replace(date=day)
        if not found:
            late.append(day)
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
    for item in Lake(settings, url=f"s3://{bucket}").unsorted(fixed_part(glob)):
        if item.bytes > 0 and (item.key == glob or matches(item.key, (wanted,))):
            uri = f"s3://{bucket}/{item.key}"
            yield ListedFile(source=source.name, path=uri, uri=uri, bytes=item.bytes, version=item.etag)
