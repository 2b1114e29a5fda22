"""Where raw documents come from: Debian packages, files, data sets of the Hugging Face hub, and crawls.

A source has a name, which every document of it carries, and hints of language and domain where
whoever chose it knows them. Sources of kind ``deb`` are fetched into the lake first (stage ``fetch``);
all others are listed when a run is planned, and their listing's digest stands for their content.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from smelt.recipe.base import Config
from smelt.sources.layouts import LAYOUTS, PLAIN, Layout

SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
PackageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
FileFormat = Literal["auto", "text", "markdown", "lines", "jsonl", "parquet", "html", "pdf", "code", "man", "warc"]


def _layout_name(value: str) -> str:
    if value not in LAYOUTS:
        raise ValueError(f"no layout is called {value!r} (there are {', '.join(LAYOUTS)})")
    return value


def days_of(value: Any) -> tuple[str, ...]:
    """Days in order, each once: from single days and from ranges ``first..last`` (both ends are in it)."""
    if not isinstance(value, list | tuple):
        raise ValueError("write a list of days such as [2026-11-01, 2026-11-03..2026-11-05]")
    days: set[str] = set()
    for item in value:
        first, dots, last = str(item).partition("..")
        try:
            day, end = date.fromisoformat(first), date.fromisoformat(last if dots else first)
        except ValueError:
            raise ValueError(f"{str(item)!r} is no day (write 2026-11-01, or 2026-11-01..2026-11-30)") from None
        if end < day:
            raise ValueError(f"{str(item)!r} ends before it begins (write the earlier day first)")
        days.update((day + timedelta(offset)).isoformat() for offset in range((end - day).days + 1))
    return tuple(sorted(days))


class DebPackages(Config):
    """Files out of Debian packages: the part of a source that decides what is fetched."""

    name: SourceName
    """The source's name: lower case, digits, ``-`` and ``_``."""
    packages: tuple[PackageName, ...] = Field(min_length=1)
    """Names of binary packages."""
    snapshot: str = ""
    """Any text, such as a date: the fetched versions are kept until it changes."""
    include: tuple[str, ...] = ("**",)
    """Globs over paths inside the package (``usr/share/doc/**/*.html``); a file must match one."""
    exclude: tuple[str, ...] = ()
    """Globs over paths inside the package; a file that matches one is left out."""


class DebSource(DebPackages):
    """A source of kind ``deb``."""

    kind: Literal["deb"] = "deb"
    lang: str | None = None
    """Language of all documents (``zh``, ``en``, ...), or null to have it found out."""
    domain: str | None = None
    """Domain of all documents (``markdown``, ``code``, ...), or null to have it found out."""


class ListedSource(Config):
    """What all sources have in common whose files are listed when a run is planned."""

    name: SourceName
    """The source's name: lower case, digits, ``-`` and ``_``."""
    paths: tuple[str, ...] = Field(min_length=1)
    """Which files; see the kind of source."""
    format: FileFormat = "auto"
    """Format of all files; ``auto`` goes by each file's name and first bytes. ``lines`` is a document a line."""
    text_field: str = "text"
    """The key or column that holds the text, in jsonl and parquet that have no ``layout``; as a layout does, any but
    ``text`` says that files called ``.json`` hold rows."""
    html_field: str | None = None
    """The key or column that holds the source of a web page, in jsonl and parquet: the row's text is found in it as in
    a file of HTML. With a ``layout`` it stands for the layout's text; all else is as the layout says."""
    layout: Annotated[str, BeforeValidator(_layout_name)] | None = None
    """A known layout of rows (``fineweb``, ``pile``, ``skypile``, ``redpajama``, ``redpajama-v2``, ``wudao``),
    for jsonl and parquet; it says where text, address, language, domain and date lie."""
    lang: str | None = None
    """Language of all documents, or null to take the layout's or have it found out."""
    domain: str | None = None
    """Domain of all documents, or null to take the layout's or have it found out."""
    refuse: tuple[Literal["noai", "noindex", "unlicensed"], ...] = ()
    """Web pages to leave out: those that say ``noai`` (or reserve text and data mining) or ``noindex`` to robots, in
    the page or its ``X-Robots-Tag``, and those that name no licence; they lie in quarantine with that reason."""

    @property
    def row_layout(self) -> Layout:
        """Where a row keeps what: the named layout, or the plain one of ``text_field`` and ``url``; with the page of
        ``html_field`` for its text."""
        layout = LAYOUTS[self.layout] if self.layout else replace(PLAIN, text=(self.text_field,))
        return replace(layout, text=(self.html_field,), html=True) if self.html_field else layout

    @model_validator(mode="after")
    def _one_text(self) -> Self:
        if self.html_field is not None and self.text_field != "text":
            raise ValueError(
                f"a row's text is either {self.text_field!r} or the page in {self.html_field!r} "
                "(leave out text_field or html_field)"
            )
        return self


class FilesSource(ListedSource):
    """A source of kind ``files``: local files, and objects below ``s3://`` prefixes.

    ``paths`` are local globs (``data/**/*.jsonl.gz``, relative to the checkout) and
    ``s3://bucket/prefix/``; an S3 address may have a glob too (``s3://bucket/crawl/**/*.warc.gz``).
    """

    kind: Literal["files"] = "files"


class HubSource(ListedSource):
    """A source of kind ``hf``: files of a data set on the Hugging Face hub, or a hub of one's own.

    ``paths`` are globs inside the repository (``data/**/*.parquet``). Address and token come from the
    environment (``HF_ENDPOINT``, ``HF_TOKEN``).
    """

    kind: Literal["hf"] = "hf"
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    """The data set's repository: ``owner/name``."""
    revision: str = "main"
    """Branch, tag or commit. Whatever it is, the files' content hashes enter the listing's digest."""


class CrawlSource(ListedSource):
    """A source of kind ``crawl``: a place that fills up day by day.

    ``paths`` are as for ``files``, with ``{date}`` where the day stands (``s3://crawl/{date}/*.warc.gz``).
    A day that has no file yet is no error: it brings nothing, and a run that is planned later looks again.
    """

    kind: Literal["crawl"] = "crawl"
    dates: Annotated[tuple[str, ...], BeforeValidator(days_of)] = Field(min_length=1)
    """Days and ranges of days: ``[2026-11-01, 2026-11-03..2026-11-05]``; documents carry theirs."""
    marker: str | None = None
    """A file or object that is there once a day is whole: ``s3://crawl/{date}/_SUCCESS``. Until then the day counts as
    one that has no file yet. It is never read, and decides when a day is made, not what of."""

    @model_serializer(mode="wrap")
    def _without_marker(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A crawl without a marker is as it was before there were any: so are the fingerprints."""
        return {name: value for name, value in plain(self).items() if name != "marker" or value is not None}

    @field_validator("marker")
    @classmethod
    def _of_a_day(cls, marker: str | None) -> str | None:
        if marker is not None and "{date}" not in marker:
            raise ValueError(f"{marker!r} does not say where the day stands (write {{date}} in it)")
        return marker

    @field_validator("paths")
    @classmethod
    def _dated(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if "{date}" not in path:
                raise ValueError(f"{path!r} does not say where the day stands (write {{date}} in it)")
        return paths


Source = Annotated[DebSource | FilesSource | HubSource | CrawlSource, Field(discriminator="kind")]
