"""The rounds that a phase in the order ``in_context`` has before its blocks are ordered.

Round ``counts`` counts in some parts in how many documents a token is. Round ``draw`` takes the phase's documents and
their pools; ``vectors`` makes, part by part, the vectors of those that were drawn; ``paths`` gathers those of a pool
and lays the path through it. What a worker holds of them is bounded by a part or a pool.
"""

import json
from functools import lru_cache

import numpy as np

from smelt.lake import Artifact, Lake, held
from smelt.recipe.mixture import BlocksConfig
from smelt.stage import Context, Part, Round, Shard, small
from tasks.blocks.context import pools, vectors
from tasks.blocks.context.path import path, similarity
from tasks.blocks.gather import whole_documents
from tasks.blocks.mixing import Pieces, Stream
from tasks.blocks.phases import SLICE, phase_shards, stream_of, tokens_dtype
from tasks.dedup import exchange

COUNTED = 64
"""Parts that tokens are counted in at most."""
_DRAWN = np.dtype(
    [
        ("id", "<u8"),
        ("document", "<i8"),
        ("length", "<i8"),
        ("checksum", "<u8"),
        ("part", "<u4"),
        ("pool", "<u4"),
        ("place", "<i8"),
    ]
)
"""A drawn document: where its tokens lie, its checksum, its pool, and its place in the stream."""
_VECTOR = np.dtype([("place", "<i8"), ("vector", "i1", (vectors.DIMENSIONS,))])


def in_context(context: Context, shard: Shard, stream: Stream) -> Pieces:
    """A phase's documents as contexts of neighbours, from the paths that the rounds have laid."""
    config: BlocksConfig = context.config
    pool, count = pools.pools(stream)
    names = _pool_names(shard, count)
    paths = [np.frombuffer(context.get("paths", name, ".path"), "<i8") for name in names]
    length = config.phases[shard.payload].sequence_length
    return pools.arranged(stream, paths, pool, length, config.seed)


def _phases(context: Context) -> list[Shard]:
    """One shard a phase in this order."""
    config: BlocksConfig = context.config
    return [shard for shard in phase_shards(context) if config.phases[shard.payload].order.by == "in_context"]


def _counted(context: Context) -> list[Shard]:
    """Some parts of the tokens, evenly spread."""
    parts = context.inputs["tokens"].parts if _phases(context) else ()
    chosen = np.unique(np.linspace(0, len(parts) - 1, min(COUNTED, len(parts))).astype(np.int64))
    return [Shard(parts[number].name) for number in chosen.tolist()]


def _count(context: Context, shard: Shard) -> Part:
    """In how many documents of a part each token is."""
    tokens = context.inputs["tokens"]
    table = held.open_parquet(context.lake, tokens, shard.name, ".docs.parquet").read(["tokens"])
    target = context.scratch / f"counts-{shard.name}.bin"
    held.fetch(context.lake, tokens, shard.name, ".bin", target)
    content = np.fromfile(target, tokens_dtype(context))
    target.unlink()
    found = vectors.frequencies(content, np.cumsum(table["tokens"].to_numpy()))
    return Part({".counts": found.astype("<i8").tobytes()}, rows=len(table))


def _draw(context: Context, shard: Shard) -> Part:
    """A phase's documents, by the part that they lie in."""
    catalog, _, stream = stream_of(context, shard.payload)
    drawn = np.zeros(len(stream.documents), _DRAWN)
    drawn["id"], drawn["part"] = catalog.ids[stream.documents], catalog.parts[stream.documents]
    drawn["document"], drawn["length"] = catalog.offsets[stream.documents], catalog.tokens[stream.documents]
    drawn["checksum"], drawn["place"] = catalog.checksums[stream.documents], np.arange(len(drawn))
    drawn["pool"], count = pools.pools(stream)
    key = context.artifact.key("draw", shard.name, ".drawn")
    content = exchange.pack(drawn, drawn["part"], len(context.inputs["tokens"].parts), key=key)
    return Part({".drawn": content, ".figures.json": json.dumps({"pools": count}).encode()}, rows=len(drawn))


