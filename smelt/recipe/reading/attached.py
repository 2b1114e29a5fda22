"""Files that a recipe names beside its documents (benchmarks, a tokenizer): read, and held to their digest.

A path alone does not say what is in the file, so the digest of its bytes goes into the fingerprint;
whoever reads the file later, on whatever machine, checks that it is still the one that was meant.
"""

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from smelt.checkout import CHECKOUT
from smelt.errors import RecipeError
from smelt.sources.globs import matches

EVERYTHING = ("**",)
HUB = "hf://"
REMOTE = ("s3://", HUB)
"""How a path begins that is no file of the checkout."""


def read(path: str, *, where: str, digest: str = "") -> bytes:
    """The bytes of a file in the checkout, at ``s3://bucket/key``, or at ``hf://datasets/owner/name@revision/path``.

    Args:
        where: the recipe path that names it, for errors.
        digest: SHA-256 that it must have; empty takes any.

    Raises:
        RecipeError: when there is no such file, or its digest is another.
    """
    if path.startswith("s3://"):
        bucket, _, key = path.removeprefix("s3://").partition("/")
        content = _lake_at(f"s3://{bucket}").get(key)
    elif path.startswith(HUB):
        from smelt.settings import home_folder
        from smelt.sources import hub  # the hub's client, only where a recipe names one

        content = hub.content(path, where=where, cache=home_folder() / "cache" / "hub")
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
        RecipeError: as `read` does, and for a line that is not a JSON object.
    """
    yield from json_objects(path, read(path, where=where, digest=digest).decode())


def json_objects(path: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines text that a file holds, as ``json_lines`` gives them.

    Raises:
        RecipeError: for a line that is not a JSON object.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            item = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecipeError(f"not JSON: {error}", where=place, mend="write one object a line") from None
        if not isinstance(item, dict):
            raise RecipeError("not a JSON object", where=place, mend="write one object a line")
        yield place, item


def digest(path: str, *, where: str) -> str:
    """SHA-256 of such a file."""
    return hashlib.sha256(read(path, where=where)).hexdigest()


def folder_digest(path: str, *, where: str, only: tuple[str, ...] = EVERYTHING) -> str:
    """SHA-256 over the names and contents of a folder's files; at ``s3://`` over names, sizes and ETags.

    Args:
        path: see ``folder``.
        only: globs over paths inside the folder; other files don't count.

    Raises:
        RecipeError: as ``folder`` does, and where an S3 prefix is empty.
    """
    total = hashlib.sha256()
    if path.startswith("s3://"):
        found = sorted(_objects(path, only), key=lambda item: item.key)
        if not found:
            raise RecipeError("there is nothing", where=f"{where}: {path}", mend="give a prefix that holds files")
        for item in found:
            total.update(f"{item.key}\0{item.bytes}\0{item.etag}\n".encode())
        return total.hexdigest()
    root = folder(path, where=where)
    for file in _files(root, only):
        with file.open("rb") as content:
            inside = hashlib.file_digest(content, "sha256").hexdigest()
        total.update(f"{file.relative_to(root)}\0{inside}\n".encode())
    return total.hexdigest()


def folder_files(path: str, *, where: str, only: tuple[str, ...] = EVERYTHING) -> list[str]:
    """Paths inside a folder of the files that ``only`` matches.

    Raises:
        RecipeError: as ``folder`` does.
    """
    if path.startswith("s3://"):
        return [item.key for item in _objects(path, only)]
    if path.startswith(HUB):
        from smelt.sources import hub

        data, folder_in = hub.inside(path, where=where)
        found = [file.path for file in hub.files(data, f"{folder_in}/**".lstrip("/"))]
        return [name for file in found if matches(name := file.removeprefix(f"{folder_in}/"), only)]
    root = folder(path, where=where)
    return [str(file.relative_to(root)) for file in _files(root, only)]


def folder(path: str, *, where: str, cache: Path | None = None, only: tuple[str, ...] = EVERYTHING) -> Path:
    """A folder of model files on this machine.

    Args:
        path: a folder (relative to the checkout), ``s3://bucket/prefix``, or the name of an installed Python package,
            of which the folder that holds ``config.json`` is meant.
        cache: where objects are fetched to; needed for ``s3://``.
        only: globs over paths inside the folder: which objects are fetched.

    Raises:
        RecipeError: when there is no such thing.
    """
    if path.startswith("s3://"):
        assert cache is not None, "objects need a place on this machine"
        digest = folder_digest(path, where=where, only=only)
        for item in _objects(path, only):
            target = cache / digest / item.key
            if not target.exists():
                _lake_at(path).download(item.key, target)
        return cache / digest
    if (CHECKOUT / path).is_dir():
        return CHECKOUT / path
    spec = importlib.util.find_spec(path.replace("-", "_")) if path.replace("-", "_").isidentifier() else None
    for base in (spec.submodule_search_locations or ()) if spec else ():
        for config in sorted(Path(base).rglob("config.json"), key=lambda file: (len(file.parts), file)):
            return config.parent
    raise RecipeError(
        "no folder, and no installed package with a model in it",
        where=f"{where}: {path}",
        mend="give a folder, s3://bucket/prefix, or a package's name",
    )


def _lake_at(address: str) -> Any:
    from smelt.lake import Lake  # the object store's clients, only where a recipe names one
    from smelt.settings import load

    return Lake(load(), url=address)


def _objects(address: str, only: tuple[str, ...]) -> list[Any]:
    found = _lake_at(address).objects("")
    return [item for item in found if not item.key.endswith("/") and matches(item.key, only)]


def _files(root: Path, only: tuple[str, ...]) -> list[Path]:
    return [file for file in sorted(root.rglob("*")) if file.is_file() and matches(str(file.relative_to(root)), only)]
