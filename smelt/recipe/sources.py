"""Where raw documents come from: Debian packages and files.

A source has a name, which every document of it carries, and hints of language and domain where
whoever chose it knows them. Sources of kind ``deb`` are fetched into the lake first (stage ``fetch``);
sources of kind ``files`` are read where they lie, and their listing's digest stands for their content.
"""

from typing import Annotated, Literal

from pydantic import Field

from smelt.recipe.base import Config

SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
PackageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+$")]
FileFormat = Literal["auto", "text", "markdown", "jsonl", "parquet", "html", "pdf", "code", "man", "warc"]


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


class FilesSource(Config):
    """A source of kind ``files``: local files, and objects below ``s3://`` prefixes."""

    name: SourceName
    """The source's name: lower case, digits, ``-`` and ``_``."""
    kind: Literal["files"] = "files"
    paths: tuple[str, ...] = Field(min_length=1)
    """Local globs (``data/**/*.jsonl.gz``, relative to the working folder) and ``s3://bucket/prefix/``;
    an S3 address may have a glob too (``s3://bucket/crawl/**/*.warc.gz``)."""
    format: FileFormat = "auto"
    """Format of all files; ``auto`` goes by each file's name and first bytes."""
    text_field: str = "text"
    """The key or column that holds the text, in jsonl and parquet."""
    lang: str | None = None
    """Language of all documents, or null to have it found out."""
    domain: str | None = None
    """Domain of all documents, or null to have it found out."""


Source = Annotated[DebSource | FilesSource, Field(discriminator="kind")]
