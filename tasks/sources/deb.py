"""Debian packages as archives of files: an ``ar`` of a control and a data tarball, read as a stream.

https://manpages.debian.org/deb.5: members ``debian-binary``, ``control.tar.*``, ``data.tar.*``.
"""

import gzip
import lzma
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import zstandard

from smelt.errors import StageError

_MAGIC = b"!<arch>\n"


@dataclass(frozen=True)
class PackageFile:
    """A regular file of a package: its path without a leading slash, and its content."""

    path: str
    content: bytes


def control(package: Path) -> dict[str, str]:
    """The fields of the package's control file (``Package``, ``Version``, ``Architecture`` ...)."""
    with package.open("rb") as archive, _tarball(archive, "control.tar", package) as tar:
        for member in tar:
            if member.name.lstrip("./") == "control":
                text = _read(tar, member).decode()
                lines = (line.partition(": ") for line in text.splitlines() if line[:1].strip())
                return {name: value for name, _, value in lines}
    raise StageError("holds no control file", where=str(package), mend="delete it and run again")


def files(package: Path) -> Iterator[PackageFile]:
    """The package's regular files in archive order; links are left out, since what they point to is there."""
    with package.open("rb") as archive, _tarball(archive, "data.tar", package) as tar:
        for member in tar:
            if member.isreg():
                name = member.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
                yield PackageFile(name.removeprefix("./").lstrip("/"), _read(tar, member))


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file is not None, "a regular file has content"
    return file.read()


def _tarball(archive: IO[bytes], wanted: str, package: Path) -> tarfile.TarFile:
    """The tarball whose member's name begins with ``wanted``, opened where ``archive`` lies."""
    if archive.read(len(_MAGIC)) != _MAGIC:
        raise StageError("is no Debian package", where=str(package), mend="delete it and run again")
    while len(header := archive.read(60)) == 60:
        name, size = header[:16].decode().strip().rstrip("/"), int(header[48:58])
        if name.startswith(wanted):
            return tarfile.open(fileobj=_decompressed(archive, name), mode="r|")
        archive.seek(size + size % 2, 1)
    raise StageError(f"holds no {wanted}", where=str(package), mend="delete it and run again")


def _decompressed(archive: IO[bytes], name: str) -> Any:
    if name.endswith(".xz"):
        return lzma.open(archive)
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor().stream_reader(archive, read_across_frames=False)
    if name.endswith(".gz"):
        return gzip.open(archive)
    return archive
