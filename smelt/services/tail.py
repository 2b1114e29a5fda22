"""The last lines of logs, and those to come."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

TAIL_BYTES = 200_000


def tail(files: Mapping[str, Path], num_lines: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    """(name, line) of the last lines of each file, then, with ``follow``, of what is appended; forever."""
    positions: dict[str, int] = {}
    for name, file in files.items():
        size = file.stat().st_size
        with file.open("rb") as log:
            log.seek(max(0, size - TAIL_BYTES))
            content = log.read()
            positions[name] = log.tell()
        for line in content.decode(errors="replace").splitlines()[-num_lines:]:
            yield name, line
    while follow:
        time.sleep(0.3)
        for name, file in files.items():
            if file.stat().st_size < positions[name]:  # begun anew
                positions[name] = 0
            with file.open("rb") as log:
                log.seek(positions[name])
                content = log.read()
            whole = content[: content.rfind(b"\n") + 1]
            positions[name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                yield name, line
