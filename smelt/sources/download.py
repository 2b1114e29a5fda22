"""Downloads that resume where they broke off and are checked by digest before they get their name."""

import fcntl
import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import httpx

from smelt.errors import StageError

_CHUNK = 1 << 20
_TRIES = 5  # without a byte of progress
_WAIT_S = 0.2  # before the second; doubles
_LATER = {408, 429, 500, 502, 503, 504}


def sha256_of(file: Path) -> str:
    """SHA-256 of a local file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def download(url: str, target: Path, *, digest: str, headers: Mapping[str, str] | None = None) -> Path:
    """Fetch ``url`` into ``target``, going on from the partial file of an earlier try, also of a killed process.

    Args:
        digest: ``sha256:`` and hex digits, or ``git:`` and a blob id (SHA-1 over a header and the content).
        headers: sent with each request, but not to another host that it is passed on to.

    Raises:
        StageError: when the server refuses, can't be reached, or the content has another digest.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    with partial.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _fetch_all(url, file, headers or {})
        if (found := _digest(partial, digest.partition(":")[0])) != digest:
            file.truncate(0)
            raise StageError(f"the content is {found}, not {digest}", where=url, mend="run again; it may be in change")
        return partial.rename(target)


def _fetch_all(url: str, file: BinaryIO, headers: Mapping[str, str]) -> None:
    failures = 0
    while True:
        before = file.seek(0, 2)
        try:
            return _fetch(url, file, headers)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status not in _LATER:
                mend = "check the token" if status in (401, 403) else ""
                raise StageError(f"the server answered {status}", where=url, mend=mend) from error
            problem: Exception = error
        except httpx.TransportError as error:
            problem = error
        failures = 1 if file.seek(0, 2) > before else failures + 1
        if failures == _TRIES:
            raise StageError(
                f"can't be fetched: {problem}", where=url, mend="check the network and run again"
            ) from problem
        time.sleep(_WAIT_S * 2 ** (failures - 1))


def _fetch(url: str, file: BinaryIO, headers: Mapping[str, str]) -> None:
    there = file.seek(0, 2)
    asked = {**headers, "Accept-Encoding": "identity", **({"Range": f"bytes={there}-"} if there else {})}
    with httpx.stream("GET", url, headers=asked, follow_redirects=True, timeout=60) as answer:
        if answer.status_code == 416:  # nothing is left to fetch
            return
        answer.raise_for_status()
        if answer.status_code != 206:
            file.truncate(0)
        for chunk in answer.iter_raw(_CHUNK):
            file.write(chunk)
    file.flush()


def _digest(file: Path, kind: str) -> str:
    if kind == "sha256":
        return f"sha256:{sha256_of(file)}"
    blob = hashlib.sha1(b"blob %d\0" % file.stat().st_size)
    with file.open("rb") as content:
        while piece := content.read(_CHUNK):
            blob.update(piece)
    return f"git:{blob.hexdigest()}"
