"""Downloads that resume where they broke off and are checked by digest before they get their name."""

import hashlib
import os
from pathlib import Path

import httpx

from smelt.errors import StageError

_CHUNK = 1 << 20
_TRIES = 4


def sha256_of(file: Path) -> str:
    """SHA-256 of a local file, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def download(url: str, target: Path, *, sha256: str | None = None) -> Path:
    """Fetch ``url`` into ``target``, going on from a partial file of an earlier try.

    Raises:
        StageError: when the server refuses, can't be reached, or the content has another digest.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    problem: Exception | None = None
    for _ in range(_TRIES):
        try:
            _fetch(url, partial)
            break
        except httpx.HTTPStatusError as error:
            partial.unlink(missing_ok=True)
            raise StageError(f"the server answered {error.response.status_code}", where=url) from error
        except httpx.TransportError as error:
            problem = error
    else:
        raise StageError(f"can't be fetched: {problem}", where=url, mend="check the network and run again") from problem
    if sha256 is not None and (found := sha256_of(partial)) != sha256:
        partial.unlink()
        raise StageError(f"SHA-256 is {found}, not {sha256}", where=url, mend="the mirror may be in change: run again")
    return partial.rename(target)


def _fetch(url: str, partial: Path) -> None:
    there = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={there}-"} if there else {}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=60) as answer:
        if answer.status_code == 416:  # nothing is left to fetch
            return
        answer.raise_for_status()
        with partial.open("ab" if answer.status_code == 206 else "wb") as file:
            for chunk in answer.iter_bytes(_CHUNK):
                file.write(chunk)