def _vector_shards(context: Context) -> list[Shard]:
    """One shard a phase and part of the tokens."""
    parts = context.inputs["tokens"].parts
    return [
        Shard(f"{phase.name}-{part.name}", (phase.name, number))
        for phase in _phases(context)
        for number, part in enumerate(parts)
    ]


def _vectors(context: Context, shard: Shard) -> Part:
    """The vectors of a part's drawn documents, by pool."""
    phase, number = shard.payload
    tokens = context.inputs["tokens"]
    keys = [context.artifact.key("draw", phase, ".drawn")]
    (drawn,) = exchange.unpack(context.lake, context.artifact, keys, number, len(tokens.parts), _DRAWN)
    _, rows, document = np.unique(drawn["document"], return_index=True, return_inverse=True)
    slices = np.zeros(len(rows), SLICE)
    for name in ("id", "part", "document", "length", "checksum"):
        slices[name] = drawn[name][rows]
    made = np.zeros((len(rows), vectors.DIMENSIONS), np.int8)
    found, documents = _frequencies(context.lake, context.artifact, tuple(one.name for one in _counted(context)))
    dtype, target = tokens_dtype(context), context.scratch / f"drawn-{shard.name}.bin"
    for batch, ids, ends in whole_documents(context.lake, tokens, slices, dtype, target):
        made[batch] = vectors.vectors(ids, ends, found, documents)
    placed = np.zeros(len(drawn), _VECTOR)
    placed["place"], placed["vector"] = drawn["place"], made[document]
    key = context.artifact.key("vectors", shard.name, ".vectors")
    content = exchange.pack(placed, drawn["pool"].astype(np.int64), _num_pools(context, phase), key=key)
    return Part({".vectors": content}, rows=len(placed))


def _path_shards(context: Context) -> list[Shard]:
    """One shard a phase and pool."""
    return [
        Shard(name, (phase, number))
        for phase in _phases(context)
        for number, name in enumerate(_pool_names(phase, _num_pools(context, phase.name)))
    ]


def _path(context: Context, shard: Shard) -> Part:
    """The places in the stream of a pool's documents, in the order of the path; and how alike neighbours are on it,
    and were as they were drawn."""
    config: BlocksConfig = context.config
    phase, number = shard.payload
    parts = context.inputs["tokens"].parts
    keys = [context.artifact.key("vectors", f"{phase.name}-{part.name}", ".vectors") for part in parts]
    count = _num_pools(context, phase.name)
    placed = np.concatenate(exchange.unpack(context.lake, context.artifact, keys, number, count, _VECTOR))
    placed = placed[np.argsort(placed["place"])]
    own = np.ascontiguousarray(placed["vector"])
    order = path(own)
    alike = {"similarity": similarity(own[order]), "shuffled": similarity(own)}
    figures = {name: round(total / vectors.LENGTH**2, 3) for name, total in alike.items()}
    stats = {"neighbours": {config.phases[phase.payload].name: {"pairs": len(own) - 1, **figures}}}
    return Part({".path": placed["place"][order].tobytes()}, rows=len(own), stats=stats)


@lru_cache(maxsize=1)  # a worker makes vectors of many parts
def _frequencies(lake: Lake, artifact: Artifact, parts: tuple[str, ...]) -> tuple[np.ndarray, int]:
    """In how many documents of the counted parts each token is, and how many documents those are."""
    records = [artifact.record(lake, "counts", part) for part in parts]
    counts = [np.frombuffer(held.read(lake, artifact, record, ".counts"), "<i8") for record in records]
    total = np.zeros(max(map(len, counts)), np.int64)
    for found in counts:
        total[: len(found)] += found
    return total, sum(record.rows for record in records)


def _num_pools(context: Context, phase: str) -> int:
    return int(json.loads(context.get("draw", phase, ".figures.json"))["pools"])


def _pool_names(phase: Shard, count: int) -> list[str]:
    return [f"{phase.name}-{number:05d}" for number in range(count)]


ROUNDS = (
    Round("counts", _counted, _count, in_driver=small),
    Round("draw", _phases, _draw, in_driver=small),
    Round("vectors", _vector_shards, _vectors, in_driver=small),
    Round("paths", _path_shards, _path, in_driver=small),
)
