"""Files that a recipe names beside its documents (benchmarks, a tokenizer): read, and held to their digest.

A path alone does not say what is in the file, so the digest of its bytes goes into the fingerprint;
whoever reads the file later, on whatever machine, checks that it is still the one that was meant.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smelt.errors import RecipeError

CHECKOUT = Path(__file__).resolve().parents[2]


def read(path: str, *, where: str, digest: str = "") -> bytes:
    """The bytes of a file in the checkout, or at ``s3://bucket/key``.

    Args:
        where: the recipe path that names it, for errors.
        digest: SHA-256 that it must have; empty takes any.

    Raises:
        RecipeError: when there is no such file, or its digest is another.
    """
    if path.startswith("s3://"):
        from smelt.lake import Lake  # the object store's clients, only where a recipe names one
        from smelt.settings import load

        bucket, _, key = path.removeprefix("s3://").partition("/")
        content = Lake(load(), url=f"s3://{bucket}").get(key)
    else:
        file = CHECKOUT / path
        if not file.is_file():
            raise RecipeError(
                "no such file", where=f"{where}: {path}", mend="give a path below the checkout, or s3://bucket/key"
            )
        content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if digest and found != digest:
        raise RecipeError(
            f"the file's digest is {found[:12]}…, not {digest[:12]}…",
            where=f"{where}: {path}",
            mend="it changed since the plan was made: plan again, or correct `digest`",
        )
    return content


def json_lines(path: str, *, where: str, digest: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place (`path:line`); empty lines are passed over.

    Raises:
        RecipeError: as `read` does, and for a line that is not JSON.
    """
    for number, line in enumerate(read(path, where=where, digest=digest).decode().splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            yield place, json.loads(line)
        except json.JSONDecodeError as error:
            raise RecipeError(f"not JSON: {error}", where=place, mend="write one object a line") from None


def digest(path: str, *, where: str) -> str:
    """SHA-256 of such a file."""
    return hashlib.sha256(read(path, where=where)).hexdigest()
