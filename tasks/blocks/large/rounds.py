"""The rounds that order more documents than one process should hold.

Round ``turns`` counts, part by part, the tokens of each cell in each bin of turns; ``bounds`` adds the counts up and
says in which bins phases may end; ``near`` fetches the uses in these; ``ends`` says where phases end and cuts their
streams into ranges; ``drawn`` sends what the made phases read to these ranges. Round ``order`` of the stage puts each
range in order and cuts it into slices. The blocks are those that ``mixing`` makes of all documents at once. What a
worker holds is bounded by a part, a range, or the uses in a few bins.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from smelt.lake import Manifest
from smelt.recipe.blocks import block_tokens, phase_tokens
from smelt.recipe.mixture import BlocksConfig
from smelt.stage import Context, Part, Round, Shard, parts_as_shards
from tasks.blocks import catalog
from tasks.blocks.figures import figures, names
from tasks.blocks.large import drawn, ended, uses
from tasks.blocks.large.bounds import bounds
from tasks.blocks.large.counts import Counts, count, together
from tasks.blocks.large.ends import NEAR, ends
from tasks.blocks.large.near import near
from tasks.blocks.phases import phase_shards
from tasks.blocks.slices import cut_range
from tasks.dedup import exchange

_T = TypeVar("_T")
LARGE = 1 << 24
"""Documents that are ordered in one process: with more of them, parts and ranges are."""
_AT_ONCE = 8
"""Objects of parts that are read at the same time."""


def large(config: BlocksConfig, tokens: Manifest) -> bool:
    """Whether the order is made by these rounds."""
    plain = all(phase.order.by == "shuffle" and phase.packing == "concatenate" for phase in config.phases)
    bounded = config.reuse.quality is None and config.when_short != "repeat"
    return plain and bounded and sum(part.rows for part in tokens.parts) > LARGE


def order_shards(context: Context) -> list[Shard]:
    """One shard a phase, for its figures, and one for each range of its stream."""
    known = ended.read(context.lake, context.artifact)
    return [
        one
        for shard in phase_shards(context)
        for one in (
            shard,
            *(
                Shard(ended.range_name(shard.name, number), (shard.payload, number))
                for number in range(len(known.ends[shard.payload].ranges))
            ),
        )
    ]


def range_slices(context: Context, of_phase: str, number: int, place: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """A range in order.

    Args:
        of_phase: the shard of the phase.
        number: the phase's.
        place: the range's number in the phase.

    Returns:
        Its slices (SLICE) in the order of the stream, the number of each one's block, the first block that it may have
        slices of, and how many these are.
    """
    config: BlocksConfig = context.config
    end, parts = ended.read(context.lake, context.artifact).ends[number], context.inputs["tokens"].parts
    keys = [context.artifact.key("drawn", part.name, f".{of_phase}.drawn") for part in parts]
    found = exchange.unpack(context.lake, context.artifact, keys, place, len(end.ranges), drawn.DRAWN)
    own, start = drawn.in_range(np.concatenate(found), end, place)
    total, block = phase_tokens(config.phases[number]), block_tokens(config.phases[number], config)
    first, last = ended.blocks(end, total, block)[place].tolist()
    return *cut_range(own, start, total, block), first, last - first + 1


def phase_figures(context: Context, shard: Shard) -> Part:
    """A phase's names and figures."""
    known = ended.read(context.lake, context.artifact)
    end = known.ends[shard.payload]

    def fetch(part: str) -> list[list[int]]:
        found: list[list[int]] = json.loads(context.get("drawn", part, f".{shard.name}.used.json"))
        return found

    used = np.zeros((len(end.asked), 0), np.int64)
    for one in map(np.array, _of_parts(context, fetch)):
        width = max(used.shape[1], one.shape[1])
        used, one = (np.pad(own, ((0, 0), (0, width - own.shape[1]))) for own in (used, one))
        used = used + one
    stats = {"mixture": {context.config.phases[shard.payload].name: figures(end.asked, end.got, used)}}
    return Part({".names.json": names(known.labels, end.asked)}, rows=0, stats=stats)


