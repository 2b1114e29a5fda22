"""Debian packages by name, without root: through apt where there is one, else from an archive's pool.

apt is given a state folder of its own and the system's ``sources.list``, so that it needs no rights,
takes no lock of the system's and checks signatures as always. Without apt the address of a mirror
comes from ``SMELT_DEB_MIRROR`` (with ``SMELT_DEB_SUITE``, ``stable`` when unset), and packages are
checked against the digests of its index.
"""

import fcntl
import hashlib
import lzma
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx

from smelt.errors import StageError
from smelt.sources.download import download, sha256_of

MIRROR, SUITE = "SMELT_DEB_MIRROR", "SMELT_DEB_SUITE"
_INDEX_SECONDS = 3600  # an index younger than this is not asked for again
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Located:
    """A package in an archive: where it lies, what its file is called, and its digest."""

    url: str
    file_name: str
    sha256: str


def fetch(package: str, cache: Path) -> Path:
    """The package's newest version as a local file; one that is cached is not fetched again.

    Raises:
        StageError: when no archive is known, or it has no such package.
    """
    folder = cache / "debs"
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / "debs.lock"):
        located = _locate_in_pool(package, cache) if os.environ.get(MIRROR) else _locate_by_apt(package, cache)
        target = folder / located.file_name
        if target.exists() and sha256_of(target) == located.sha256:
            return target
        return download(located.url, target, digest=f"sha256:{located.sha256}")


def _locate_by_apt(package: str, cache: Path) -> Located:
    if shutil.which("apt-get") is None:
        raise StageError(
            "this machine has no apt to fetch packages with",
            where=f"package {package}",
            mend=f"set {MIRROR} to a mirror",
        )
    options = _apt_options(cache / "apt")
    asked = ["apt-get", *options, "download", "--print-uris", package]
    answer = subprocess.run(asked, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    line = next((line for line in answer.stdout.splitlines() if line.startswith("'")), None)
    if answer.returncode != 0 or line is None:
        raise StageError(
            _complaint(answer.stderr), where=f"package {package}", mend="check the name with `apt-cache policy`"
        )
    url, file_name, _, checksum = line.split(" ", 3)
    kind, _, value = checksum.partition(":")
    if kind != "SHA256":
        raise StageError(f"the archive gives no SHA-256 but {kind}", where=f"package {package}")
    return Located(url.strip("'"), unquote(file_name), value)


def _apt_options(home: Path) -> list[str]:
    """Options that keep apt inside ``home``, whose package lists are brought up to date."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    settings = {
        "Dir::State": home / "state",
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "root",  # the folder belongs to whoever runs this
        "Acquire::Languages": "none",
        "APT::Update::Post-Invoke": "",
        "APT::Update::Post-Invoke-Success": "",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]
    done = home / "updated"
    if not _is_fresh(done):
        answer = subprocess.run(
            ["apt-get", *options, "update", "-q"], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}
        )
        if answer.returncode != 0:
            raise StageError(
                _complaint(answer.stderr), where="apt-get update", mend="check the network and sources.list"
            )
        done.touch()
    return options


def _is_fresh(file: Path) -> bool:
    """Whether it was written lately; what a clock that was ahead has dated into the future was not."""
    return file.exists() and 0 <= time.time() - file.stat().st_mtime <= _INDEX_SECONDS


def _complaint(stderr: str) -> str:
    errors = [line.removeprefix("E: ") for line in stderr.splitlines() if line.startswith("E: ")]
    return errors[0] if errors else (stderr.strip().splitlines() or ["apt-get failed"])[-1]


def _locate_in_pool(package: str, cache: Path) -> Located:
    mirror = os.environ[MIRROR].rstrip("/")
    for fields in _index(mirror, cache):
        if fields.get("Package") == package:
            path = fields["Filename"]
            return Located(f"{mirror}/{path}", path.rsplit("/", 1)[-1], fields["SHA256"])
    raise StageError(
        "the archive has no such package", where=f"package {package}", mend=f"check the name, {MIRROR} and {SUITE}"
    )


def _index(mirror: str, cache: Path) -> Iterator[dict[str, str]]:
    suite = os.environ.get(SUITE) or "stable"
    path = f"main/binary-{_MACHINES.get(platform.machine(), platform.machine())}/Packages.xz"
    base = f"{mirror}/dists/{suite}"
    file = cache / "index" / hashlib.sha256(f"{base}/{path}".encode()).hexdigest()[:16]
    if not _is_fresh(file):
        download(f"{base}/{path}", file, digest="sha256:" + _digest_in_release(f"{base}/Release", path))
        os.utime(file)
    for block in lzma.decompress(file.read_bytes()).decode().split("\n\n"):
        lines = (line.partition(": ") for line in block.splitlines() if line[:1].strip())
        yield {name: value for name, _, value in lines}


def _digest_in_release(url: str, path: str) -> str:
    try:
        text = httpx.get(url, follow_redirects=True, timeout=60).raise_for_status().text
    except httpx.HTTPError as error:
        raise StageError(f"can't be fetched: {error}", where=url, mend=f"check {MIRROR} and {SUITE}") from error
    for line in text.partition("SHA256:")[2].splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] == path:
            return fields[0]
    raise StageError(f"names no digest of {path}", where=url, mend=f"check {MIRROR} and {SUITE}")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """One process of this machine at a time, so that no package and no index is fetched twice."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
