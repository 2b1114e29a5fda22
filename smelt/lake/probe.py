"""Whether a store keeps the promise that commits stand on: of several who write one new object, one succeeds.

That is S3's conditional put (``If-None-Match: *``). A store that ignores the header answers 200 to all of them, and
two drivers could then commit over each other without a word. Documentation does not tell; asking does.
"""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

from smelt.errors import LakeError
from smelt.lake.store import Lake

PROBES = "probes/"
"""Prefix in the lake of what is written for a probe, and of what a store that has passed leaves."""
RACERS = 8
ROUNDS = 3
_kept: set[tuple[str, str]] = set()
"""Endpoints and buckets that have kept the promise to this process."""


def require_conditional_writes(lake: Lake) -> None:
    """Let several racers write one new object at the same moment, a few times over.

    Raises:
        LakeError: the store let several of them, or none, succeed; or another's object lies there than the winner's.
    """
    for _ in range(ROUNDS):
        key = f"{PROBES}{uuid.uuid4().hex}"
        start = threading.Barrier(RACERS)

        def race(number: int, key: str = key, start: threading.Barrier = start) -> bool:
            start.wait()
            return lake.put_new(key, str(number).encode())

        with ThreadPoolExecutor(RACERS) as threads:
            won = [number for number, wrote in enumerate(threads.map(race, range(RACERS))) if wrote]
        lies = lake.get(key)
        lake.delete([key])
        if len(won) != 1 or lies != str(won[0]).encode():
            raise LakeError(
                f"this object store let {len(won)} of {RACERS} writers make the same new object (If-None-Match: *)",
                where=lake.url,
                mend="commits stand on one: use a store that honours conditional writes",
            )


def require_once(lake: Lake) -> None:
    """``require_conditional_writes`` before the first run in a lake at this endpoint; later ones find that it was done.

    A process asks each bucket once, of whatever lakes.

    Raises:
        LakeError: as that does.
    """
    passed = f"{PROBES}passed.json"
    endpoint = lake.settings.endpoint or "AWS"
    if (endpoint, lake.bucket) in _kept:
        return
    known = lake.find_json(passed) or {}
    if known.get("endpoint") != endpoint:
        require_conditional_writes(lake)
        lake.put_json(passed, {"endpoint": endpoint})
    _kept.add((endpoint, lake.bucket))
