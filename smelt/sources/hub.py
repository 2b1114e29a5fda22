"""Files of a data set on the Hugging Face hub: what is there, under which content hash, and where it is fetched.

Read through huggingface_hub's file system. A branch may move between plan and work, so what is listed is pinned to
the commit that it stands for; the content hash (SHA-256 of large files, git's blob id of small ones) is what a
fetched file is held to.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smelt.errors import RecipeError
from smelt.sources.globs import fixed_part, matches

ENDPOINT, TOKEN = "HF_ENDPOINT", "HF_TOKEN"
_HUB = "https://huggingface.co"
_SCHEME = "hf://datasets/"


@dataclass(frozen=True)
class DataSet:
    """A data set as a recipe names it.

    Attributes:
        repo: ``owner/name``.
        revision: branch, tag or commit.
        at, revision_at: where the recipe names them, for errors.
    """

    repo: str
    revision: str
    at: str
    revision_at: str


@dataclass(frozen=True)
class HubFile:
    """A file of a data set.

    Attributes:
        path: its path in the repository.
        uri: ``hf://datasets/<repo>@<commit>/<path>``.
        bytes: its size.
        version: ``sha256:…`` of its content, or ``git:…``, the blob id of a small one.
    """

    path: str
    uri: str
    bytes: int
    version: str


def files(source: DataSet, glob: str) -> Iterator[HubFile]:
    """The files of a data set that match ``glob``, by path.

    Raises:
        RecipeError: when the hub refuses, can't be reached, or has no such data set or revision.
    """
    from huggingface_hub.errors import EntryNotFoundError

    system = _file_system()
    commit = _asked(lambda: system._api.dataset_info(source.repo, revision=source.revision).sha, source)
    root = f"datasets/{source.repo}@{commit}"
    folder = fixed_part(glob).rpartition("/")[0]
    try:
        found = _asked(lambda: system.find(f"{root}/{folder}".rstrip("/"), detail=True), source)
    except (EntryNotFoundError, FileNotFoundError):
        found = {}
    for name in sorted(found):
        path, about = name.removeprefix(f"{root}/"), found[name]
        if matches(path, (glob,)) and about["size"]:
            lfs = about.get("lfs")
            version = f"sha256:{lfs['sha256']}" if lfs else f"git:{about['blob_id']}"
            yield HubFile(path, f"{_SCHEME}{source.repo}@{commit}/{path}", about["size"], version)


def address(uri: str) -> str:
    """The HTTP address of a listed file's content."""
    from huggingface_hub import hf_hub_url

    repo, _, rest = uri.removeprefix(_SCHEME).partition("@")
    commit, _, path = rest.partition("/")
    return hf_hub_url(repo, path, repo_type="dataset", revision=commit, endpoint=os.environ.get(ENDPOINT) or _HUB)


def headers() -> dict[str, str]:
    """What a request to the hub carries: the token, where the environment has one."""
    token = os.environ.get(TOKEN)
    return {"Authorization": f"Bearer {token}"} if token else {}


def is_hub(uri: str) -> bool:
    """Whether a listed file lies on the hub."""
    return uri.startswith(_SCHEME)


def inside(uri: str, *, where: str) -> tuple[DataSet, str]:
    """The data set that ``hf://datasets/owner/name@revision/path`` names, and the path in it; by default of ``main``.

    Raises:
        RecipeError: when it names none.
    """
    owner, _, rest = uri.removeprefix(_SCHEME).partition("/")
    named, _, path = rest.partition("/")
    name, _, revision = named.partition("@")
    at = f"{where}: {uri}"
    if not (is_hub(uri) and owner and name):
        mend = f"write {_SCHEME}owner/name@revision/path"
        raise RecipeError("names no data set of a hub", where=at, mend=mend)
    return DataSet(f"{owner}/{name}", revision or "main", at, at), path.strip("/")


def content(uri: str, *, where: str, cache: Path) -> bytes:
    """The bytes of one file of a data set, held to its hash.

    Args:
        uri: as ``inside`` takes it.
        where: the recipe path that names it, for errors.
        cache: where it is kept, by its content, so that a machine downloads it once.

    Raises:
        RecipeError: as ``files`` does, and when there is no such file.
        StageError: when the download fails.
    """
    from smelt.sources.download import download  # with an HTTP client, which whoever lists alone doesn't need

    source, path = inside(uri, where=where)
    found = [file for file in files(source, path) if file.path == path]
    if not found:
        mend = f"see the files of {source.repo} at {source.revision}"
        raise RecipeError("no such file on the hub", where=source.at, mend=mend)
    kept = cache / found[0].version.replace(":", "-")
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as own:  # several workers of a machine may want it at once
            download(address(found[0].uri), Path(own, "file"), digest=found[0].version, headers=headers()).replace(kept)
    return kept.read_bytes()


def _file_system() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem(
        endpoint=os.environ.get(ENDPOINT) or _HUB,
        token=os.environ.get(TOKEN) or False,
        skip_instance_cache=True,  # a kept instance would remember an older listing
    )


def _asked(ask: Any, source: DataSet) -> Any:
    """The hub's answer, or one line that says why there is none."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

    at = os.environ.get(ENDPOINT) or _HUB
    try:
        return ask()
    except RevisionNotFoundError as error:
        raise RecipeError(
            f"{source.repo} has no revision {source.revision!r}", where=source.revision_at, mend="see its branches"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403, 404):
            mend = (
                f"check the name, and that the token in {TOKEN} may read it"
                if os.environ.get(TOKEN)
                else f"check the name; a private or gated data set needs a token in {TOKEN}"
            )
            raise RecipeError(f"{at} answered {status} for {source.repo}", where=source.at, mend=mend) from error
        raise RecipeError(f"{at} answered {status}", where=source.at, mend="try again later") from error
    except (httpx2.TransportError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise RecipeError(
            f"{at} can't be reached: {error}", where=source.at, mend=f"check the network and {ENDPOINT}"
        ) from error
