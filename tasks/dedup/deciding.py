"""The rounds that settle the pairs that hold: who goes, by the parts that the documents lie in."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from smelt.recipe.dedup import Levels
from smelt.stage import Context, Part, Shard
from tasks.dedup import exchange, settling
from tasks.dedup.levels import deciding, holds, part_names
from tasks.dedup.records import DECISION

PAIRS, DECISIONS, COPIES, GONE_BITS = ".pairs", ".decisions", ".copies", ".gone"
SETTLED = 1 << 20
"""Decisions that are written together."""


def settled_shards(context: Context) -> list[Shard]:
    """One: what is settled is the order of all documents."""
    return [Shard("all")]


def settled(context: Context, shard: Shard) -> Part:
    """Which documents go, by the parts they lie in, and how often one that stays is gone for."""
    state = _nothing_settled(context)
    made = write_settled(context, "settled", shard, deciding(context), state)
    return replace(made, files={**made.files, GONE_BITS: state.gone.tobytes()}) if context.config.against else made


def write_settled(
    context: Context,
    round_name: str,
    shard: Shard,
    levels: tuple[Levels, ...],
    state: settling.Settled | None = None,
) -> Part:
    """Decisions by some levels, as files of this round: of what goes by the part of the document, and rows of those
    that stay by theirs, where they are not of an earlier day."""
    files: dict[str, bytes | Path] = {}
    parts, total, earlier = len(part_names(context)), 0, 0
    for number, gone in enumerate(_going(context, levels, state or _nothing_settled(context))):
        stays = gone[gone["better_part"] < parts]
        content = {
            DECISIONS: (settling.decisions(gone), gone["part"]),
            COPIES: (stays["better_row"].astype(np.uint32), stays["better_part"]),
        }
        for ending, (records, part) in content.items():
            suffix = f".{number:05d}{ending}"
            file = context.scratch / f"{round_name}-{shard.name}{suffix}"
            key = context.artifact.key(round_name, shard.name, suffix)
            file.write_bytes(exchange.pack(records, part.astype(np.int64), parts, key=key))
            files[suffix] = file
        total += len(gone)
        earlier += len(gone) - len(stays)
    return Part(files, rows=total, stats={"gone_for_earlier_days": earlier} if earlier else {})


def read_settled(
    context: Context, part: str, suffix: str, dtype: np.dtype, *, round_name: str = "settled", shard: str = "all"
) -> np.ndarray:
    """What was settled of a part's documents."""
    parts, written = part_names(context), context.artifact.record(context.lake, round_name, shard).files
    keys = [context.artifact.key(round_name, shard, name) for name in sorted(written) if name.endswith(suffix)]
    found = exchange.unpack(context.lake, context.artifact, keys, parts.index(part), len(parts), dtype)
    return np.concatenate([np.zeros(0, dtype), *found])


def gone_rows(context: Context, part: str, *, round_name: str = "settled", shard: str = "all") -> np.ndarray:
    """The rows of a part's documents that go, int64."""
    return read_settled(context, part, DECISIONS, DECISION, round_name=round_name, shard=shard)["row"].astype(np.int64)


def _nothing_settled(context: Context) -> settling.Settled:
    return settling.Settled([part.rows for part in context.inputs["clean"].parts])


def _going(context: Context, levels: tuple[Levels, ...], state: settling.Settled) -> Iterator[np.ndarray]:
    """The pairs (PAIR) by which documents go, about ``SETTLED`` at a time."""
    runs = [
        settling.Run(context.artifact.key(name, record.name, PAIRS), record.rows)
        for name in ("buckets", "verified")
        for record in context.records(name).values()
    ]
    waiting: list[np.ndarray] = []
    for pairs in settling.merged(context.lake, context.artifact, runs):
        pairs = pairs[holds(pairs, levels)]
        waiting.append(pairs[state.decide(pairs)])
        if sum(map(len, waiting)) >= SETTLED:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)