def _parts(context: Context) -> list[Shard]:
    """One shard a part of the tokens."""
    if not large(context.config, context.inputs["tokens"]):
        return []
    return [replace(shard, payload=number) for number, shard in enumerate(parts_as_shards("tokens")(context))]


def _all(context: Context) -> list[Shard]:
    """One shard for all parts."""
    return [Shard(ended.ALL)] if large(context.config, context.inputs["tokens"]) else []


def _documents(context: Context, shard: Shard) -> uses.Documents:
    found = catalog.read(context.lake, context.inputs, context.config.groups, part=shard.payload)
    return uses.documents_of(found, context.config)


def _turns(context: Context, shard: Shard) -> Part:
    """What is counted of a part's documents."""
    documents = _documents(context, shard)
    return Part(count(documents, context.config).files(), rows=len(documents.cell))


def _bounds(context: Context, shard: Shard) -> Part:
    """All counts, and in which bins phases may end."""

    def fetch(part: str) -> Counts:
        return Counts.read(context.get("turns", part, ".counts"), context.get("turns", part, ".cells.json"))

    counts = together(_of_parts(context, fetch))
    within = json.dumps(bounds(counts, context.config), ensure_ascii=False).encode()
    return Part({**counts.files(), ".bounds.json": within}, rows=int(counts.facts["documents"].sum()))


def _near(context: Context, shard: Shard) -> Part:
    """The uses of a part in these bins."""
    documents = _documents(context, shard)
    found = near(documents, json.loads(context.get("bounds", ended.ALL, ".bounds.json")), context.config)
    cells = json.dumps(documents.cells, ensure_ascii=False).encode()
    return Part({".near": found.tobytes(), ".cells.json": cells}, rows=len(found))


def _ends(context: Context, shard: Shard) -> Part:
    """Where phases end, and the ranges of those that are made."""
    config: BlocksConfig = context.config
    counts = Counts.read(*(context.get("bounds", ended.ALL, suffix) for suffix in (".counts", ".cells.json")))
    number = {cell: place for place, cell in enumerate(counts.cells)}

    def fetch(part: str) -> np.ndarray:
        found = np.frombuffer(context.get("near", part, ".near"), NEAR).copy()
        cells = [number[tuple(cell)] for cell in json.loads(context.get("near", part, ".cells.json"))]
        found["cell"] = np.array(cells, np.int64)[found["cell"]]
        return found

    near = np.concatenate(list(_of_parts(context, fetch)))
    within = json.loads(context.get("bounds", ended.ALL, ".bounds.json"))
    known = ended.Ended(ends(counts, near, within, config), counts.names)
    return Part(known.files(config.first_phase), rows=len(near))


def _drawn(context: Context, shard: Shard) -> Part:
    """What phases read of a part, by range."""
    known, files, rows = ended.read(context.lake, context.artifact), dict[str, Any](), 0
    documents = _documents(context, shard)
    for phase in phase_shards(context):
        found = drawn.read(documents, known.ends, phase.payload, known.labels, context.config)
        suffix = f".{phase.name}.drawn"
        key, count = context.artifact.key("drawn", shard.name, suffix), len(known.ends[phase.payload].ranges)
        files[suffix] = exchange.pack(found.drawn, found.ranges, count, key=key)
        files[f".{phase.name}.used.json"] = json.dumps(found.used.tolist()).encode()
        rows += len(found.drawn)
    return Part(files, rows=rows)


def _of_parts(context: Context, fetch: Callable[[str], _T]) -> Iterator[_T]:
    """What is read of each part of the tokens, a few at a time."""
    names = [part.name for part in context.inputs["tokens"].parts]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for first in range(0, len(names), _AT_ONCE):
            yield from threads.map(fetch, names[first : first + _AT_ONCE])


ROUNDS = (
    Round("turns", _parts, _turns),
    Round("bounds", _all, _bounds),
    Round("near", _parts, _near),
    Round("ends", _all, _ends),
    Round("drawn", _parts, _drawn),
)
