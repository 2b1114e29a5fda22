"""Local files behind a glob: folders behind links too, each once, with a note on what can't be reached.

A name that isn't UTF-8 can't stand in JSON. Such a file is called by its address: ``file:`` and the bytes of its path,
in per cent where they are no ASCII.
"""

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from smelt.sources.globs import has_magic, matches

_ADDRESS = "file:"


@dataclass
class Walk:
    """A walk over the files that a glob names.

    Attributes:
        glob: an absolute path, a folder of which all files are meant, or a glob. Something that is there under just
            this name is meant even if the name has ``*``, ``?`` or brackets.
        left_out: what is there and can't be listed, and why.
    """

    glob: str
    left_out: list[str] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def files(self) -> Iterator[str]:
        """Paths of the files in any order, each real folder's once; folders in place come before those behind links."""
        path = self.glob.rstrip("/") or "/"
        if Path(path).is_file():
            yield path
        elif Path(path).is_dir():
            yield from (name for _, name in self._below([path]))
        elif has_magic(path):
            steps = path.removeprefix("/").split("/")
            deep = next((at for at, step in enumerate(steps) if "**" in step), len(steps) - 1)
            roots = ["/"]
            for step in steps[:deep]:
                roots = [found for root in roots for found in self._folders(root, step)]
            roots.sort(key=lambda root: (os.path.realpath(root) != root, root))
            rest = "/".join(steps[deep:])
            for root, name in self._below(roots) if "**" in rest else self._in(roots):
                if matches(os.path.relpath(name, root), (rest,)):
                    yield name

    def _folders(self, root: str, step: str) -> list[str]:
        """The folders in ``root`` whose name matches one step of the glob."""
        plain = f"{root.rstrip('/')}/{step}"
        if Path(plain).is_dir():
            return [plain]
        if not has_magic(step):
            return []
        folders: list[str] = []
        for _ in self._entries(root, folders):
            pass
        return [name for name in sorted(folders) if matches(name.rpartition("/")[2], (step,))]

    def _in(self, roots: list[str]) -> Iterator[tuple[str, str]]:
        """The files in the folders, each with its folder."""
        return ((root, name) for root in roots if self._is_new(root) for name in self._entries(root, []))

    def _below(self, roots: list[str]) -> Iterator[tuple[str, str]]:
        """All files below the folders, each with its root; what lies behind a link comes after what is in place."""
        waiting = deque((root, root) for root in roots)
        linked: deque[tuple[str, str]] = deque()
        while waiting or linked:
            root, folder = waiting.popleft() if waiting else linked.popleft()
            if self._is_new(folder):
                folders: list[str] = []
                yield from ((root, name) for name in self._entries(folder, folders))
                for name in sorted(folders):
                    (linked if Path(name).is_symlink() else waiting).append((root, name))

    def _is_new(self, folder: str) -> bool:
        about = Path(folder).stat()
        seen = (about.st_dev, about.st_ino) in self._seen
        self._seen.add((about.st_dev, about.st_ino))
        return not seen

    def _entries(self, folder: str, folders: list[str]) -> Iterator[str]:
        """The files in a folder, as the disk has them; the folders in it are put into ``folders``."""
        try:
            found = os.scandir(folder)
        except OSError as error:
            self.left_out.append(f"{printable(folder)} ({error.strerror})")
            return
        to_nothing = []
        with found:
            for entry in found:
                if entry.is_dir():
                    folders.append(entry.path)
                elif entry.is_file():
                    yield entry.path
                elif entry.is_symlink():
                    to_nothing.append(f"{printable(entry.path)} (a link to nothing)")
        self.left_out += sorted(to_nothing)


def called(path: str) -> str:
    """What a file is called that lies at ``path``: its path, or ``file:…`` where that isn't UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return _ADDRESS + quote(os.fsencode(path))
    return path


def located(name: str) -> Path:
    """Where a file lies that is ``called`` so."""
    return Path(os.fsdecode(unquote_to_bytes(name.removeprefix(_ADDRESS))) if name.startswith(_ADDRESS) else name)


def printable(path: str) -> str:
    """A path as it can be shown: bytes that are no UTF-8 as ``\\xe9``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
