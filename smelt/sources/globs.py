"""Globs over paths: ``*`` and ``?`` stay inside a folder, ``**`` goes through any number of them.

A path is read once, whatever wildcards the glob has: no expression that tries one division of the path after another,
which some globs would make take years.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from smelt.errors import RecipeError

_PIECES = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]")
_WITHIN, _THROUGH, _FOLDERS, _IN_FOLDERS = "*", "**", "**/", "in **/"
_MOST_STATES = 1000
"""How many states are remembered of a glob."""


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether ``path`` (relative, ``/`` between folders) matches one of ``globs``."""
    return any(_machine(glob).takes(path) for glob in globs)


def has_magic(path: str) -> bool:
    """Whether ``path`` is a glob rather than a plain path."""
    return _PIECES.search(path) is not None


def fixed_part(glob: str) -> str:
    """The folders of ``glob`` before its first wildcard, with a slash at the end where there are any."""
    found = _PIECES.search(glob)
    return glob if found is None else glob[: found.start()].rpartition("/")[0] + "/" * ("/" in glob[: found.start()])


@dataclass(frozen=True)
class _State:
    """Places in a glob up to which some of a path may have been read; ``moves`` by the path's next character."""

    places: frozenset[int]
    moves: dict[str, "_State"] = field(default_factory=dict, compare=False)


class _Machine:
    """A glob as a machine over sets of its places, which are made as paths ask for them."""

    def __init__(self, glob: str) -> None:
        self._steps = [*_steps(glob)]
        self._states: dict[frozenset[int], _State] = {}
        self._begin = self._state([0])

    def takes(self, path: str) -> bool:
        state = self._begin
        for character in path:
            state = state.moves.get(character) or self._move(state, character)
        return len(self._steps) in state.places

    def _move(self, state: _State, character: str) -> _State:
        state.moves[character] = moved = self._state(
            after for place in state.places if place < len(self._steps) for after in self._after(place, character)
        )
        return moved

    def _after(self, place: int, character: str) -> Iterator[int]:
        step = self._steps[place]
        if isinstance(step, re.Pattern):
            if step.fullmatch(character):
                yield place + 1
        elif step == _THROUGH or (step == _WITHIN and character != "/"):
            yield place
        elif step == _IN_FOLDERS:
            yield place
            if character == "/":
                yield place + 1

    def _state(self, places: Iterable[int]) -> _State:
        """The state of these places and of those that need no character."""
        found, waiting = set(), [*places]
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                step = self._steps[place] if place < len(self._steps) else None
                waiting += [place + 1] * (step in (_WITHIN, _THROUGH)) + [place + 1, place + 2] * (step == _FOLDERS)
        if len(self._states) >= _MOST_STATES:
            for state in self._states.values():
                state.moves.clear()
            self._states.clear()
        return self._states.setdefault(frozenset(found), _State(frozenset(found)))


@lru_cache(1024)
def _machine(glob: str) -> _Machine:
    try:
        return _Machine(glob)
    except re.error as error:
        raise RecipeError(
            f"{glob!r} is no glob: {error}", mend="write ranges in brackets upwards, as in [a-z]"
        ) from None


def _steps(glob: str) -> Iterator[re.Pattern[str] | str]:
    """The glob's pieces: wildcards that go over many characters, and patterns of one."""
    end = 0
    for found in _PIECES.finditer(glob):
        yield from map(_one, map(re.escape, glob[end : found.start()]))
        end, piece = found.end(), found.group()
        if piece == _FOLDERS:
            yield from (_FOLDERS, _IN_FOLDERS)
        elif piece in (_WITHIN, _THROUGH):
            yield piece
        else:
            yield _one("[^/]" if piece == "?" else _brackets(piece))
    yield from map(_one, map(re.escape, glob[end:]))


def _one(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


def _brackets(piece: str) -> str:
    inside = re.sub(r"([\\\[&~|])", r"\\\1", piece[2:] if piece.startswith("[!") else piece[1:])
    return f"[^{inside}" if piece.startswith("[!") else f"[{inside}"
