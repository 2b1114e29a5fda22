"""The earlier days that a day of a corpus is compared with: of their index each worker reads its own range, and holds
what shares a key with a document of the day. No text of theirs is read.

That equals comparing all days at once where the first document stays: a bucket pairs its documents with the best ones
alone, so the best ones of each day are all that later days can meet in it, and earlier days' stand first.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from smelt import stage
from smelt.engine.gather import there
from smelt.lake import Artifact
from smelt.plan import BEFORE, days_of
from smelt.stage import Context, Part, Shard
from tasks import documents
from tasks.dedup import exchange, ranking
from tasks.dedup.levels import part_names
from tasks.dedup.ranges import intervals_met
from tasks.dedup.records import ENTRY, GONE, SIGNATURE
from tasks.dedup.verifying import chosen

DAYS, ENTRIES, TEXTS = ".json", ".entries", ".texts"
EACH = 32
"""Ranges that an object of the index holds, each of which can be read alone."""
_AT_ONCE = 4


@dataclass(frozen=True)
class Earlier:
    """An earlier day: its artifact, in how many objects its keys, and its texts' descriptions, lie, and their bytes."""

    date: str
    fingerprint: str
    entries: int
    texts: int
    bytes: int


def before_shards(context: Context) -> list[Shard]:
    """One, where there are earlier days."""
    return [Shard("all")] if days_of(context.external, BEFORE) else []


def before(context: Context, shard: Shard) -> Part:
    """The earlier days, in order, so that no worker reads their manifests."""
    found = []
    for date, fingerprint in days_of(context.external, BEFORE).items():
        made = there(context.lake, "dedup", fingerprint).stats["index"]
        objects = made["entries_objects"], made.get("texts_objects", 0)
        found.append(asdict(Earlier(date, fingerprint, *objects, made["bytes"])))
    return Part({DAYS: json.dumps(found).encode()}, rows=len(found))


def earlier_days(context: Context) -> list[Earlier]:
    """The days that this one is compared with, in order."""
    if not before_shards(context):
        return []
    return [Earlier(**found) for found in json.loads(context.get("before", "all", DAYS))]


def small(context: Context) -> bool:
    """Whether all that is read of the day and of the earlier ones is little."""
    return stage.small(context) and sum(day.bytes for day in earlier_days(context)) <= stage.SMALL_BYTES


def takes_part(context: Context, table: pa.Table) -> np.ndarray:
    """Which documents are compared (bool, N): all that are kept so far; where there are earlier days, those of crawls,
    since what is no crawl's is the first day's. Needs ``kept`` and ``source``."""
    kept: np.ndarray = table[documents.KEPT].to_numpy()
    if not before_shards(context):
        return kept
    sources = context.inputs["ingest"].config["sources"]
    crawls = pa.array([source["name"] for source in sources if source["kind"] == "crawl"], pa.string())
    return kept & pc.is_in(table["source"], value_set=crawls).to_numpy()


def entries_before(context: Context, keys: np.ndarray, place: int, ranges: int) -> np.ndarray:
    """The documents of earlier days that share a key: SIGNATURE records, better than any of the day's own.

    Their part is that behind the day's own which stands for their day, and their row their number in it, with ``GONE``
    where they went.

    Args:
        keys: all keys of a range.
        place, ranges: number of the range, and of all.
    """
    wanted, days, parts = np.unique(keys), earlier_days(context), len(part_names(context))

    def met(found: np.ndarray, number: int) -> np.ndarray:
        at = np.searchsorted(wanted, found["key"])
        found = found[wanted[np.minimum(at, len(wanted) - 1)] == found["key"]]
        records = np.zeros(len(found), SIGNATURE)
        for name in ("key", "text", "id", "source"):
            records[name] = found[name]
        records["row"], records["part"] = found["number"], parts + number
        records["rank"] = ranking.before(len(days) - number, found["number"] & ~GONE)
        return records

    if not len(wanted):
        return np.zeros(0, SIGNATURE)
    counts = [day.entries for day in days]
    return np.concatenate([np.zeros(0, SIGNATURE), *_read(context, days, counts, ENTRIES, ENTRY, place, ranges, met)])


def of_the_day(pairs: np.ndarray, parts: int) -> np.ndarray:
    """Which pairs (PAIR or CANDIDATE) are of a document of the day, for one that is not known to be gone (bool, N)."""
    gone = (pairs["better_part"] >= parts) & (pairs["better_row"] & GONE != 0)
    return (pairs["part"] < parts) & ~gone


def texts_before(context: Context, texts: np.ndarray, place: int, ranges: int) -> np.ndarray:
    """What some texts of earlier days are verified by, as it travels (uint32).

    Args:
        texts: their hashes, of one range.
        place, ranges: number of the range, and of all.
    """
    wanted, days, values = np.unique(texts), earlier_days(context), np.dtype(np.uint32)
    if not len(wanted):
        return np.zeros(0, values)
    counts = [day.texts for day in days]
    met = _read(context, days, counts, TEXTS, values, place, ranges, lambda found, number: chosen(found, wanted))
    return np.concatenate([np.zeros(0, values), *met])


def _read(
    context: Context,
    days: list[Earlier],
    counts: list[int],
    suffix: str,
    dtype: np.dtype,
    place: int,
    ranges: int,
    met: Callable[[np.ndarray, int], np.ndarray],
) -> list[np.ndarray]:
    """What ``met`` takes of the index of each day, of a range: a few objects are held at a time."""

    def take(number: int, name: str, groups: range) -> np.ndarray:
        artifact = Artifact("dedup", days[number].fingerprint)
        keys = [artifact.key("index", name, suffix)]
        [found] = exchange.unpack(context.lake, artifact, keys, groups[0], EACH, dtype, groups=len(groups))
        return met(found, number)

    pieces = [
        (number, f"{suffix[1:]}-{shard:05d}", range(max(own[0] - first, 0), min(own[-1] + 1 - first, EACH)))
        for number, count in enumerate(counts)
        for own in [intervals_met(place, ranges, count * EACH)]
        for shard in range(own[0] // EACH, own[-1] // EACH + 1)
        for first in [shard * EACH]
    ]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(lambda piece: take(*piece), pieces))
