"""The index of a day: what later days are compared with in the place of its documents.

``stays`` describes the documents of a part that stay, as they are verified; ``index`` gathers the day's keys, and the
descriptions, by ranges of hashes. Where one went is said at its keys: it still stands in its buckets, as it would were
the days compared at once, and nothing goes for it.
"""

import numpy as np

from smelt.recipe.dedup import DedupConfig
from smelt.stage import Context, Part, Shard, parts_as_shards
from tasks import documents
from tasks.dedup import exchange, minhash
from tasks.dedup.buckets import met_first
from tasks.dedup.deciding import GONE_BITS, gone_rows
from tasks.dedup.earlier import EACH, ENTRIES, TEXTS, takes_part
from tasks.dedup.levels import groups, part_names, proposing
from tasks.dedup.ranges import interval, num_ranges, num_text_ranges
from tasks.dedup.records import ENTRY, GONE, SIGNATURE
from tasks.dedup.settling import first_numbers
from tasks.dedup.verifying import each_once, packed

KEYS = ".keys"
_VALUES = np.dtype(np.uint32)


def stay_shards(context: Context) -> list[Shard]:
    """The parts, where later days look for near-duplicates."""
    return parts_as_shards("clean")(context) if context.config.against and num_text_ranges(context) else []


def stays(context: Context, shard: Shard) -> Part:
    """What the documents of a part that stay are verified by, by ranges of their texts."""
    config: DedupConfig = context.config
    assert config.minhash is not None
    columns = ["text", "source", documents.KEPT, *(["lang", "domain"] if config.groups else [])]
    near = np.array([level.near for level in proposing(config)])
    gone, sent, first = gone_rows(context, shard.name), list[np.ndarray](), 0
    for table in documents.batches(context.lake, context.inputs, shard.name, columns):
        stay = takes_part(context, table) & near[groups(table, config)]
        stay[gone[(gone >= first) & (gone < first + len(table))] - first] = False
        own = table["text"].take(np.flatnonzero(stay))
        sent += packed(minhash.described(own, config.minhash, as_sets=config.verify != "signature"))
        first += len(table)
    ranges = num_text_ranges(context)
    content = _by_range(sent, range(ranges), ranges, key=context.artifact.key("stays", shard.name, TEXTS))
    return Part({TEXTS: content}, rows=len(sent))


def index_shards(context: Context) -> list[Shard]:
    """One a range of keys, and one a range of texts."""
    if not context.config.against:
        return []
    numbers = {ENTRIES: num_ranges(context), TEXTS: num_text_ranges(context)}
    return [
        Shard(f"{suffix[1:]}-{number:05d}", (suffix, number))
        for suffix, count in numbers.items()
        for number in range(count)
    ]


def index(context: Context, shard: Shard) -> Part:
    """The index of one range, of keys or of texts."""
    suffix, place = shard.payload
    content, rows = (_entries if suffix == ENTRIES else _texts)(context, shard, place)
    counted = {suffix[1:]: rows, f"{suffix[1:]}_objects": 1, "bytes": len(content)}
    return Part({suffix: content}, rows=rows, stats={"index": counted})


def _entries(context: Context, shard: Shard, place: int) -> tuple[bytes, int]:
    """Keys of a range, each with the best documents that have it, and how many these are."""
    ranges = num_ranges(context)
    keys = [context.artifact.key("signatures", name, KEYS) for name in part_names(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, place, ranges, SIGNATURE)
    records = met_first(np.concatenate([np.zeros(0, SIGNATURE), *found]))
    numbers = first_numbers([part.rows for part in context.inputs["clean"].parts])[records["part"]] + records["row"]
    bits = np.frombuffer(context.get("settled", "all", GONE_BITS), np.uint8)
    gone = bits[numbers >> 3] >> (numbers & 7).astype(np.uint8) & np.uint8(1)
    entries = np.zeros(len(records), ENTRY)
    for name in ("key", "text", "id", "source"):
        entries[name] = records[name]
    entries["number"] = numbers | gone * np.int64(GONE)
    groups = interval(entries["key"], ranges * EACH) - place * EACH
    return exchange.pack(entries, groups, EACH, key=context.artifact.key("index", shard.name, ENTRIES)), len(entries)


def _texts(context: Context, shard: Shard, place: int) -> tuple[bytes, int]:
    """What the texts of a range are verified by, each once, and how many they are."""
    ranges = num_text_ranges(context)
    keys = [context.artifact.key("stays", name, TEXTS) for name in part_names(context)]
    found = exchange.unpack(context.lake, context.artifact, keys, place, ranges, _VALUES)
    texts = each_once(np.concatenate([np.zeros(0, _VALUES), *found]))
    groups = range(place * EACH, (place + 1) * EACH)
    key = context.artifact.key("index", shard.name, TEXTS)
    return _by_range(texts, groups, ranges * EACH, key=key), len(texts)


def _by_range(texts: list[np.ndarray], groups: range, ranges: int, *, key: str) -> bytes:
    """Texts as they travel, as an object of groups: these of so many ranges of their hashes."""
    hashes = np.array([text[:2] for text in texts], _VALUES).reshape(-1).view(np.uint64)
    to = interval(hashes, ranges) - groups[0]
    order = np.argsort(to, kind="stable")
    counts = np.bincount(to, weights=[len(text) for text in texts], minlength=len(groups)).astype(np.int64)
    return exchange.pack_sorted(np.concatenate([np.zeros(0, _VALUES), *(texts[n] for n in order)]), counts, key=key)
