"""Globs over paths: ``*`` and ``?`` stay inside a folder, ``**`` goes through any number of them."""

import re
from functools import lru_cache

from smelt.errors import RecipeError

_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]")


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether ``path`` (relative, ``/`` between folders) matches one of ``globs``."""
    return any(_compiled(glob).fullmatch(path) for glob in globs)


def has_magic(path: str) -> bool:
    """Whether ``path`` is a glob rather than a plain path."""
    return _PIECES.search(path) is not None


def fixed_part(glob: str) -> str:
    """The folders of ``glob`` before its first wildcard, with a slash at the end where there are any."""
    found = _PIECES.search(glob)
    return glob if found is None else glob[: found.start()].rpartition("/")[0] + "/" * ("/" in glob[: found.start()])


@lru_cache(1024)
def _compiled(glob: str) -> re.Pattern[str]:
    pattern, end = "", 0
    for found in _PIECES.finditer(glob):
        pattern += re.escape(glob[end : found.start()]) + _translate(found.group())
        end = found.end()
    try:
        return re.compile(pattern + re.escape(glob[end:]), re.DOTALL)
    except re.error as error:
        raise RecipeError(
            f"{glob!r} is no glob: {error}", mend="write ranges in brackets upwards, as in [a-z]"
        ) from None


def _translate(piece: str) -> str:
    if piece.startswith("["):
        inside = re.sub(r"([\\\[&~|])", r"\\\1", piece[2:] if piece.startswith("[!") else piece[1:])
        return f"[^{inside}" if piece.startswith("[!") else f"[{inside}"
    return {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[piece]
