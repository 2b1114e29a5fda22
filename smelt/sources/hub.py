"""Files of a data set on the Hugging Face hub: what is there, under which content hash, and where it is fetched.

Read through huggingface_hub's file system. A branch may move between plan and work, so what is listed is pinned to
the commit that it stands for; the content hash (SHA-256 of large files, git's blob id of small ones) is what a
fetched file is held to.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from smelt.errors import RecipeError
from smelt.recipe.sources import HubSource
from smelt.sources.globs import fixed_part, matches

ENDPOINT, TOKEN = "HF_ENDPOINT", "HF_TOKEN"
_HUB = "https://huggingface.co"
_SCHEME = "hf://datasets/"


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


def files(source: HubSource, glob: str) -> Iterator[HubFile]:
    """The files of the source's data set that match ``glob``, by path.

    Raises:
        RecipeError: when the hub refuses, can't be reached, or has no such data set or revision.
    """
    from huggingface_hub.errors import EntryNotFoundError

    where = f"sources.{source.name}"
    system = _file_system()
    commit = _asked(lambda: system._api.dataset_info(source.repo, revision=source.revision).sha, where, source)
    root = f"datasets/{source.repo}@{commit}"
    folder = fixed_part(glob).rpartition("/")[0]
    try:
        found = _asked(lambda: system.find(f"{root}/{folder}".rstrip("/"), detail=True), where, source)
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


def _file_system() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem(
        endpoint=os.environ.get(ENDPOINT) or _HUB,
        token=os.environ.get(TOKEN) or False,
        skip_instance_cache=True,  # a kept instance would remember an older listing
    )


def _asked(ask: Any, where: str, source: HubSource) -> Any:
    """The hub's answer, or one line that says why there is none."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError

    at = os.environ.get(ENDPOINT) or _HUB
    try:
        return ask()
    except RevisionNotFoundError as error:
        raise RecipeError(
            f"{source.repo} has no revision {source.revision!r}", where=f"{where}.revision", mend="see its branches"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403, 404):
            mend = (
                f"check the name, and that the token in {TOKEN} may read it"
                if os.environ.get(TOKEN)
                else f"check the name; a private or gated data set needs a token in {TOKEN}"
            )
            raise RecipeError(f"{at} answered {status} for {source.repo}", where=f"{where}.repo", mend=mend) from error
        raise RecipeError(f"{at} answered {status}", where=f"{where}.repo", mend="try again later") from error
    except (httpx2.TransportError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise RecipeError(
            f"{at} can't be reached: {error}", where=f"{where}.repo", mend=f"check the network and {ENDPOINT}"
        ) from error
